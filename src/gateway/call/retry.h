#pragma once
#include <optional>
#include <vector>

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
  std::size_t attempts = 0;      ///< made so far
  std::size_t passed = 0;        ///< times a target was passed over instead, its breaker being open
  std::vector<bool> had_turn{};  ///< one entry a target: it was called, or passed over
  std::size_t target = 0;        ///< of the last of either
  bool refused_loss = false;     ///< it could not carry the request; another may
  /// One entry a target: how long from now it wants to be left alone; nullopt: for good, since it
  /// would say the same again.
  std::vector<std::optional<std::chrono::milliseconds>> asked{std::chrono::milliseconds(0)};
};

/// Pure: whether and where to try again after `fault`, by `kReactions`. A target not tried yet is
/// tried at once, the next behind the last; one that was waits a random time below base × 2ⁿ (full
/// jitter), or as long as it asked if that is within the policy's longest wait; else the next one
/// is looked at.
NextAttempt next_attempt(const RetryPolicy& policy, const Tried& tried, const Fault& fault,
                         Rng& rng);

}  // namespace naru::gateway
