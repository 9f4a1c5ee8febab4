#include <charconv>

#include "admin/dates.h"
#include "admin/handlers.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace naru::admin {
namespace {

constexpr std::int64_t kMostExchanges = 1'000;
constexpr std::int64_t kUsualExchanges = 50;

Result<void> read_grouping(std::string_view by, store::UsageQuery& query) {
  if (by.empty()) return {};
  for (const std::string_view part : split(by, ',')) {
    if (part == "key")
      query.by_key = true;
    else if (part == "model")
      query.by_model = true;
    else if (part == "day")
      query.by_day = true;
    else
      return fail(FaultKind::InvalidRequest, "by names '{}'; known are key, model and day", part);
  }
  return {};
}

Result<std::optional<WallTime>> read_day(const Request& request, std::string_view name) {
  const std::string_view text = request.argument(name);
  if (text.empty()) return std::optional<WallTime>();
  const auto day = find_day(text);
  if (!day)
    return fail(FaultKind::InvalidRequest,
                "{} is '{}'; a day is written as 2026-11-23, with a year from {} to {}", name, text,
                kFirstYear, kLastYear);
  return day;
}

void write_tokens(json::Writer& out, const chat::Usage& tokens) {
  out.key("tokens").object();
  out.field("input", tokens.input).field("cache_read", tokens.cache_read);
  out.field("cache_write_5m", tokens.cache_write_5m).field("cache_write_1h", tokens.cache_write_1h);
  out.field("output", tokens.output).field("reasoning", tokens.reasoning);
  out.end_object();
}

void write_usage(json::Writer& out, const store::UsageRow& row, const store::UsageQuery& query) {
  out.object();
  if (query.by_key) out.field("key", row.key);
  if (query.by_model) out.field("model", row.model);
  if (query.by_day) out.field("day", row.day);
  out.field("exchanges", row.exchanges).field("failed", row.failed);
  write_tokens(out, row.tokens);
  out.field("estimated", row.estimated);
  out.field("mean_first_token_us", row.mean_first_token_us);
  out.field("mean_total_us", row.mean_total_us).end_object();
}

void write_exchange(json::Writer& out, const store::LedgerRow& row) {
  out.object().field("request_id", request_id(row.id)).field("time", rfc3339(wall_time_of(row.id)));
  out.field("key_id", row.key_id).field("model", row.model).field("upstream", row.upstream);
  out.field("upstream_model", row.upstream_model).field("dialect", row.dialect);
  out.field("operation", row.operation).field("stream", row.stream);
  out.field("outcome", row.outcome).field("status", row.status).field("attempts", row.attempts);
  write_tokens(out, row.tokens);
  out.field("tokens_by", store::word_of(row.method));
  out.key("first_token_us");
  row.first_token_us ? out.integer(*row.first_token_us) : out.null();
  out.field("total_us", row.total_us).field("revision", row.revision).field("rule", row.rule);
  out.field("client_request_id", row.client_request_id).field("losses", row.losses).end_object();
}

}  // namespace

Result<Reply> usage(Context& context, const Request& request) {
  store::UsageQuery query{.key = std::string(request.argument("key")),
                          .model = std::string(request.argument("model"))};
  NARU_TRY_VOID(read_grouping(request.argument("by"), query));
  NARU_TRY(query.from, read_day(request, "from"));
  NARU_TRY(query.until, read_day(request, "until"));
  NARU_TRY(const auto rows, context.services.store.usage(query));
  Reply reply;
  json::Writer out(reply.body);
  out.object().key("usage").array();
  for (const store::UsageRow& row : rows) write_usage(out, row, query);
  out.end_array().end_object();
  return reply;
}

Result<Reply> list_exchanges(Context& context, const Request& request) {
  std::int64_t limit = kUsualExchanges;
  if (const std::string_view text = request.argument("limit"); !text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc{} || end != text.data() + text.size() || limit < 1 ||
        limit > kMostExchanges)
      return fail(FaultKind::InvalidRequest, "limit is '{}'; it must be 1 to {}", text,
                  kMostExchanges);
  }
  NARU_TRY(const auto rows, context.services.store.recent(static_cast<std::size_t>(limit)));
  Reply reply;
  json::Writer out(reply.body);
  out.object().key("exchanges").array();
  for (const store::LedgerRow& row : rows) write_exchange(out, row);
  out.end_array().end_object();
  return reply;
}

Result<Reply> one_exchange(Context& context, const Request& request) {
  const auto id = find_exchange_id(request.tail);
  if (!id) return fail(FaultKind::InvalidRequest, "'{}' is not a request id", request.tail);
  NARU_TRY(const auto row, context.services.store.find_exchange(*id));
  if (!row) return fail(FaultKind::InvalidRequest, "no exchange {} is in the ledger", request.tail);
  Reply reply;
  json::Writer out(reply.body);
  write_exchange(out, *row);
  return reply;
}

}  // namespace naru::admin
