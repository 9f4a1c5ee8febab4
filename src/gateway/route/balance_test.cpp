#include "gateway/route/balance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace naru::gateway {
namespace {

using testing::ElementsAre;
using Order = std::vector<std::size_t>;
using Standings = std::vector<Standing>;

constexpr std::uint64_t kSeeds = 500;

std::uint64_t place_number(std::size_t i) { return place_of("replica-" + std::to_string(i)); }

/// Targets of those weights with nothing to do.
Standings idle(const std::vector<std::uint32_t>& weights) {
  Standings standings;
  for (const std::uint32_t weight : weights)
    standings.push_back({.weight = weight, .place = place_number(standings.size())});
  return standings;
}

/// Targets in any state.
Standings any_standings(Rng& rng) {
  Standings standings(1 + rng.below(12));
  for (std::size_t i = 0; i < standings.size(); ++i) {
    Standing& one = standings[i];
    one.weight = static_cast<std::uint32_t>(1 + rng.below(rng.below(4) == 0 ? 1'000'000 : 5));
    one.outstanding = static_cast<std::uint32_t>(rng.below(40));
    one.slots = static_cast<std::uint32_t>(rng.below(2) * (1 + rng.below(32)));
    one.asleep = rng.below(10) == 0;
    if (rng.below(4) > 0) one.delay_s = rng.fraction() * 5;
    one.place = place_number(i);
  }
  return standings;
}

Order order_by(Balance rule, const Standings& standings, Rng& rng) {
  switch (rule) {
    case Balance::Weight:
      return order_by_weight(standings, rng);
    case Balance::LeastOutstanding:
      return order_by_outstanding(standings, rng);
    case Balance::PeakEwma:
      return order_by_delay(standings, rng);
    case Balance::Prefix:
      return order_by_prefix(standings, rng.next());
  }
  return {};
}

/// How often each of `standings` is first in `times` orders, as a part of all.
std::vector<double> firsts(Balance rule, const Standings& standings, int times = 20'000) {
  Rng rng(7);
  std::vector<double> parts(standings.size());
  for (int i = 0; i < times; ++i) parts[order_by(rule, standings, rng).front()] += 1.0 / times;
  return parts;
}

bool any_has_room(const Standings& standings) { return std::ranges::any_of(standings, has_room); }

/// Whether the target may have one call more without being beyond its share.
bool is_within_share(const Standings& standings, std::size_t i) {
  std::uint64_t calls = 1;
  std::uint64_t weights = 0;
  for (const Standing& one : standings) {
    calls += one.outstanding;
    weights += one.weight;
  }
  return standings[i].outstanding < share_of(calls, standings[i].weight, weights);
}

class EveryRule : public testing::TestWithParam<Balance> {};

TEST_P(EveryRule, has_every_target_once) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Rng rng(seed);
    const Standings standings = any_standings(rng);
    Order order = order_by(GetParam(), standings, rng);
    std::ranges::sort(order);
    Order all(standings.size());
    std::iota(all.begin(), all.end(), 0);
    ASSERT_EQ(order, all) << "seed " << seed;
  }
}

TEST_P(EveryRule, says_the_same_of_the_same) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Rng rng(seed);
    const Standings standings = any_standings(rng);
    Rng one(seed);
    Rng other(seed);
    ASSERT_EQ(order_by(GetParam(), standings, one), order_by(GetParam(), standings, other))
        << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryRule,
                         testing::Values(Balance::Weight, Balance::LeastOutstanding,
                                         Balance::PeakEwma, Balance::Prefix),
                         [](const auto& rule) { return std::string(word_of(rule.param)); });

TEST(Weight, decides_the_part_of_calls_of_targets_with_nothing_to_do) {
  for (const Balance rule : {Balance::Weight, Balance::LeastOutstanding, Balance::Prefix}) {
    const std::vector<double> parts = firsts(rule, idle({1, 3, 6}));
    EXPECT_NEAR(parts[0], 0.1, 0.02) << word_of(rule);
    EXPECT_NEAR(parts[1], 0.3, 0.02) << word_of(rule);
    EXPECT_NEAR(parts[2], 0.6, 0.02) << word_of(rule);
  }
}

/// Calls that never end, so that all that counts is how many each has.
TEST(Weight, decides_the_part_of_calls_under_way) {
  for (const Balance rule : {Balance::LeastOutstanding, Balance::PeakEwma}) {
    Standings standings = idle({1, 3, 6});
    for (Standing& one : standings) one.delay_s = 1;
    Rng rng(11);
    for (int call = 0; call < 1'000; ++call)
      ++standings[order_by(rule, standings, rng).front()].outstanding;
    EXPECT_NEAR(standings[0].outstanding, 100, 15) << word_of(rule);
    EXPECT_NEAR(standings[1].outstanding, 300, 15) << word_of(rule);
    EXPECT_NEAR(standings[2].outstanding, 600, 15) << word_of(rule);
  }
}

TEST(LeastOutstanding, takes_the_fewest_calls_for_the_weight_of_those_with_room) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Rng rng(seed);
    const Standings standings = any_standings(rng);
    const Standing& first = standings[order_by_outstanding(standings, rng).front()];
    ASSERT_EQ(has_room(first), any_has_room(standings)) << "seed " << seed;
    for (const Standing& one : standings)
      if (has_room(one) == has_room(first))
        ASSERT_LE(std::uint64_t{first.outstanding} * one.weight,
                  std::uint64_t{one.outstanding} * first.weight)
            << "seed " << seed;
  }
}

TEST(LeastOutstanding, wakes_an_engine_only_when_those_that_run_are_full) {
  Standings standings = idle({1, 1});
  standings[0] = {.outstanding = 3, .slots = 4, .place = 1};
  standings[1].asleep = true;
  Rng rng(1);
  EXPECT_THAT(order_by_outstanding(standings, rng), ElementsAre(0, 1));
  standings[0].outstanding = 4;
  EXPECT_THAT(order_by_outstanding(standings, rng), ElementsAre(1, 0));
}

TEST(PeakEwmaOfTwo, is_never_the_worse) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Rng rng(seed);
    Standings standings = any_standings(rng);
    standings.resize(2, standings.front());
    const Order order = order_by_delay(standings, rng);
    const Standing& first = standings[order[0]];
    const Standing& second = standings[order[1]];
    ASSERT_GE(has_room(first), has_room(second)) << "seed " << seed;
    if (has_room(first) == has_room(second))
      ASSERT_LE(cost_of(first), cost_of(second)) << "seed " << seed;
  }
}

TEST(PeakEwmaOfMany, never_tries_the_worst_before_another) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Rng rng(seed);
    Standings standings = idle(std::vector<std::uint32_t>(2 + rng.below(8), 1));
    for (Standing& one : standings) one.delay_s = rng.fraction();
    const auto worst = std::ranges::max_element(standings, {}, cost_of) - standings.begin();
    const Order order = order_by_delay(standings, rng);
    ASSERT_EQ(order.back(), worst) << "seed " << seed;
  }
}

TEST(PeakEwmaOfMany, tries_what_nobody_knows_by_one_call_at_a_time) {
  Standings standings = idle({1, 1});
  standings[0].delay_s = 0.001;
  Rng rng(1);
  EXPECT_EQ(order_by_delay(standings, rng).front(), 1U) << "so that it becomes known";
  standings[1].outstanding = 1;
  standings[0].outstanding = 10'000;
  EXPECT_EQ(order_by_delay(standings, rng).front(), 0U) << "it may never answer";
}

TEST(Prefix, moves_only_the_conversations_of_a_target_that_goes) {
  Rng rng(3);
  const Standings before = idle({1, 2, 3, 1, 4});
  int moved = 0;
  constexpr int kKeys = 20'000;
  for (int i = 0; i < kKeys; ++i) {
    const std::uint64_t key = rng.next();
    Standings after = before;
    after.erase(after.begin() + 2);
    const Standing& home = before[home_of(before, key)];
    const Standing& then = after[home_of(after, key)];
    if (home.place == before[2].place) {
      ++moved;
      ASSERT_EQ(then.place, before[order_by_prefix(before, key)[1]].place)
          << "key " << key << " goes where it would have spilled to";
    } else {
      ASSERT_EQ(then.place, home.place) << "key " << key;
    }
  }
  EXPECT_NEAR(static_cast<double>(moved) / kKeys, 3.0 / 11, 0.02) << "its share";
}

TEST(Prefix, moves_conversations_only_to_a_target_that_weighs_more) {
  Rng rng(5);
  const Standings before = idle({1, 2, 3});
  Standings after = before;
  after[1].weight = 4;
  for (int i = 0; i < 5'000; ++i) {
    const std::uint64_t key = rng.next();
    const std::size_t then = home_of(after, key);
    if (then != home_of(before, key)) ASSERT_EQ(then, 1U) << "key " << key;
  }
}

TEST(Prefix, goes_beyond_slots_and_share_only_where_no_other_is_within) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Rng rng(seed);
    const Standings standings = any_standings(rng);
    const Order order = order_by_prefix(standings, rng.next());
    const auto fits = [&](std::size_t i) {
      return has_room(standings[i]) && is_within_share(standings, i);
    };
    ASSERT_EQ(has_room(standings[order[0]]), any_has_room(standings)) << "seed " << seed;
    ASSERT_EQ(fits(order[0]), std::ranges::any_of(order, fits)) << "seed " << seed;
  }
}

TEST(Prefix, always_has_a_target_within_its_share) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Rng rng(seed);
    Standings standings = any_standings(rng);
    bool found = false;
    for (std::size_t i = 0; i < standings.size(); ++i) found |= is_within_share(standings, i);
    ASSERT_TRUE(found) << "seed " << seed;
  }
}

TEST(Prefix, spreads_one_crowded_conversation_and_comes_back) {
  Standings standings = idle({1, 1, 1, 1});
  constexpr std::uint64_t kKey = 99;
  const std::size_t home = home_of(standings, kKey);
  for (int call = 1; call <= 400; ++call) {
    const std::size_t first = order_by_prefix(standings, kKey).front();
    if (standings[home].outstanding < kSmallShare) ASSERT_EQ(first, home);
    ASSERT_LE(++standings[first].outstanding, std::max(4.0, std::ceil(1.25 * call / 4)));
  }
  for (const Standing& one : standings) EXPECT_GE(one.outstanding, 25U);
  standings[home].outstanding = 10;
  EXPECT_EQ(order_by_prefix(standings, kKey).front(), home);
}

TEST(Prefix, spills_when_slots_are_full_and_comes_back_when_one_is_free) {
  Standings standings = idle({1, 1, 1});
  for (Standing& one : standings) one.slots = 1;
  for (std::uint64_t key = 0; key < 100; ++key) {
    const std::size_t home = home_of(standings, key);
    ASSERT_EQ(order_by_prefix(standings, key).front(), home);
    standings[home].outstanding = 1;
    const std::size_t other = order_by_prefix(standings, key).front();
    ASSERT_NE(other, home);
    ASSERT_EQ(order_by_prefix(standings, key).front(), other) << "always to the same";
    standings[home].outstanding = 0;
  }
}

TEST(Share, is_a_quarter_more_than_the_part_and_never_less_than_a_few) {
  EXPECT_EQ(share_of(1, 1, 10), kSmallShare);
  EXPECT_EQ(share_of(100, 1, 4), 32U);
  EXPECT_EQ(share_of(100, 3, 4), 94U);
}

}  // namespace
}  // namespace naru::gateway
