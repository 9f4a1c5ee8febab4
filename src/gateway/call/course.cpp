#include "gateway/call/course.h"

#include "gateway/call/race.h"

namespace naru::gateway {
namespace {

/// When a client may come again where the upstream names no time: as soon as naru would call that
/// upstream again, or have budget for a retry.
std::chrono::seconds time_unnamed(const Fault& fault, bool forgone) {
  const std::chrono::seconds budget{forgone ? 1 : 0};
  return is_lasting(fault.kind) ? budget : std::max(budget, reaction_to(fault.kind).cools);
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

/// Nothing is wrong with the attempt: nobody waits for the exchange any more.
bool ended_for_all(const Result<void>& outcome) {
  return !outcome && (outcome.error().kind == FaultKind::Cancelled ||
                      outcome.error().kind == FaultKind::DeadlinePassed);
}

/// What the attempt tells of its upstream.
void note(Exchange& exchange, const Attempt& attempt, const Result<void>& outcome) {
  Services& services = exchange.services;
  const Target& target = attempt.target;
  const std::string& upstream = target.spec->upstream;
  const std::string_view word = outcome ? "ok" : row(outcome.error().kind).word;
  services.metrics.attempt(upstream, word);
  if (!target.deployment.empty()) return;
  if (!attempt.called) return services.health.ended_unheard(upstream);
  if (outcome) return services.health.succeeded(upstream);
  if (attempt.crowded && outcome.error().kind == FaultKind::Overloaded)
    return services.health.crowded(upstream, outcome.error());
  const std::uint32_t failures_to_open = target.upstream->spec.failures_to_open;
  if (!services.health.failed(upstream, outcome.error(), failures_to_open)) return;
  services.metrics.breaker_opened(upstream);
  services.log.warn("upstream.opened",
                    {telemetry::field("upstream", upstream), telemetry::field("fault", word)});
}

}  // namespace

/// Targets have their turn, and cannot be called in the time of this exchange.
Result<void> Course::pass(std::span<const std::size_t> targets, Result<void> outcome) {
  for (const std::size_t i : targets) {
    patience_.give_up(i);
    had_turn_[i] = true;
  }
  passed_ += targets.size();
  retry_.reset();
  return outcome;
}

/// Whether a call may go to it now, as far as its breaker, its engine and what it said go.
bool Course::is_open(std::size_t i) const {
  const Target& target = exchange_.decision.order[i];
  if (patience_.has_given_up(i)) return false;
  if (target.deployment.empty())
    return exchange_.services.health.wait(target.spec->upstream).count() == 0;
  const auto engine = exchange_.services.endpoints.find(target.deployment);
  return engine == nullptr || engine->phase != registry::Phase::Backoff;
}

/// An engine that ended is waited for only where no other target could take the call.
registry::Endpoints::InBackoff Course::in_backoff() const {
  for (std::size_t i = 0; i < exchange_.decision.order.size(); ++i)
    if (i != target_ && is_open(i) && !was_called(exchange_.decision.order[i]))
      return registry::Endpoints::InBackoff::Leave;
  return registry::Endpoints::InBackoff::Wait;
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

/// Whether a target that was called may be called again, and is not among those that are asked.
bool Course::may_call_again(std::span<const std::size_t> asked) const {
  if (static_cast<std::size_t>(exchange_.trail.attempts) >= exchange_.model->retry.attempts)
    return false;
  for (std::size_t i = 0; i < exchange_.decision.order.size(); ++i)
    if (was_called(exchange_.decision.order[i]) && is_open(i) &&
        std::ranges::find(asked, i) == asked.end())
      return true;
  return false;
}

net::Task<Result<void>> Course::take_turn() {
  if (const Target& next = exchange_.decision.order[target_]; !next.deployment.empty()) {
    auto woken = co_await wake_engine(exchange_, next.deployment, exchange_.until(), in_backoff());
    if (!woken) co_return pass({{target_}}, fail(std::move(woken.error())));
  }
  const std::vector<std::size_t> open = open_targets();
  const bool may_turn_back = may_call_again(open);
  const auto longest = exchange_.limits().queue_time;
  auto found = co_await find_place(
      exchange_, open, may_turn_back ? std::min(longest, exchange_.model->retry.most) : longest);
  if (!found) {
    if (found.error().retry_after) reopens_ = found.error().retry_after;
    if (may_turn_back && found.error().kind == FaultKind::RateLimited)
      co_return pass(open, fail(std::move(found.error())));
    over_ = true;  // all that could have given it a place have been asked
    co_return weigh_time(exchange_, fail(std::move(found.error())));
  }
  // Where a retry took the turn of one that has no place now, it is no turn to come.
  if (was_called(exchange_.decision.order[found->target])) had_turn_[target_] = true;
  target_ = found->target;
  const Target& target = exchange_.decision.order[target_];
  Result<void> outcome = admit(exchange_, target);
  if (!outcome) {
    const auto wait = *outcome.error().retry_after;
    reopens_ = std::min(reopens_.value_or(wait), wait);
    co_return pass({{target_}}, std::move(outcome));  // whoever waits for it only adds to the crowd
  }
  Attempt attempt(exchange_, target, std::move(found->lease));
  attempt.in_backoff = in_backoff();
  ++exchange_.trail.attempts;
  if (may_hedge()) {
    outcome = co_await race(attempt);
    co_return outcome;
  }
  outcome = co_await run(exchange_, attempt);
  co_return end(attempt, std::move(outcome));
}

/// What the end of an attempt means for its target and for what comes next.
Result<void> Course::end(Attempt& attempt, Result<void> outcome) {
  const std::string& upstream = attempt.target.spec->upstream;
  retry_.reset();
  note(exchange_, attempt, outcome);
  called_.push_back(upstream);
  target_ = static_cast<std::size_t>(&attempt.target - exchange_.decision.order.data());
  had_turn_[target_] = true;
  refused_loss_ = attempt.refused_loss;
  if (!outcome) {
    owe(exchange_, attempt);
    // What a target that was called has said tells more than that another cannot carry it all.
    if (attempt.refused_loss)
      patience_.give_up(target_);
    else
      failed_ = outcome.error();
    patience_.note(target_, outcome.error(), exchange_.now());
  } else {
    exchange_.deadline = std::min(exchange_.deadline, attempt.ends);
  }
  adopt(exchange_, std::move(attempt));
  return outcome;
}

bool Course::may_hedge() const {
  return exchange_.model->hedge.after.count() > 0 && exchange_.streams() &&
         exchange_.decision.order.size() > 1;
}

/// A place for a call beside that to the target: elsewhere, at once, where nobody has failed.
std::optional<Place> Course::place_beside() {
  const std::vector<Target>& order = exchange_.decision.order;
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool elsewhere = order[i].spec->upstream != order[target_].spec->upstream;
    const auto engine = exchange_.services.endpoints.find(order[i].deployment);
    const bool sleeps = engine != nullptr && engine->phase != registry::Phase::Ready;
    if (elsewhere && !sleeps && is_open(i) && !was_called(order[i])) others.push_back(i);
  }
  if (others.empty()) return std::nullopt;
  auto place = find_free_place(exchange_, others);
  if (!place || !admit(exchange_, order[place->target])) return std::nullopt;
  return place;
}

/// The attempt, and beside it one at another target if it has no content in time.
/// Lifetime: both outlive the task.
net::Task<Result<void>> Course::race(Attempt& first) {
  const RetryBudget::Lease active = exchange_.services.hedges.enter();
  Race race(exchange_);
  race.start(first);
  co_await race.wait(exchange_.now() + exchange_.model->hedge.after);
  std::optional<Attempt> second;
  const bool slow = !race.is_over() && first.sent;
  const auto hedge = slow ? exchange_.services.hedges.further() : std::nullopt;
  if (hedge) {
    if (auto place = place_beside()) {
      second.emplace(exchange_, exchange_.decision.order[place->target], std::move(place->lease));
      second->beside_bytes = first.body_bytes;
      second->rule = "hedge";
      ++exchange_.trail.attempts;
      race.start(*second);
    }
  }
  co_await race.wait(Monotonic::max());
  co_await race.join();
  if (!second) co_return end(first, race.outcome(0));
  exchange_.services.metrics.hedged(second->target.spec->upstream, race.winner() == 1);
  const std::array<Attempt*, 2> attempts{&first, &*second};
  // Without a winner the second has the last word, unless the first ended only because nobody
  // waits any more: then that is what became of the call.
  const std::size_t last = race.winner().value_or(ended_for_all(race.outcome(0)) ? 0 : 1);
  const std::size_t other = 1 - last;
  // One that had failed by itself owes no more than it said.
  if (race.outcome(other) || ended_for_all(race.outcome(other)))
    owe_called_off(exchange_, *attempts[other]);
  (void)end(*attempts[other], race.outcome(other));
  co_return end(*attempts[last], race.outcome(last));
}

bool Course::was_called(const Target& target) const {
  return std::ranges::find(called_, target.spec->upstream) != called_.end();
}

NextAttempt Course::next_after(const Fault& fault) {
  if (over_) return {};
  const Tried tried{.attempts = static_cast<std::size_t>(exchange_.trail.attempts),
                    .passed = passed_,
                    .had_turn = had_turn_,
                    .target = target_,
                    .refused_loss = refused_loss_,
                    .asked = patience_.asked(exchange_.now())};
  const NextAttempt next =
      next_attempt(exchange_.model->retry, tried, fault, exchange_.loop().rng());
  if (!next.again || exchange_.now() + next.wait >= exchange_.deadline) return {};
  const Target& target = exchange_.decision.order[next.target];
  if (!was_called(target)) return next;
  if (auto place = exchange_.services.retries.further()) {
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
  const auto unnamed = time_unnamed(last, exchange_.trail.forgone);
  if (!last.retry_after && unnamed.count() > 0) last.retry_after = unnamed;
  return last;
}

}  // namespace naru::gateway
