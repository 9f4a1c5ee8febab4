#include "gateway/route/route.h"

#include "dialect/anthropic/anthropic.h"
#include "dialect/openai_chat/openai_chat.h"
#include "gateway/route/prefix_key.h"
#include "provider/upstream.h"

namespace naru::gateway {
namespace {

/// Indices into all candidates.
using Members = std::vector<std::size_t>;

std::vector<Standing> standings_of(std::span<const Candidate> candidates, const Members& members) {
  std::vector<Standing> standings;
  for (const std::size_t i : members) {
    standings.push_back(candidates[i].standing);
    standings.back().weight = candidates[i].spec->weight;
  }
  return standings;
}

/// Indices into `standings`, each with the word of the rule.
std::vector<Choice> order_of(std::span<const Standing> standings, const Balancing& how, Rng& rng) {
  const auto as_choices = [](const std::vector<std::size_t>& order, Balance rule) {
    std::vector<Choice> choices;
    choices.reserve(order.size());
    for (const std::size_t i : order) choices.push_back({i, word_of(rule)});
    return choices;
  };
  if (how.rule == Balance::Weight) return as_choices(order_by_weight(standings, rng), how.rule);
  if (how.rule == Balance::PeakEwma) return as_choices(order_by_delay(standings, rng), how.rule);
  if (how.rule == Balance::LeastOutstanding || !how.prefix)
    return as_choices(order_by_outstanding(standings, rng), Balance::LeastOutstanding);
  auto choices = as_choices(order_by_prefix(standings, *how.prefix), how.rule);
  const std::size_t home = home_of(standings, *how.prefix);
  for (Choice& choice : choices)
    if (choice.candidate != home) choice.rule = "spill";
  return choices;
}

}  // namespace

std::vector<Choice> choose(std::span<const Candidate> candidates, const Balancing& how, Rng& rng) {
  std::map<std::uint32_t, Members> tiers;
  Members troubled;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    if (!candidate.exists || !candidate.usable || candidate.spec->weight == 0) continue;
    if (candidate.cooling || candidate.failed)
      troubled.push_back(i);
    else
      tiers[candidate.spec->tier].push_back(i);
  }
  std::vector<Choice> order;
  const auto append = [&](const Members& members, const Balancing& by, std::string_view word) {
    for (Choice choice : order_of(standings_of(candidates, members), by, rng))
      order.push_back({members[choice.candidate], word.empty() ? choice.rule : word});
  };
  for (const auto& [tier, members] : tiers) append(members, how, tier == 0 ? "" : "fallback");
  append(troubled, {.rule = Balance::Weight}, "cooling");
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

/// What a target's calls are counted and measured under: an engine computes one model, whoever asks
/// for it; with an upstream each model is measured by itself.
std::string name_place(const Exchange& exchange, const Target& target) {
  if (target.upstream == nullptr) return target.spec->upstream;
  const std::string& theirs = target.spec->model;
  return target.spec->upstream + "/" + (theirs.empty() ? exchange.model->name : theirs);
}

/// What is measured of `target`, where its model's rule asks for that.
void measure(Exchange& exchange, Target& target, Standing& standing) {
  const std::string place = name_place(exchange, target);
  target.load = exchange.services.loads.find(place);
  if (exchange.model->balance == Balance::Weight) return;
  standing.outstanding = target.load->outstanding();
  standing.delay_s = target.load->delay_s(exchange.waits_for(), exchange.now());
  standing.place = place_of(place);
}

Candidate look_at(Exchange& exchange, const TargetSpec& spec, Target& target) {
  Candidate candidate{.spec = &spec, .standing = {.slots = spec.slots}};
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
    candidate.standing.asleep = state->phase != registry::Phase::Ready;
    candidate.standing.slots = state->slots;
  } else {
    candidate.exists = false;
    candidate.reason = "is not running here";
    return candidate;
  }
  measure(exchange, target, candidate.standing);
  candidate.usable = carries(exchange.dialect(), *speaks, exchange.endpoint.operation);
  if (!candidate.usable)
    candidate.reason = fmt::format("its dialect {} has no {}", speaks->name(),
                                   dialect::name_of(exchange.endpoint.operation));
  return candidate;
}

/// Only for models that keep conversations together: it costs a walk over their beginning.
std::optional<std::uint64_t> find_prefix(const Exchange& exchange) {
  if (!exchange.tree || !exchange.principal) return std::nullopt;
  return prefix_key(exchange.services.hasher, exchange.dialect().opening(*exchange.tree),
                    exchange.endpoint.operation, exchange.principal->key_id);
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
  candidates.reserve(targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i)
    candidates.push_back(look_at(exchange, exchange.model->targets[i], targets[i]));
  Balancing how{.rule = exchange.model->balance};
  if (how.rule == Balance::Prefix) how.prefix = find_prefix(exchange);
  for (const Choice& choice : choose(candidates, how, exchange.loop().rng())) {
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
