#include "gateway/call/retry.h"

#include <gtest/gtest.h>

namespace naru::gateway {
namespace {

using std::chrono::milliseconds;

NextAttempt after(FaultKind kind, Tried tried, std::optional<milliseconds> asked = {},
                  RetryPolicy policy = {}) {
  Rng rng(7);
  Fault fault{.kind = kind, .detail = {}};
  fault.retry_after = asked;
  return next_attempt(policy, tried, fault, rng);
}

TEST(Retry, goes_to_the_next_target_at_once) {
  const NextAttempt next =
      after(FaultKind::UpstreamFailed, {.attempts = 1, .target = 0, .targets = 2});
  EXPECT_TRUE(next.again);
  EXPECT_EQ(next.target, 1U);
  EXPECT_EQ(next.wait, milliseconds(0));
}

TEST(Retry, waits_below_the_ceiling_before_the_same_target) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    const Fault fault{.kind = FaultKind::UpstreamFailed, .detail = {}};
    const NextAttempt next =
        next_attempt({.attempts = 9}, {.attempts = 3, .target = 0, .targets = 1}, fault, rng);
    ASSERT_TRUE(next.again) << "seed " << seed;
    ASSERT_LE(next.wait, milliseconds(1'000)) << "seed " << seed;
  }
}

TEST(Retry, never_repeats_what_is_the_clients_to_mend) {
  EXPECT_FALSE(after(FaultKind::UpstreamRefused, {.attempts = 1, .target = 0, .targets = 3}).again);
  EXPECT_FALSE(after(FaultKind::InvalidRequest, {.attempts = 1, .target = 0, .targets = 3}).again);
  EXPECT_FALSE(after(FaultKind::Cancelled, {.attempts = 1, .target = 0, .targets = 3}).again);
}

TEST(Retry, does_not_ask_again_a_sole_target_that_refused_our_credential) {
  EXPECT_FALSE(after(FaultKind::UpstreamAuth, {.attempts = 1, .target = 0, .targets = 1}).again);
  EXPECT_TRUE(after(FaultKind::UpstreamAuth, {.attempts = 1, .target = 0, .targets = 2}).again);
}

TEST(Retry, ends_with_the_policys_attempts) {
  EXPECT_FALSE(after(FaultKind::UpstreamFailed, {.attempts = 3, .target = 2, .targets = 5}).again);
}

TEST(Retry, waits_as_long_as_the_upstream_asked_or_gives_up) {
  const Tried once{.attempts = 1, .target = 0, .targets = 1};
  EXPECT_GE(after(FaultKind::RateLimited, once, milliseconds(3'000)).wait, milliseconds(3'000));
  EXPECT_FALSE(after(FaultKind::RateLimited, once, milliseconds(30'000)).again);
}

}  // namespace
}  // namespace naru::gateway
