#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fault.h"
#include "gateway/route/breaker.h"

namespace naru::gateway {

/// What recent calls say about each upstream. One that fails is kept from calls by its breaker; one
/// that asks to be left alone, or cannot serve until an operator acts, cools down and is tried
/// last. Safe from any thread.
class Health {
 public:
  static constexpr std::chrono::seconds kMostAsked{60};  ///< longer is not believed

  explicit Health(const Clock& clock) : clock_(clock) {}

  /// Until when `upstream` cools; nullopt when it does not.
  std::optional<Monotonic> cooling(std::string_view upstream) const;
  /// How long until a call may go to `upstream`; zero: now.
  std::chrono::nanoseconds wait(std::string_view upstream) const;
  /// As `wait`; at zero the call is to be made, and one of the three below to follow.
  std::chrono::nanoseconds admit(std::string_view upstream);

  void succeeded(std::string_view upstream);
  /// Weighs the fault as `kReactions` says. Gives whether the upstream's breaker opened by it, as
  /// it may after `failures_to_open` in a row; 0: never.
  bool failed(std::string_view upstream, const Fault& fault, std::uint32_t failures_to_open);
  /// It refused a call for want of room while it served others: it cools, and its breaker, which
  /// is for one that serves nobody, has not heard of it.
  void crowded(std::string_view upstream, const Fault& fault);
  /// How long an upstream that asked for `asked` is left alone.
  static std::chrono::nanoseconds believed(std::chrono::nanoseconds asked) {
    return std::min<std::chrono::nanoseconds>(asked, kMostAsked);
  }
  /// The call never came to `upstream`.
  void ended_unheard(std::string_view upstream);

  struct State {
    Breaker breaker;
    Monotonic cools_until{};
    std::string last_fault;  ///< word of its kind
  };
  /// For people: what is known of `upstream`.
  State state(std::string_view upstream) const;

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, State, std::less<>> states_;  ///< of those that ever failed
};

}  // namespace naru::gateway
