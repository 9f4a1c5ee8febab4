#include "gateway/call/call.h"

#include "gateway/call/attempt.h"
#include "gateway/call/retry.h"

namespace naru::gateway {
namespace {

/// Headers of a streamed answer, as far as the target is known.
std::vector<net::Header> stream_headers(const Exchange& exchange) {
  std::vector<net::Header> headers = exchange.common_headers();
  headers.push_back({"content-type", "text/event-stream; charset=utf-8"});
  headers.push_back({"cache-control", "no-cache"});
  headers.push_back({"x-accel-buffering", "no"});  // nginx in front would collect events
  return headers;
}

void open_client_stream(Exchange& exchange) {
  const LimitSettings& limits = exchange.limits();
  exchange.client.emplace(exchange.call, *exchange.services.groups[exchange.loop().index()],
                          ClientStreamOptions{.headers = stream_headers(exchange),
                                              .ping = exchange.dialect().ping(),
                                              .hold = limits.hold,
                                              .between_pings = limits.ping,
                                              .write_timeout = limits.write_timeout});
}

void note(Exchange& exchange, const Target& target, const Result<void>& outcome) {
  Health& health = exchange.services.health;
  const std::string_view word = outcome ? "ok" : row(outcome.error().kind).word;
  exchange.services.metrics.attempt(target.spec->upstream, word);
  // The driver watches engines itself; what ends before the call says nothing of the upstream.
  if (!target.deployment.empty() || !exchange.trail.called) return;
  const bool lives = outcome || outcome.error().kind == FaultKind::UpstreamRefused;
  if (lives)
    health.succeeded(target.spec->upstream);
  else
    health.failed(target.spec->upstream, outcome.error());
}

void log_retry(Exchange& exchange, const Target& target, const Fault& fault,
               const NextAttempt& next) {
  exchange.services.log.warn(
      "upstream.retry",
      {telemetry::field("exchange", exchange.request_id),
       telemetry::field("upstream", target.spec->upstream),
       telemetry::field("attempt", exchange.trail.attempts),
       telemetry::field("fault", row(fault.kind).word),
       telemetry::field("next", exchange.decision.order[next.target].spec->upstream),
       telemetry::field("wait_ms", next.wait.count())});
}

/// When each target may be tried again, from what it said so far.
class Patience {
 public:
  explicit Patience(std::size_t targets) : from_(targets, Monotonic::min()) {}
  void note(std::size_t target, const Fault& fault, bool refused_loss, Monotonic now) {
    if (refused_loss || is_lasting(fault.kind))
      from_[target] = Monotonic::max();
    else if (fault.retry_after)
      from_[target] = now + *fault.retry_after;
  }
  std::vector<std::optional<std::chrono::milliseconds>> asked(Monotonic now) const {
    using std::chrono::milliseconds;
    std::vector<std::optional<milliseconds>> asked;
    for (const Monotonic from : from_) {
      if (from == Monotonic::max())
        asked.emplace_back();
      else
        asked.emplace_back(from <= now ? milliseconds(0)
                                       : std::chrono::ceil<milliseconds>(from - now));
    }
    return asked;
  }

 private:
  std::vector<Monotonic> from_;
};

/// Each target has its time once, however often it is tried, and an engine the time to be loaded
/// and to be given its images.
std::chrono::milliseconds time_for_all(const Exchange& exchange) {
  std::chrono::milliseconds all{0};
  for (const Target& target : exchange.decision.order) {
    all += timeouts_of(target).total;
    if (!target.deployment.empty())
      all += exchange.limits().cold_start + exchange.settings().media.timeout;
  }
  return all;
}

}  // namespace

net::Task<Result<void>> call(Exchange& exchange) {
  if (exchange.streams()) open_client_stream(exchange);
  const auto& order = exchange.decision.order;
  exchange.deadline = exchange.now() + time_for_all(exchange);
  Patience patience(order.size());
  std::optional<Fault> failed;  // the last of a target that was called
  std::size_t target = 0;
  while (true) {
    Result<void> outcome = co_await attempt(exchange, order[target]);
    note(exchange, order[target], outcome);
    if (outcome) break;
    const bool refused_loss = exchange.trail.refused_loss;
    patience.note(target, outcome.error(), refused_loss, exchange.now());
    // What a target that was called has said tells more than that another cannot carry it all.
    if (!refused_loss) failed = outcome.error();
    const Tried tried{.attempts = static_cast<std::size_t>(exchange.trail.attempts),
                      .target = target,
                      .refused_loss = refused_loss,
                      .asked = patience.asked(exchange.now())};
    const NextAttempt next =
        next_attempt(exchange.model->retry, tried, outcome.error(), exchange.loop().rng());
    if (!next.again || exchange.now() + next.wait >= exchange.deadline)
      co_return fail(failed.value_or(outcome.error()));
    log_retry(exchange, order[target], outcome.error(), next);
    if (next.wait.count() > 0) {
      auto slept = co_await exchange.loop().sleep(next.wait, exchange.until());
      NARU_CO_TRY_VOID(std::move(slept));
    }
    target = next.target;
  }
  if (exchange.client) exchange.client->set_headers(stream_headers(exchange));
  co_return Result<void>{};
}

}  // namespace naru::gateway
