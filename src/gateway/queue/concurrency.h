#pragma once
#include <cstdint>

#include "base/clock.h"

namespace naru::gateway {

/// How many calls an upstream takes at once, learnt from what it does: as many as it may until it
/// refuses some while it serves others; then those it serves, and one more now and then. A refusal
/// of the only call says nothing of how many; that is the breaker's. Pure: time comes in as a
/// parameter and never goes back.
class Concurrency {
 public:
  /// So long after a refusal no more is tried than was served then.
  static constexpr std::chrono::seconds kHold{5};

  struct Bounds {
    std::uint32_t least = 1;
    std::uint32_t most = 10'000;
    bool operator==(const Bounds&) const = default;
  };

  /// Calls at once, now.
  std::uint32_t limit(const Bounds& bounds) const;
  /// A call was refused for want of room, beside `others` under way.
  void refused(std::uint32_t others, Monotonic now, const Bounds& bounds);
  /// A call that began at `began` was taken; `full`: as many were under way as the limit allows.
  void taken(bool full, Monotonic began, Monotonic now, const Bounds& bounds);

 private:
  double limit_ = kUnknown;
  double served_ = kUnknown;  ///< at once, when it last refused: below it the limit grows fast
  Monotonic refused_at_{};
  bool in_doubt_ = false;  ///< it refused, and no call that ran beside that has been taken yet

  static constexpr double kUnknown = 1e9;  ///< no bound but the operator's
};

}  // namespace naru::gateway
