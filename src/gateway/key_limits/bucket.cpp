#include "gateway/key_limits/bucket.h"

#include <algorithm>

namespace naru::gateway {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kMinute = std::chrono::minutes(1);

}  // namespace

nanoseconds time_each(std::int64_t per_minute) {
  return nanoseconds((kMinute.count() + per_minute - 1) / per_minute);
}

Left left(Bucket bucket, Monotonic now, std::int64_t per_minute) {
  const nanoseconds each = time_each(per_minute);
  const nanoseconds missing = std::max(bucket.full_at, now) - now;
  const std::int64_t missing_units = (missing + each - nanoseconds(1)) / each;
  return {.remaining = std::max<std::int64_t>(0, per_minute - missing_units), .reset = missing};
}

Verdict decide(Bucket bucket, Monotonic now, std::int64_t cost, std::int64_t per_minute) {
  Verdict verdict{.bucket = bucket};
  if (cost > per_minute) return verdict;
  const nanoseconds each = time_each(per_minute);
  const Monotonic full_at = std::max(bucket.full_at, now) + cost * each;
  const nanoseconds wait = full_at - (now + per_minute * each);
  if (wait > nanoseconds(0)) {
    verdict.retry_after = wait;
    return verdict;
  }
  verdict.allowed = true;
  verdict.bucket.full_at = full_at;
  return verdict;
}

Bucket charged(Bucket bucket, Monotonic now, std::int64_t used, std::int64_t per_minute) {
  const nanoseconds each = time_each(per_minute);
  const std::int64_t most = nanoseconds(kMostDebt) / each;  // no figure of a provider overflows
  const nanoseconds more = std::min(used, most) * each;
  return {.full_at = std::min(std::max(bucket.full_at, now) + more, now + kMostDebt)};
}

}  // namespace naru::gateway
