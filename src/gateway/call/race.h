#pragma once
#include <list>

#include "gateway/call/attempt.h"
#include "net/handoff.h"

namespace naru::gateway {

/// Attempts of one exchange that run side by side until one has an answer to give. Belongs to one
/// loop; `join` is awaited before it goes.
class Race {
 public:
  explicit Race(Exchange& exchange) : exchange_(exchange), tasks_(exchange.loop()) {}
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;

  /// Runs `attempt` until it succeeds, fails or is called off. Lifetime: it outlives `join`.
  void start(Attempt& attempt);
  /// Waits until one has won, all have failed, or it is `patience`.
  net::Task<void> wait(Monotonic patience);
  /// Whether one has won, or all have failed.
  bool is_over() const;
  /// Calls off what still runs, and waits for its end.
  net::Task<void> join();
  /// Index, in the order of their starts, of the first that succeeded; nullopt: none has.
  std::optional<std::size_t> winner() const { return winner_; }
  /// How each ended, in the order of their starts. After `join`.
  const Result<void>& outcome(std::size_t index) const;

 private:
  /// One attempt and the word that ends it: the client is gone, or another has won.
  struct Runner {
    Runner(Attempt& attempt_, net::Stop& gone);
    Attempt& attempt;
    net::Stop stop;
    net::Stop::Waiter gone_too;
    std::optional<Result<void>> outcome = {};
  };
  net::Task<void> follow(Runner& runner, std::size_t index);

  Exchange& exchange_;
  net::TaskGroup tasks_;
  std::list<Runner> runners_;
  std::optional<std::size_t> winner_;
  net::Stop* told_ = nullptr;  ///< of who waits: one has ended
};

}  // namespace naru::gateway
