#include "admin/api.h"

#include <array>

#include "admin/handlers.h"

namespace naru::admin {
namespace {

constexpr auto kUsageQuery =
    std::to_array<std::string_view>({"by", "from", "until", "key", "model"});
constexpr auto kExchangesQuery = std::to_array<std::string_view>({"limit"});

constexpr auto kCalls = std::to_array<Call>({
    {"GET", "/metrics", &metrics, "figures in the Prometheus text format", ""},
    {"GET", "/admin/v1/status", &status, "version, revision, problems of the last reload", ""},
    {"GET", "/admin/v1/keys", &list_keys, "all API keys, without their text", ""},
    {"POST", "/admin/v1/keys", &create_key, "makes a key; its text is in this answer only",
     "name; expires_in_s: seconds from now; models: names or patterns; requests_per_minute, "
     "tokens_per_minute, concurrency: none unless given; priority: critical, interactive (unless "
     "given) or batch; replace: revokes a live key of that name first"},
    {"PATCH", "/admin/v1/keys/*", &change_key,
     "changes limits and class of a live key, by name or id",
     "requests_per_minute, tokens_per_minute, concurrency: a number, or null for none; priority: "
     "critical, interactive or batch; what is not given stays"},
    {"DELETE", "/admin/v1/keys/*", &revoke_key, "revokes a key, by name or id", ""},
    {"GET", "/admin/v1/usage", &usage, "sums of exchanges and tokens",
     "by: key, model, day, separated by commas; from, until: YYYY-MM-DD (UTC, until is not "
     "included); key; model",
     kUsageQuery},
    {"GET", "/admin/v1/exchanges", &list_exchanges, "the latest exchanges",
     "limit: how many, 1 to 1000", kExchangesQuery},
    {"GET", "/admin/v1/exchanges/*", &one_exchange, "one exchange by its request id", ""},
    {"GET", "/admin/v1/models", &list_models, "models and their targets", ""},
    {"GET", "/admin/v1/upstreams", &list_upstreams, "provider accounts and how they do", ""},
    {"GET", "/admin/v1/deployments", &list_deployments, "engines and how they do", ""},
    {"POST", "/admin/v1/reload", &reload, "reads the resource documents again", ""},
    {"GET", "/admin/v1/upgrade", &upgrade_state,
     "the process that answers, the last upgrade, and processes before it that still end calls",
     ""},
    {"POST", "/admin/v1/upgrade", &upgrade,
     "has this process replaced by one of the binary that stands at its path now",
     "within_ms: how long that may take to be ready; named: of the binary that is named in the "
     "data "
     "directory"},
    {"POST", "/admin/v1/backup", &backup, "writes a consistent copy of the store",
     "path: a new file on the machine of naru"},
});

}  // namespace

std::span<const Call> calls() { return kCalls; }

std::string_view Request::argument(std::string_view name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace naru::admin
