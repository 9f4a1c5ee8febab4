#include "gateway/route/route.h"

#include <gtest/gtest.h>

namespace naru::gateway {
namespace {

/// Upstream names in the order they would be tried.
std::vector<std::string> order_of(const std::vector<Candidate>& candidates, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::string> names;
  for (const Choice& choice : choose(candidates, rng))
    names.push_back(candidates[choice.candidate].spec->upstream);
  return names;
}

const TargetSpec kA{.upstream = "a", .weight = 3};
const TargetSpec kB{.upstream = "b", .weight = 1};
const TargetSpec kSpare{.upstream = "spare", .tier = 1};
const TargetSpec kOff{.upstream = "off", .weight = 0};

TEST(Route, draws_by_weight) {
  int a_first = 0;
  for (std::uint64_t seed = 0; seed < 4'000; ++seed)
    if (order_of({{.spec = &kA}, {.spec = &kB}}, seed).front() == "a") ++a_first;
  EXPECT_NEAR(a_first, 3'000, 150);
}

TEST(Route, tries_a_higher_tier_after_all_lower_ones) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto order = order_of({{.spec = &kSpare}, {.spec = &kA}, {.spec = &kB}}, seed);
    ASSERT_EQ(order.size(), 3U);
    EXPECT_EQ(order.back(), "spare") << "seed " << seed;
  }
}

TEST(Route, leaves_out_what_has_no_weight_or_is_not_there) {
  EXPECT_EQ(order_of({{.spec = &kOff}, {.spec = &kA, .exists = false}, {.spec = &kB}}, 1),
            std::vector<std::string>{"b"});
}

TEST(Route, tries_the_cooling_last_but_still_tries_them) {
  const auto order = order_of({{.spec = &kA, .cooling = true}, {.spec = &kSpare}}, 1);
  EXPECT_EQ(order, (std::vector<std::string>{"spare", "a"}));
}

TEST(Route, decides_the_same_from_the_same) {
  const std::vector<Candidate> candidates{{.spec = &kA}, {.spec = &kB}, {.spec = &kSpare}};
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    EXPECT_EQ(order_of(candidates, seed), order_of(candidates, seed)) << "seed " << seed;
}

}  // namespace
}  // namespace naru::gateway
