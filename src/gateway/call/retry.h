#pragma once
#include "base/fault.h"
#include "base/rng.h"
#include "gateway/retry_policy.h"

namespace naru::gateway {

/// What comes after a failed attempt.
struct NextAttempt {
  bool again = false;
  std::size_t target = 0;             ///< index in the decision's order
  std::chrono::milliseconds wait{0};  ///< before it
};

/// How the attempts of one exchange stand.
struct Tried {
  std::size_t attempts = 0;  ///< made so far, at least one
  std::size_t target = 0;    ///< of the last one
  std::size_t targets = 1;   ///< how many there are
};

/// Pure: whether and where to try again after `fault`. Another target is tried at once; one that
/// was tried already waits a random time below base × 2ⁿ (full jitter), or as long as the upstream
/// asked if that is within the policy's longest wait.
NextAttempt next_attempt(const RetryPolicy& policy, const Tried& tried, const Fault& fault,
                         Rng& rng);

}  // namespace naru::gateway
