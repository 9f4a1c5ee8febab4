#include "gateway/route/route.h"

#include "dialect/anthropic/anthropic.h"
#include "dialect/openai_chat/openai_chat.h"
#include "provider/upstream.h"

namespace naru::gateway {
namespace {

/// Moves one of `left` to `order`, drawn by weight.
void draw(std::span<const Candidate> candidates, std::vector<std::size_t>& left,
          std::string_view rule, Rng& rng, std::vector<Choice>& order) {
  std::uint64_t total = 0;
  for (const std::size_t i : left) total += candidates[i].spec->weight;
  std::uint64_t ticket = rng.below(total);
  for (auto at = left.begin(); at != left.end(); ++at) {
    const std::uint64_t weight = candidates[*at].spec->weight;
    if (ticket >= weight) {
      ticket -= weight;
      continue;
    }
    order.push_back({*at, rule});
    left.erase(at);
    return;
  }
}

/// All of one tier, or of those in trouble, in drawn order.
void draw_all(std::span<const Candidate> candidates, std::vector<std::size_t> left,
              std::string_view rule, Rng& rng, std::vector<Choice>& order) {
  while (!left.empty()) draw(candidates, left, rule, rng, order);
}

}  // namespace

std::vector<Choice> choose(std::span<const Candidate> candidates, Rng& rng) {
  std::map<std::uint32_t, std::vector<std::size_t>> tiers;
  std::vector<std::size_t> troubled;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    if (!candidate.exists || !candidate.usable || candidate.spec->weight == 0) continue;
    if (candidate.cooling || candidate.failed)
      troubled.push_back(i);
    else
      tiers[candidate.spec->tier].push_back(i);
  }
  std::vector<Choice> order;
  for (auto& [tier, members] : tiers)
    draw_all(candidates, std::move(members), tier == 0 ? "weight" : "fallback", rng, order);
  draw_all(candidates, std::move(troubled), "cooling", rng, order);
  return order;
}

namespace {

/// Deployments answer to the dialect their engine speaks best for the operation.
const dialect::Dialect& engine_dialect(dialect::Operation operation) {
  return operation == dialect::Operation::CountTokens ? dialect::anthropic()
                                                      : dialect::openai_chat();
}

bool carries(const dialect::Dialect& client, const dialect::Dialect& upstream,
             dialect::Operation operation) {
  return upstream.serves(operation) && (&client == &upstream || dialect::can_cross(operation));
}

Candidate look_at(Exchange& exchange, const TargetSpec& spec, Target& target) {
  Candidate candidate{.spec = &spec};
  target.spec = &spec;
  const auto& upstreams = exchange.snapshot->get<provider::Upstreams>();
  const dialect::Dialect*& speaks = target.speaks;
  if (auto upstream = upstreams.find(spec.upstream)) {
    target.upstream = upstream;
    speaks = &provider::dialect_for(*upstream, exchange.dialect(), exchange.endpoint.operation);
    const Health& health = exchange.services.health;
    candidate.cooling =
        health.cooling(spec.upstream).has_value() || health.wait(spec.upstream).count() > 0;
  } else if (const auto state = exchange.services.endpoints.find(spec.upstream)) {
    target.deployment = spec.upstream;
    speaks = &engine_dialect(exchange.endpoint.operation);
    candidate.failed = state->phase == registry::Phase::Failed;
    candidate.cooling = state->phase == registry::Phase::Backoff;
    candidate.reason = state->reason;
  } else {
    candidate.exists = false;
    candidate.reason = "is not running here";
    return candidate;
  }
  candidate.usable = carries(exchange.dialect(), *speaks, exchange.endpoint.operation);
  if (!candidate.usable)
    candidate.reason = fmt::format("its dialect {} has no {}", speaks->name(),
                                   dialect::name_of(exchange.endpoint.operation));
  return candidate;
}

Fault nowhere(const Exchange& exchange) {
  std::string reasons;
  for (const auto& rejected : exchange.decision.rejected)
    reasons +=
        fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", rejected.upstream, rejected.reason);
  return {.kind = FaultKind::NoTarget,
          .detail = fmt::format("the model '{}' has no target that can take this call ({})",
                                exchange.scan.model, reasons)};
}

}  // namespace

net::Task<Result<void>> route(Exchange& exchange) {
  std::vector<Candidate> candidates;
  std::vector<Target> targets(exchange.model->targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i)
    candidates.push_back(look_at(exchange, exchange.model->targets[i], targets[i]));
  for (const Choice& choice : choose(candidates, exchange.loop().rng())) {
    exchange.decision.order.push_back(std::move(targets[choice.candidate]));
    exchange.decision.order.back().rule = std::string(choice.rule);
  }
  for (const Candidate& candidate : candidates)
    if (!candidate.exists || !candidate.usable)
      exchange.decision.rejected.push_back({candidate.spec->upstream, candidate.reason});
  if (exchange.decision.order.empty()) {
    Fault fault = nowhere(exchange);
    const bool none_usable = std::ranges::none_of(candidates, &Candidate::usable);
    if (none_usable) fault.kind = FaultKind::UnsupportedEndpoint;
    co_return fail(std::move(fault));
  }
  co_return Result<void>{};
}

}  // namespace naru::gateway
