#include "gateway/authenticate/authenticate.h"

#include "base/text.h"

namespace naru::gateway {
namespace {

constexpr std::size_t kMaxKeyBytes = 512;
constexpr std::string_view kBearer = "bearer ";

constexpr std::string_view kNoKey =
    "no API key was sent; send one as `Authorization: Bearer KEY` or `x-api-key: KEY` (make one "
    "with `naru keys create`)";

/// What is wrong with a key at this time, or nothing.
std::string_view why_dead(const store::KeyRow& key, WallTime now) {
  if (key.revoked) return "has been revoked";
  if (key.expires && *key.expires <= now) return "has expired";
  return {};
}

Fault refused(Exchange& exchange, std::string_view reason, std::string detail) {
  exchange.services.metrics.refused(reason);
  return {.kind = FaultKind::Unauthenticated, .detail = std::move(detail)};
}

/// Takes one of the key's requests. Where it has none left there is no principal: whoever floods
/// naru is counted, and neither read further nor recorded.
Result<void> count_request(Exchange& exchange, const store::KeyRow& key) {
  const Limiter::Answer answer =
      exchange.services.limiter.take_request(key.id, key.limits, exchange.now());
  exchange.rate_limits = answer.left;
  if (!answer.over) return {};
  exchange.services.metrics.limited("requests");
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*answer.retry_after);
  return fail(Fault{
      .kind = FaultKind::RateLimited,
      .detail = fmt::format("the key '{}' has made its {} requests a minute; try again in {} ms",
                            key.name, *key.limits.requests_per_minute, wait.count()),
      .retry_after = wait});
}

}  // namespace

Result<std::string_view> presented_key(const net::HeadersView& headers) {
  for (const std::string_view name : {"authorization", "x-api-key", "api-key"}) {
    if (headers.count(name) > 1)
      return fail(FaultKind::Unauthenticated, "the header {} is there more than once", name);
    const auto value = headers.find(name);
    if (!value) continue;
    if (name != "authorization") return trim(*value);
    if (value->size() > kBearer.size() &&
        equals_ignoring_case(value->substr(0, kBearer.size()), kBearer))
      return trim(value->substr(kBearer.size()));
    return fail(FaultKind::Unauthenticated,
                "the header authorization is not of the form Bearer KEY");
  }
  return std::string_view{};
}

net::Task<Result<void>> authenticate(Exchange& exchange) {
  // A fault of theirs is told behind the key, so that it is on record.
  auto wishes = read_wishes(exchange.call.head().headers);
  if (wishes) exchange.wishes = *wishes;
  if (exchange.wishes.timeout)
    exchange.deadline = exchange.client_deadline = exchange.began + *exchange.wishes.timeout;
  auto presented = presented_key(exchange.call.head().headers);
  if (!presented) {
    co_return fail(refused(exchange, "malformed", presented.error().detail));
  }
  if (presented->empty()) co_return fail(refused(exchange, "missing", std::string(kNoKey)));
  if (presented->size() > kMaxKeyBytes)
    co_return fail(refused(exchange, "unknown", "the API key is not known here"));
  const security::KeyHash hash = exchange.services.hasher.hash(*presented);
  auto found = co_await exchange.services.store.find_key(exchange.loop(), hash, exchange.until());
  NARU_CO_TRY(const std::optional<store::KeyRow> key, std::move(found));
  if (!key) co_return fail(refused(exchange, "unknown", "the API key is not known here"));
  const std::string_view dead = why_dead(*key, exchange.services.clock.wall_now());
  if (!dead.empty())
    co_return fail(refused(exchange, "dead", fmt::format("the API key …{} {}", key->hint, dead)));
  NARU_CO_TRY_VOID(count_request(exchange, *key));
  exchange.principal = Principal{.key_id = key->id,
                                 .key_name = key->name,
                                 .models = key->models,
                                 .limits = key->limits,
                                 .priority = key->priority};
  NARU_CO_TRY_VOID(std::move(wishes));
  co_return Result<void>{};
}

}  // namespace naru::gateway
