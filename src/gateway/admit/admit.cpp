#include "gateway/admit/admit.h"

#include "base/text.h"

namespace naru::gateway {
namespace {

constexpr std::size_t kNamedModels = 3;
constexpr std::size_t kMaxShownBytes = 120;  // of a name the client made up

// Of an answer, before it is there.
constexpr std::int64_t kUsualOutput = 512;           // tokens, where the client sets no limit
constexpr std::int64_t kMostReservedOutput = 4'096;  // of what it allows; few answers are longer

Fault unknown_model(const Exchange& exchange, const Models& models) {
  std::vector<std::string> usable;
  std::ranges::copy_if(models.names(), std::back_inserter(usable), [&](const std::string& name) {
    return exchange.principal->may_use(*models.find(name), name);
  });
  const std::string& asked = exchange.scan.model;
  const auto near = nearest(std::string(clipped(asked, kMaxShownBytes)), usable, kNamedModels);
  std::string detail =
      fmt::format("the model '{}' does not exist here", clipped(asked, kMaxShownBytes));
  if (near.empty())
    detail += "; GET /v1/models lists those there are";
  else
    detail += fmt::format("; did you mean {}?", fmt::join(near, ", "));
  return {.kind = FaultKind::ModelNotFound, .detail = std::move(detail), .param = "model"};
}

/// Before anybody is called: what the prompt is estimated at where the dearest of the model's
/// targets counts it.
std::int64_t prompt_tokens(Exchange& exchange) {
  std::int64_t tokens = 0;
  for (const TargetSpec& target : exchange.model->targets)
    tokens = std::max(tokens, exchange.services.estimator.tokens(exchange.upstream_model(target),
                                                                 exchange.prompt()));
  return tokens;
}

/// What an answer is reckoned at before it is there.
std::int64_t output_tokens(const Exchange& exchange) {
  if (exchange.endpoint.operation == dialect::Operation::Embed) return 0;
  return std::clamp<std::int64_t>(exchange.scan.max_tokens.value_or(kUsualOutput), 0,
                                  kMostReservedOutput);
}

/// Tokens to reserve of `limit`. What a client allows an answer to grow to, often the most there
/// is, shuts nobody out: it counts as far as there is room beside the prompt.
std::int64_t wanted_tokens(Exchange& exchange, std::int64_t limit) {
  if (exchange.endpoint.operation == dialect::Operation::CountTokens) return 0;
  const std::int64_t prompt = prompt_tokens(exchange);
  const std::int64_t room = std::max<std::int64_t>(0, limit - prompt);
  return prompt + std::min(output_tokens(exchange), room);
}

Fault over_tokens(const Exchange& exchange, const Limiter::Answer& answer, std::int64_t wanted) {
  const std::string& name = exchange.principal->key_name;
  const std::int64_t limit = *exchange.principal->limits.tokens_per_minute;
  if (!answer.retry_after && wanted <= limit)
    return {.kind = FaultKind::RateLimited,
            .detail = fmt::format("calls of the key '{}' that run hold what is left of its {} "
                                  "tokens a minute, and the request takes about {}; try again when "
                                  "one of them has ended",
                                  name, limit, wanted)};
  if (!answer.retry_after)
    return {.kind = FaultKind::RateLimited,
            .detail = fmt::format("the request is too large for the key '{}': about {} tokens, and "
                                  "it has {} a minute in all; send less",
                                  name, wanted, limit)};
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*answer.retry_after);
  return {.kind = FaultKind::RateLimited,
          .detail = fmt::format("the key '{}' has {} left of its {} tokens a minute, and the "
                                "request takes about {}; try again in {} ms",
                                name, answer.left.tokens->remaining, limit, wanted, wait.count()),
          .retry_after = wait};
}

Fault over_concurrency(const Exchange& exchange) {
  return {
      .kind = FaultKind::RateLimited,
      .detail = fmt::format("the key '{}' may have {} calls at once, and has them; try again "
                            "when one of them has ended",
                            exchange.principal->key_name, *exchange.principal->limits.concurrency)};
}

/// Reserves tokens and a place of the key's limits; `account` settles them.
Result<void> reserve(Exchange& exchange) {
  const store::KeyLimits& limits = exchange.principal->limits;
  if (!limits.tokens_per_minute && !limits.concurrency) return {};
  const std::int64_t wanted =
      limits.tokens_per_minute ? wanted_tokens(exchange, *limits.tokens_per_minute) : 0;
  Limiter::Reservation made =
      exchange.services.limiter.reserve(exchange.principal->key_id, limits, wanted, exchange.now());
  exchange.rate_limits = made.answer.left;
  exchange.allowance = std::move(made.lease);
  if (!made.answer.over) return {};
  const bool tokens = *made.answer.over == Limiter::Over::Tokens;
  exchange.services.metrics.limited(tokens ? "tokens" : "concurrency");
  return fail(tokens ? over_tokens(exchange, made.answer, wanted) : over_concurrency(exchange));
}

}  // namespace

net::Task<Result<void>> admit(Exchange& exchange) {
  if (exchange.scan.model.size() > kMaxModelBytes)
    co_return fail(Fault{.kind = FaultKind::InvalidRequest,
                         .detail = fmt::format("the model's name has {} bytes; at most {} can be",
                                               exchange.scan.model.size(), kMaxModelBytes),
                         .param = "model"});
  const Models& models = exchange.snapshot->get<Models>();
  exchange.model = models.find(exchange.scan.model);
  if (exchange.model == nullptr) co_return fail(unknown_model(exchange, models));
  if (!exchange.principal->may_use(*exchange.model, exchange.scan.model)) {
    co_return fail(Fault{.kind = FaultKind::Forbidden,
                         .detail = fmt::format("the key '{}' may not use the model '{}'",
                                               exchange.principal->key_name, exchange.scan.model),
                         .param = "model"});
  }
  exchange.in_flight.emplace(exchange.services.metrics.enter());
  NARU_CO_TRY_VOID(exchange.services.store.ready());
  co_return reserve(exchange);
}

}  // namespace naru::gateway
