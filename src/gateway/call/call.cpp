#include "gateway/call/call.h"

#include "gateway/call/course.h"

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
  exchange.deadline = std::min(exchange.deadline, exchange.now() + time_for_all(exchange));
  const RetryBudget::Lease active = exchange.services.retries.enter();
  Course course(exchange);
  while (true) {
    const Result<void> outcome = co_await course.take_turn();
    if (outcome) break;
    const NextAttempt next = course.next_after(outcome.error());
    if (!next.again) co_return fail(course.last_word(outcome.error()));
    log_retry(exchange, order[course.target()], outcome.error(), next);
    if (next.wait.count() > 0) {
      auto slept = co_await exchange.loop().sleep(next.wait, exchange.until());
      NARU_CO_TRY_VOID(std::move(slept));
    }
    course.go_on(next);
  }
  if (exchange.client) exchange.client->set_headers(stream_headers(exchange));
  co_return Result<void>{};
}

}  // namespace naru::gateway
