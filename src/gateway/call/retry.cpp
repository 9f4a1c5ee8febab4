#include "gateway/call/retry.h"

#include <algorithm>

#include "gateway/reaction.h"

namespace naru::gateway {

NextAttempt next_attempt(const RetryPolicy& policy, const Tried& tried, const Fault& fault,
                         Rng& rng) {
  const bool worth_it = reaction_to(fault.kind).elsewhere || tried.refused_loss;
  if (!worth_it || tried.attempts >= policy.attempts) return {};
  const auto next = [&](std::size_t step) { return (tried.target + step) % tried.asked.size(); };
  for (std::size_t step = 1; step < tried.asked.size(); ++step)
    if (!tried.had_turn[next(step)]) return {.again = true, .target = next(step)};
  const std::size_t turns = std::max(tried.attempts + tried.passed, tried.asked.size());
  const std::size_t round = turns / tried.asked.size() - 1;
  const auto ceiling = std::min(policy.most, policy.base * (1 << std::min<std::size_t>(round, 16)));
  const std::chrono::milliseconds jitter{
      static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(ceiling.count()) + 1))};
  for (std::size_t step = 1; step <= tried.asked.size(); ++step) {
    const auto& asked = tried.asked[next(step)];
    if (asked && *asked <= policy.most)
      return {.again = true, .target = next(step), .wait = std::max(jitter, *asked)};
  }
  return {};
}

}  // namespace naru::gateway
