#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace naru::gateway {

/// What is left of a limit a minute, after the generic cell rate algorithm: a bucket holds a
/// minute's amount and fills all the time. Its whole state is when it will be full again, so one
/// that is full is the same as none, and a changed limit keeps the share that is used.
struct Bucket {
  Monotonic full_at = Monotonic::min();
  bool full(Monotonic now) const { return full_at <= now; }
};

/// Time one unit takes to come back: a whole number of nanoseconds, rounded up, so that no more
/// than the limit comes back. Of limits up to 100 million, 0.17 % less at most.
std::chrono::nanoseconds time_each(std::int64_t per_minute);

/// What is left at one moment.
struct Left {
  std::int64_t remaining = 0;        ///< units that would be given at once
  std::chrono::nanoseconds reset{};  ///< until it is full again
};
Left left(Bucket bucket, Monotonic now, std::int64_t per_minute);

/// What becomes of a wish.
struct Verdict {
  Bucket bucket;  ///< as it is after; unchanged unless `allowed`
  bool allowed = false;
  /// Exactly when the same wish would be granted if nobody else came; nullopt: it is, or it never
  /// will, being more than a minute's amount.
  std::optional<std::chrono::nanoseconds> retry_after = {};
};
/// May `cost` units be taken now? Over any time T no more than `per_minute` · (T / 60 s + 1) are
/// given. Pure.
Verdict decide(Bucket bucket, Monotonic now, std::int64_t cost, std::int64_t per_minute);

/// Longest that a bucket is in debt to what was used beyond what it gave.
inline constexpr std::chrono::hours kMostDebt{24};
/// After `used` units more, whether it had them or not: that may leave it below zero.
Bucket charged(Bucket bucket, Monotonic now, std::int64_t used, std::int64_t per_minute);

}  // namespace naru::gateway
