#pragma once
#include <span>
#include <vector>

#include "gateway/call/attempt.h"
#include "gateway/call/place.h"
#include "gateway/call/retry.h"
#include "gateway/reaction.h"

namespace naru::gateway {

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
      : exchange_(exchange),
        patience_(exchange.decision.order.size()),
        had_turn_(exchange.decision.order.size()) {}

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
  Result<void> pass(std::span<const std::size_t> targets, Result<void> outcome);
  bool may_call_again(std::span<const std::size_t> asked) const;
  Result<void> end(Attempt& attempt, Result<void> outcome);
  bool may_hedge() const;
  std::optional<Place> place_beside();
  net::Task<Result<void>> race(Attempt& first);
  bool is_open(std::size_t target) const;
  std::vector<std::size_t> open_targets() const;
  registry::Endpoints::InBackoff in_backoff() const;

  Exchange& exchange_;
  Patience patience_;
  std::optional<RetryBudget::Lease> retry_ = {};
  std::size_t passed_ = 0;
  std::vector<bool> had_turn_;
  bool over_ = false;
  bool refused_loss_ = false;
  std::size_t target_ = 0;
  std::vector<std::string_view> called_ = {};              ///< upstreams
  std::optional<Fault> failed_ = {};                       ///< the last of a target that was called
  std::optional<std::chrono::milliseconds> reopens_ = {};  ///< the first of those that are open
};

}  // namespace naru::gateway
