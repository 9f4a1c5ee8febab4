#include "gateway/call/retry.h"

#include <algorithm>

namespace naru::gateway {
namespace {

/// The same target would say the same again.
bool is_lasting(FaultKind kind) {
  return kind == FaultKind::UpstreamAuth || kind == FaultKind::UpstreamInvalid;
}

}  // namespace

NextAttempt next_attempt(const RetryPolicy& policy, const Tried& tried, const Fault& fault,
                         Rng& rng) {
  if (!row(fault.kind).retry || tried.attempts >= policy.attempts) return {};
  const std::size_t next = (tried.target + 1) % tried.targets;
  const bool fresh = tried.attempts < tried.targets;
  if (fresh) return {.again = true, .target = next};
  if (tried.targets == 1 && is_lasting(fault.kind)) return {};
  const std::size_t round = tried.attempts / tried.targets - 1;
  const auto ceiling = std::min(policy.most, policy.base * (1 << std::min<std::size_t>(round, 16)));
  std::chrono::milliseconds wait{
      static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(ceiling.count()) + 1))};
  if (fault.retry_after) {
    if (*fault.retry_after > policy.most) return {};
    wait = std::max(wait, *fault.retry_after);
  }
  return {.again = true, .target = next, .wait = wait};
}

}  // namespace naru::gateway
