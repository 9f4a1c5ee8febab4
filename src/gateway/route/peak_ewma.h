#pragma once
#include <chrono>
#include <optional>

#include "base/clock.h"

namespace naru::gateway {

/// How long a target lets calls wait: a moving average that takes a peak at once and comes down
/// slowly. Pure: time comes in as a parameter and never goes back.
/// Source: Finagle's Peak EWMA, `com.twitter.finagle.loadbalancer.PeakEwma`.
class PeakEwma {
 public:
  /// Time constant: what was seen so long ago has 1/e of its part.
  static constexpr std::chrono::seconds kDecay{10};
  /// A call that failed counts as twice what is known, and at least and at most as these: a target
  /// that fails fast is not a fast one.
  static constexpr std::chrono::seconds kLeastOfFailed{1};
  static constexpr std::chrono::seconds kMostOfFailed{60};

  /// A call goes there.
  void asked(Monotonic now);
  void answered(std::chrono::nanoseconds took, Monotonic now);
  void failed(std::chrono::nanoseconds took, Monotonic now);
  /// The client left before there was an answer, which would have taken longer still.
  void given_up(std::chrono::nanoseconds waited, Monotonic now);

  /// In seconds; nullopt before the first answer. It fades from the last call on, so that a target
  /// that was slow long ago is tried again, and that call brings it back: one is enough to try.
  std::optional<double> delay_s(Monotonic now) const;

 private:
  bool known_ = false;
  double value_ = 0;
  Monotonic heard_{};
  Monotonic asked_{};
};

}  // namespace naru::gateway
