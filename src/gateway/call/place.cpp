#include "gateway/call/place.h"

namespace naru::gateway {
namespace {

/// What did not load in all that time will not in the next seconds: clients are to come back later,
/// and naru does not wait once more itself.
constexpr std::chrono::seconds kStillLoading{30};

Concurrency::Bounds bounds_of(const Exchange& exchange, const Target& target) {
  if (target.upstream) {
    const provider::Concurrency& set = target.upstream->spec.concurrency;
    return {.least = set.least, .most = set.most};
  }
  const auto state = exchange.services.endpoints.find(target.deployment);
  const std::uint32_t slots = state == nullptr ? 1 : std::max<std::uint32_t>(1, state->slots);
  return {.least = slots, .most = slots};
}

Places::Ask ask_for(const Exchange& exchange, std::span<const std::size_t> targets) {
  const Principal& principal = *exchange.principal;
  Places::Ask ask{.priority = std::max(principal.priority,
                                       exchange.wishes.priority.value_or(principal.priority)),
                  .principal = principal.key_id,
                  .exchange = exchange.request_id,
                  .most_waiting = exchange.limits().queue,
                  .most_in_all = exchange.limits().queue_all,
                  .revision = exchange.snapshot->revision()};
  for (const std::size_t i : targets) {
    const Target& target = exchange.decision.order[i];
    ask.wishes.push_back({.upstream = target.spec->upstream,
                          .model = exchange.upstream_model(*target.spec),
                          .bounds = bounds_of(exchange, target)});
  }
  return ask;
}

}  // namespace

std::optional<Place> find_free_place(Exchange& exchange, std::span<const std::size_t> targets) {
  auto granted = exchange.services.places.try_take(ask_for(exchange, targets));
  if (!granted) return std::nullopt;
  return Place{targets[granted->wish], std::move(granted->lease)};
}

net::Task<Result<Place>> find_place(Exchange& exchange, std::vector<std::size_t> targets,
                                    std::chrono::milliseconds longest) {
  // Counts are computed beside the calls that an upstream has places for.
  if (exchange.endpoint.operation == dialect::Operation::CountTokens)
    co_return Place{.target = targets.front()};
  if (auto free = find_free_place(exchange, targets)) co_return *std::move(free);
  const Monotonic began = exchange.now();
  Places::Ask ask = ask_for(exchange, targets);
  ask.longest = longest;
  auto waited = co_await exchange.services.places.wait(exchange.loop(), ask, exchange.until());
  const auto in_line = exchange.now() - began;
  exchange.trail.queued += in_line;
  exchange.services.metrics.queued(waited ? "served" : row(waited.error().kind).word, in_line);
  NARU_CO_TRY(Places::Granted late, std::move(waited));
  co_return Place{targets[late.wish], std::move(late.lease)};
}

net::Task<Result<std::shared_ptr<const registry::EndpointState>>> wake_engine(
    Exchange& exchange, std::string deployment, net::Until until,
    registry::Endpoints::InBackoff in_backoff) {
  registry::Endpoints& endpoints = exchange.services.endpoints;
  auto state = endpoints.find(deployment);
  if (state != nullptr && state->phase == registry::Phase::Ready) co_return state;
  const net::Until patience = until.by(exchange.now() + exchange.limits().cold_start);
  auto woken = co_await endpoints.wake(exchange.loop(), deployment, patience, in_backoff);
  const bool too_long = !woken && woken.error().kind == FaultKind::UpstreamTimeout;
  if (too_long && exchange.now() < until.deadline) {
    auto loading = fail(FaultKind::Overloaded, "the model '{}' is still loading; try again soon",
                        exchange.scan.model);
    loading.error().retry_after = kStillLoading;
    co_return loading;
  }
  co_return woken;
}

}  // namespace naru::gateway
