#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace naru::gateway {

/// Keeps calls from an upstream that fails: open after several failures in a row or too large a
/// share of them; from then on one call in a while is let through to see how it does, and its first
/// success closes it. Pure: time comes in as a parameter and never goes back.
class Breaker {
 public:
  static constexpr int kOutcomesToJudge = 20;  ///< within one window; half of them opens
  static constexpr std::chrono::seconds kWindow{5};
  static constexpr std::chrono::seconds kBetweenProbes{1};
  /// So long no other probe follows one of which nothing is heard.
  static constexpr std::chrono::seconds kProbePatience{10};

  enum class State : std::uint8_t { Closed, Open, HalfOpen };  ///< half open: a probe is under way

  /// Zero: a call may go now, and unless closed it is the probe. Else how long until one may.
  std::chrono::nanoseconds admit(Monotonic now);
  /// As `admit`, but nothing goes.
  std::chrono::nanoseconds wait(Monotonic now) const;
  void succeeded(Monotonic now);
  /// Gives whether it opened by that, as it may after `failures_to_open` in a row; 0: never.
  bool failed(Monotonic now, std::uint32_t failures_to_open);
  /// A call that was let through has ended, and says nothing of the upstream.
  void ended_unheard();
  /// No probe before `until`: the upstream asked for that.
  void leave_alone(Monotonic until);

  State state() const;
  std::uint32_t failures() const { return in_a_row_; }  ///< in a row

 private:
  void count(Monotonic now, bool failure);

  std::uint32_t in_a_row_ = 0;
  Monotonic window_began_{};
  int outcomes_ = 0;  ///< of the window
  int failures_ = 0;
  bool open_ = false;
  bool probing_ = false;
  Monotonic last_probe_{};
  Monotonic next_probe_{};
  Monotonic asked_{};
};

/// `closed`, `open`, `half open`.
std::string_view word_of(Breaker::State state);

}  // namespace naru::gateway
