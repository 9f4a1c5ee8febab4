#include "gateway/call/call.h"

#include "gateway/call/attempt.h"
#include "gateway/call/place.h"
#include "gateway/call/retry.h"
#include "gateway/reaction.h"

namespace naru::gateway {
namespace {

/// Where there was no budget for a retry, and the upstream names no time, a client is to wait.
constexpr std::chrono::seconds kBudgetPause{1};

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

/// Fails, if the target's breaker lets no call through now.
Result<void> admit(Exchange& exchange, const Target& target) {
  if (!target.deployment.empty()) return {};  // the driver watches engines itself
  const std::string& upstream = target.spec->upstream;
  const auto wait = exchange.services.health.admit(upstream);
  if (wait.count() == 0) return {};
  auto open = fail(FaultKind::Overloaded,
                   "the upstream '{}' fails too often and is left alone; try again soon", upstream);
  open.error().retry_after = std::chrono::ceil<std::chrono::milliseconds>(wait);
  return open;
}

void note(Exchange& exchange, const Target& target, const Result<void>& outcome) {
  Services& services = exchange.services;
  const std::string& upstream = target.spec->upstream;
  const std::string_view word = outcome ? "ok" : row(outcome.error().kind).word;
  services.metrics.attempt(upstream, word);
  if (!target.deployment.empty()) return;
  if (!exchange.trail.called) return services.health.ended_unheard(upstream);
  if (outcome) return services.health.succeeded(upstream);
  if (outcome.error().kind == FaultKind::RateLimited && outcome.error().retry_after)
    services.places.close(upstream, exchange.trail.upstream_model,
                          exchange.now() + Health::believed(*outcome.error().retry_after));
  if (exchange.trail.crowded && outcome.error().kind == FaultKind::Overloaded)
    return services.health.crowded(upstream, outcome.error());
  const std::uint32_t failures_to_open = target.upstream->spec.failures_to_open;
  if (!services.health.failed(upstream, outcome.error(), failures_to_open)) return;
  services.metrics.breaker_opened(upstream);
  services.log.warn("upstream.opened",
                    {telemetry::field("upstream", upstream), telemetry::field("fault", word)});
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
  void give_up(std::size_t target) { from_[target] = Monotonic::max(); }
  bool has_given_up(std::size_t target) const { return from_[target] == Monotonic::max(); }
  void note(std::size_t target, const Fault& fault, Monotonic now) {
    if (is_lasting(fault.kind))
      give_up(target);
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

/// The attempts of one exchange, as they went so far.
class Course {
 public:
  explicit Course(Exchange& exchange)
      : exchange_(exchange), patience_(exchange.decision.order.size()) {}

  std::size_t target() const { return target_; }
  /// One call to the target, or to one behind it that has a place sooner, unless its breaker is
  /// open. Lifetime: the course outlives the task.
  net::Task<Result<void>> take_turn();
  /// What comes after `fault`, with a place in the budget if it is a retry.
  NextAttempt next_after(const Fault& fault);
  void go_on(const NextAttempt& next) { target_ = next.target; }
  /// What the client is told if nothing comes after `fault`.
  Fault last_word(const Fault& fault) const;

 private:
  bool was_called(const Target& target) const;
  Result<void> pass(Result<void> outcome);
  bool is_open(std::size_t target) const;
  std::vector<std::size_t> open_targets() const;

  Exchange& exchange_;
  Patience patience_;
  std::optional<RetryBudget::Lease> retry_ = {};
  std::size_t passed_ = 0;
  bool over_ = false;
  std::size_t target_ = 0;
  std::vector<std::string_view> called_ = {};              ///< upstreams
  std::optional<Fault> failed_ = {};                       ///< the last of a target that was called
  std::optional<std::chrono::milliseconds> reopens_ = {};  ///< the first of those that are open
};

/// The target has its turn, and cannot be called in the time of this exchange.
Result<void> Course::pass(Result<void> outcome) {
  patience_.give_up(target_);
  ++passed_;
  retry_.reset();
  return outcome;
}

/// Whether a call may go to it now, as far as its breaker and what it said go.
bool Course::is_open(std::size_t i) const {
  const Target& target = exchange_.decision.order[i];
  const bool kept = target.deployment.empty() &&
                    exchange_.services.health.wait(target.spec->upstream).count() > 0;
  return !kept && !patience_.has_given_up(i);
}

/// From the one whose turn it is on, and no retries where it would be none; that one alone if none
/// is open.
std::vector<std::size_t> Course::open_targets() const {
  const std::vector<Target>& order = exchange_.decision.order;
  const bool retries = was_called(order[target_]);
  std::vector<std::size_t> open;
  for (std::size_t step = 0; step < order.size(); ++step) {
    const std::size_t i = (target_ + step) % order.size();
    if (is_open(i) && (retries || !was_called(order[i]))) open.push_back(i);
  }
  if (open.empty()) open.push_back(target_);
  return open;
}

net::Task<Result<void>> Course::take_turn() {
  if (const Target& next = exchange_.decision.order[target_]; !next.deployment.empty()) {
    auto woken = co_await wake_engine(exchange_, next.deployment);
    if (!woken) co_return pass(fail(std::move(woken.error())));
  }
  auto found = co_await find_place(exchange_, open_targets());
  if (!found) {
    over_ = true;  // all that could have given it a place have been asked
    co_return weigh_time(exchange_, fail(std::move(found.error())));
  }
  target_ = found->target;
  const Target& target = exchange_.decision.order[target_];
  Result<void> outcome = admit(exchange_, target);
  if (!outcome) {
    const auto wait = *outcome.error().retry_after;
    reopens_ = std::min(reopens_.value_or(wait), wait);
    co_return pass(std::move(outcome));  // whoever waits for it only adds to the crowd
  }
  outcome = co_await attempt(exchange_, target, std::move(found->lease));
  retry_.reset();
  note(exchange_, target, outcome);
  called_.push_back(target.spec->upstream);
  if (outcome) co_return outcome;
  // What a target that was called has said tells more than that another cannot carry it all.
  if (exchange_.trail.refused_loss)
    patience_.give_up(target_);
  else
    failed_ = outcome.error();
  patience_.note(target_, outcome.error(), exchange_.now());
  co_return outcome;
}

bool Course::was_called(const Target& target) const {
  return std::ranges::find(called_, target.spec->upstream) != called_.end();
}

NextAttempt Course::next_after(const Fault& fault) {
  if (over_) return {};
  const Tried tried{.attempts = static_cast<std::size_t>(exchange_.trail.attempts),
                    .passed = passed_,
                    .target = target_,
                    .refused_loss = exchange_.trail.refused_loss,
                    .asked = patience_.asked(exchange_.now())};
  const NextAttempt next =
      next_attempt(exchange_.model->retry, tried, fault, exchange_.loop().rng());
  if (!next.again || exchange_.now() + next.wait >= exchange_.deadline) return {};
  const Target& target = exchange_.decision.order[next.target];
  if (!was_called(target)) return next;
  if (auto place = exchange_.services.retries.retry()) {
    retry_.emplace(std::move(*place));
    return next;
  }
  exchange_.trail.forgone = true;
  exchange_.services.metrics.retry_forgone(target.spec->upstream);
  return {};
}

Fault Course::last_word(const Fault& fault) const {
  Fault last = failed_.value_or(fault);
  if (reopens_ && (!failed_ || !last.retry_after)) last.retry_after = reopens_;
  if (exchange_.trail.forgone && !last.retry_after) last.retry_after = kBudgetPause;
  return last;
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
