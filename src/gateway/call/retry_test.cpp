#include "gateway/call/retry.h"

#include <gtest/gtest.h>

#include <set>

#include "gateway/reaction.h"

namespace naru::gateway {
namespace {

using std::chrono::milliseconds;

using Asked = std::vector<std::optional<milliseconds>>;

/// So many targets, none of which wants to be left alone.
Asked alone(std::size_t targets) { return Asked(targets, milliseconds(0)); }

/// `tried`, where the targets had their turns in their order, up to the last.
Tried in_order(Tried tried) {
  tried.had_turn.assign(tried.asked.size(), false);
  for (std::size_t i = 0; i < tried.asked.size() && i < tried.attempts + tried.passed; ++i)
    tried.had_turn[i] = true;
  return tried;
}

NextAttempt after(FaultKind kind, const Tried& tried, const RetryPolicy& policy = {}) {
  Rng rng(7);
  const Fault fault{.kind = kind, .detail = {}};
  return next_attempt(policy, in_order(tried), fault, rng);
}

TEST(Retry, goes_to_the_next_target_at_once) {
  const NextAttempt next =
      after(FaultKind::UpstreamFailed, {.attempts = 1, .target = 0, .asked = alone(2)});
  EXPECT_TRUE(next.again);
  EXPECT_EQ(next.target, 1U);
  EXPECT_EQ(next.wait, milliseconds(0));
}

TEST(Retry, goes_to_a_target_without_a_turn_before_one_that_had_it) {
  Rng rng(7);
  const Fault fault{.kind = FaultKind::Overloaded, .detail = {}};
  const Tried first_behind_second{
      .attempts = 2, .had_turn = {true, true, false}, .target = 0, .asked = alone(3)};
  const NextAttempt next = next_attempt({}, first_behind_second, fault, rng);
  EXPECT_EQ(next.target, 2U);
  EXPECT_EQ(next.wait, milliseconds(0));
}

TEST(Retry, waits_below_the_ceiling_before_the_same_target) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    const Fault fault{.kind = FaultKind::UpstreamFailed, .detail = {}};
    const NextAttempt next =
        next_attempt({.attempts = 9}, in_order({.attempts = 3, .asked = alone(1)}), fault, rng);
    ASSERT_TRUE(next.again) << "seed " << seed;
    ASSERT_LE(next.wait, milliseconds(1'000)) << "seed " << seed;
  }
}

TEST(Retry, never_repeats_what_is_the_clients_to_mend) {
  EXPECT_FALSE(
      after(FaultKind::UpstreamRefused, {.attempts = 1, .target = 0, .asked = alone(3)}).again);
  EXPECT_FALSE(
      after(FaultKind::InvalidRequest, {.attempts = 1, .target = 0, .asked = alone(3)}).again);
  EXPECT_FALSE(after(FaultKind::Cancelled, {.attempts = 1, .target = 0, .asked = alone(3)}).again);
}

TEST(Retry, does_not_ask_again_a_target_that_would_say_the_same) {
  EXPECT_FALSE(after(FaultKind::UpstreamAuth, {.attempts = 1, .asked = {std::nullopt}}).again);
  EXPECT_FALSE(after(FaultKind::UpstreamAuth,
                     {.attempts = 2, .target = 1, .asked = {std::nullopt, std::nullopt}})
                   .again);
  const NextAttempt next =
      after(FaultKind::UpstreamFailed,
            {.attempts = 2, .target = 1, .asked = {std::nullopt, alone(1)[0]}});
  EXPECT_TRUE(next.again);
  EXPECT_EQ(next.target, 1U);
}

TEST(Retry, goes_on_behind_a_target_it_passed_over) {
  const Asked second_alone{std::nullopt, milliseconds(0)};
  const NextAttempt next =
      after(FaultKind::Overloaded, {.passed = 1, .asked = second_alone}, {.attempts = 1});
  EXPECT_TRUE(next.again);
  EXPECT_EQ(next.target, 1U);
  EXPECT_FALSE(after(FaultKind::Overloaded, {.passed = 1, .asked = {std::nullopt}}).again)
      << "nobody waits for an open breaker";
}

TEST(Retry, follows_the_row_of_each_kind) {
  for (const Reaction& row : kReactions) {
    EXPECT_EQ(after(row.kind, {.attempts = 1, .asked = alone(2)}).again, row.elsewhere)
        << naru::row(row.kind).word;
    EXPECT_TRUE(row.elsewhere || !row.again) << naru::row(row.kind).word;
  }
}

TEST(Retry, ends_with_the_policys_attempts) {
  EXPECT_FALSE(
      after(FaultKind::UpstreamFailed, {.attempts = 3, .target = 2, .asked = alone(5)}).again);
}

TEST(Retry, waits_as_long_as_the_target_it_goes_to_asked) {
  const milliseconds soon{3'000};
  const milliseconds late{30'000};
  EXPECT_GE(after(FaultKind::RateLimited, {.attempts = 1, .asked = {soon}}).wait, soon);
  EXPECT_FALSE(after(FaultKind::RateLimited, {.attempts = 1, .asked = {late}}).again);
  const Tried first_asked{.attempts = 2, .target = 1, .asked = {soon, milliseconds(0)}};
  EXPECT_GE(after(FaultKind::UpstreamFailed, first_asked).wait, soon);
  const Tried second_asked{.attempts = 2, .target = 1, .asked = {milliseconds(0), late}};
  const NextAttempt next = after(FaultKind::RateLimited, second_asked);
  EXPECT_TRUE(next.again);
  EXPECT_EQ(next.target, 0U);
  EXPECT_LE(next.wait, milliseconds(1'000));
}

TEST(Retry, goes_elsewhere_when_a_target_cannot_carry_the_request) {
  const FaultKind refused = FaultKind::InvalidRequest;
  EXPECT_TRUE(after(refused, {.attempts = 1, .refused_loss = true, .asked = alone(2)}).again);
  const Tried second_round{
      .attempts = 2, .target = 1, .refused_loss = true, .asked = {milliseconds(0), std::nullopt}};
  EXPECT_EQ(after(refused, second_round).target, 0U);
  EXPECT_TRUE(after(refused, second_round).again);
  const Asked none{std::nullopt, std::nullopt};
  EXPECT_FALSE(after(refused, {.attempts = 2, .refused_loss = true, .asked = none}).again);
}

TEST(Retry, spreads_its_waits) {
  std::set<std::int64_t> waits;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed);
    const Fault fault{.kind = FaultKind::UpstreamFailed, .detail = {}};
    waits.insert(next_attempt({.attempts = 9}, in_order({.attempts = 3}), fault, rng).wait.count() /
                 100);
  }
  EXPECT_GE(waits.size(), 10U);  // tenths of the ceiling, which is a second
}

}  // namespace
}  // namespace naru::gateway
