#include "gateway/route/route.h"

#include <gtest/gtest.h>

namespace naru::gateway {
namespace {

/// Upstream names in the order they would be tried.
std::vector<std::string> order_of(const std::vector<Candidate>& candidates, std::uint64_t seed,
                                  const Balancing& how = {}) {
  Rng rng(seed);
  std::vector<std::string> names;
  for (const Choice& choice : choose(candidates, how, rng))
    names.push_back(candidates[choice.candidate].spec->upstream);
  return names;
}

/// The rule each stands by, in the order they would be tried.
std::vector<std::string_view> rules_of(const std::vector<Candidate>& candidates,
                                       const Balancing& how) {
  Rng rng(1);
  std::vector<std::string_view> rules;
  for (const Choice& choice : choose(candidates, how, rng)) rules.push_back(choice.rule);
  return rules;
}

constexpr auto kEveryRule = std::to_array<Balancing>({{Balance::Weight},
                                                      {Balance::LeastOutstanding},
                                                      {Balance::PeakEwma},
                                                      {Balance::Prefix, 42},
                                                      {Balance::Prefix}});

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
  const Standing busy{.outstanding = 90, .slots = 1, .asleep = true, .delay_s = 60};
  for (const Balancing& how : kEveryRule)
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      const auto order =
          order_of({{.spec = &kSpare}, {.spec = &kA, .standing = busy}, {.spec = &kB}}, seed, how);
      ASSERT_EQ(order.size(), 3U);
      EXPECT_EQ(order.back(), "spare") << word_of(how.rule) << " seed " << seed;
    }
}

TEST(Route, leaves_out_what_has_no_weight_or_is_not_there) {
  for (const Balancing& how : kEveryRule)
    EXPECT_EQ(order_of({{.spec = &kOff}, {.spec = &kA, .exists = false}, {.spec = &kB}}, 1, how),
              std::vector<std::string>{"b"});
}

TEST(Route, tries_the_cooling_last_but_still_tries_them) {
  for (const Balancing& how : kEveryRule) {
    const auto order = order_of({{.spec = &kA, .cooling = true}, {.spec = &kSpare}}, 1, how);
    EXPECT_EQ(order, (std::vector<std::string>{"spare", "a"})) << word_of(how.rule);
  }
}

TEST(Route, tells_by_which_rule_each_stands_where_it_stands) {
  using Rules = std::vector<std::string_view>;
  const std::vector<Candidate> three{
      {.spec = &kA}, {.spec = &kSpare}, {.spec = &kB, .cooling = true}};
  EXPECT_EQ(rules_of(three, {Balance::Weight}), (Rules{"weight", "fallback", "cooling"}));
  EXPECT_EQ(rules_of(three, {Balance::LeastOutstanding}),
            (Rules{"least_outstanding", "fallback", "cooling"}));
  EXPECT_EQ(rules_of(three, {Balance::PeakEwma}), (Rules{"peak_ewma", "fallback", "cooling"}));
  EXPECT_EQ(rules_of(three, {Balance::Prefix, 1}), (Rules{"prefix", "fallback", "cooling"}));
}

TEST(Route, tells_when_a_conversation_is_not_where_it_belongs) {
  using Rules = std::vector<std::string_view>;
  std::vector<Candidate> two{{.spec = &kA, .standing = {.place = 1}},
                             {.spec = &kB, .standing = {.place = 2}}};
  const Balancing how{Balance::Prefix, 42};
  EXPECT_EQ(rules_of(two, how), (Rules{"prefix", "spill"}));
  const std::string home = order_of(two, 1, how).front();
  Candidate& first = home == "a" ? two[0] : two[1];
  first.standing.slots = first.standing.outstanding = 2;
  EXPECT_EQ(rules_of(two, how), (Rules{"spill", "prefix"}));
}

TEST(Route, spreads_by_calls_under_way_what_is_no_conversation) {
  const std::vector<Candidate> two{{.spec = &kA, .standing = {.outstanding = 4}}, {.spec = &kB}};
  EXPECT_EQ(order_of(two, 1, {Balance::Prefix}), (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(rules_of(two, {Balance::Prefix}).front(), "least_outstanding");
}

TEST(Route, decides_the_same_from_the_same) {
  const std::vector<Candidate> candidates{{.spec = &kA}, {.spec = &kB}, {.spec = &kSpare}};
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    EXPECT_EQ(order_of(candidates, seed), order_of(candidates, seed)) << "seed " << seed;
}

}  // namespace
}  // namespace naru::gateway
