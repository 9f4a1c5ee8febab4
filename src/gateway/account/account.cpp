#include "gateway/account/account.h"

#include "base/text.h"

namespace naru::gateway {
namespace {

constexpr std::size_t kMostLoggedLosses = 200;         // bytes
constexpr std::string_view kUnknownModel = "unknown";  // names clients make up are no labels

std::int64_t micros(std::chrono::nanoseconds length) {
  return std::chrono::duration_cast<std::chrono::microseconds>(length).count();
}

/// Whether an upstream did work for this exchange, as far as we can know.
bool was_served(const Exchange& exchange, const Result<void>& outcome) {
  if (!exchange.trail.sent) return false;
  return outcome || exchange.facts.delivered.total() > 0 ||
         outcome.error().kind == FaultKind::Cancelled ||
         outcome.error().kind == FaultKind::DeadlinePassed || exchange.call.stopping();
}

/// A prompt with text has tokens, whatever an upstream reports.
void doubt_prompt(Exchange& exchange, store::LedgerRow& row) {
  if (row.tokens.prompt() > 0) return;
  const chat::Tally& prompt = exchange.prompt();
  if (prompt.total() == 0) return;
  row.tokens.input = exchange.services.estimator.tokens(exchange.trail.upstream_model, prompt);
  row.method = store::TokenMethod::Bytes;
}

/// The provider's own count; of a stream that was cut the engine's so far, else one from bytes.
void count_last(Exchange& exchange, const Result<void>& outcome, store::LedgerRow& row) {
  const std::string_view model = exchange.trail.upstream_model;
  Estimator& estimator = exchange.services.estimator;
  const dialect::AnswerFacts& facts = exchange.facts;
  if (facts.usage_reported && (outcome || facts.whole)) {
    row.tokens = facts.usage;
    row.method = store::TokenMethod::Reported;
    estimator.learn(model, facts.delivered, facts.usage.output - facts.usage.reasoning);
    if (outcome || facts.stop) doubt_prompt(exchange, row);
    return;
  }
  if (!was_served(exchange, outcome)) return;
  if (facts.counted) {
    row.tokens = *facts.counted;
    row.method = store::TokenMethod::Engine;
    return;
  }
  // A stream that was cut may have reported its prompt, or an early part of its output.
  row.tokens = facts.usage;
  if (facts.usage.prompt() == 0) row.tokens.input = estimator.tokens(model, exchange.prompt());
  row.tokens.output = std::max(row.tokens.output, estimator.tokens(model, facts.delivered));
  row.method = store::TokenMethod::Bytes;
}

/// Of all attempts: those that failed count by what they reported.
void count_tokens(Exchange& exchange, const Result<void>& outcome, store::LedgerRow& row) {
  if (exchange.endpoint.operation == dialect::Operation::CountTokens) return;
  count_last(exchange, outcome, row);
  if (!exchange.trail.failed_usage) return;
  row.tokens += *exchange.trail.failed_usage;
  if (exchange.trail.failed_estimated)
    row.method = store::TokenMethod::Bytes;
  else if (row.method == store::TokenMethod::None)
    row.method = store::TokenMethod::Reported;
}

store::LedgerRow make_row(Exchange& exchange, const Result<void>& outcome) {
  const Trail& trail = exchange.trail;
  store::LedgerRow row{
      .id = exchange.id,
      .key_id = exchange.principal->key_id,
      .model = exchange.scan.model,
      .upstream = trail.upstream,
      .upstream_model = trail.upstream_model,
      .dialect = std::string(exchange.dialect().name()),
      .operation = std::string(name_of(exchange.endpoint.operation)),
      .outcome = outcome ? "ok" : std::string(naru::row(outcome.error().kind).word),
      .status = outcome ? 200 : status_of(outcome.error()),
      .attempts = trail.attempts,
      .stream = exchange.streams(),
      .total_us = micros(exchange.now() - exchange.began),
      .revision = exchange.snapshot->revision(),
      .rule = trail.rule,
      .client_request_id = exchange.client_request_id,
      .losses = static_cast<int>(exchange.losses.size() + exchange.facts.losses.size())};
  row.model.resize(clipped(row.model, kMaxModelBytes).size());
  if (trail.first_token) row.first_token_us = micros(*trail.first_token - exchange.began);
  count_tokens(exchange, outcome, row);
  return row;
}

telemetry::ExchangeFigures figures_of(const Exchange& exchange, const store::LedgerRow& row) {
  telemetry::ExchangeFigures figures{
      .model = exchange.model ? std::string_view(exchange.model->name) : kUnknownModel,
      .upstream = row.upstream,
      .dialect = row.dialect,
      .operation = row.operation,
      .outcome = row.outcome,
      .total = std::chrono::microseconds(row.total_us),
      .input_tokens = row.tokens.input,
      .cache_read_tokens = row.tokens.cache_read,
      .cache_write_tokens = row.tokens.cache_write_5m + row.tokens.cache_write_1h,
      .output_tokens = row.tokens.output};
  if (row.first_token_us) figures.first_token = std::chrono::microseconds(*row.first_token_us);
  return figures;
}

/// Why a call failed, unless the sentence may repeat what the client wrote: field names of a body
/// that is wrong, a model's name it made up, the input a provider quotes. No prompt reaches a log.
std::string_view loggable(const Result<void>& outcome) {
  if (outcome || outcome.error().quotes) return {};
  switch (outcome.error().kind) {
    case FaultKind::InvalidRequest:
    case FaultKind::ModelNotFound:
    case FaultKind::Forbidden:
      return {};
    default:
      return outcome.error().detail;
  }
}

/// Names of fields, as plain words: one that naru does not know is the client's own, so that not
/// much of it is told.
std::string loggable_losses(const Exchange& exchange) {
  std::string names = exchange.told_losses();
  names.resize(clipped(names, kMostLoggedLosses).size());
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '[' ||
           c == ']' || c == ',' || c == ' ';
  };
  for (char& c : names)
    if (!is_plain(c)) c = '?';
  return names;
}

void log_end(Exchange& exchange, const store::LedgerRow& row, const Result<void>& outcome) {
  using telemetry::field;
  const bool ours = !outcome && naru::row(outcome.error().kind).ours;
  exchange.services.log.exchange_end(
      ours,
      {field("exchange", exchange.request_id), field("key", exchange.principal->key_name),
       field("model", row.model), field("upstream", row.upstream),
       field("upstream_model", row.upstream_model), field("dialect", row.dialect),
       field("operation", row.operation), field("stream", row.stream),
       field("outcome", row.outcome), field("status", row.status), field("attempts", row.attempts),
       field("prompt_tokens", row.tokens.prompt()), field("output_tokens", row.tokens.output),
       field("tokens_by", store::word_of(row.method)),
       field("first_token_us", row.first_token_us.value_or(0)), field("total_us", row.total_us),
       field("queued_us", micros(exchange.trail.queued)),
       field("losses", loggable_losses(exchange)), field("fault", loggable(outcome))});
}

}  // namespace

net::Task<Result<void>> account(Exchange& exchange, Result<void> outcome) {
  if (exchange.settled || !exchange.principal || exchange.endpoint.serves != Serves::Operation)
    co_return Result<void>{};
  exchange.settled = true;
  const store::LedgerRow row = make_row(exchange, outcome);
  auto written = co_await exchange.services.store.append(exchange.loop(), row);
  // Before the last bytes go out: who has them may call again at once.
  const std::int64_t used = row.tokens.prompt() + row.tokens.output;
  if (const auto left = exchange.allowance.settle(used, exchange.now()))
    exchange.rate_limits = *left;
  exchange.services.metrics.exchange_ended(figures_of(exchange, row));
  if (const std::size_t lost = exchange.facts.losses.size(); lost > 0 && exchange.model)
    exchange.services.metrics.losses(exchange.model->name, lost);
  log_end(exchange, row, outcome);
  co_return written;
}

}  // namespace naru::gateway
