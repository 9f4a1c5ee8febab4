#include "gateway/queue/fair_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "base/rng.h"

namespace naru::gateway {
namespace {

using enum Priority;

/// A queue whose calls are numbered as they come.
struct Numbered {
  FairQueue queue;
  std::uint64_t last = 0;
  FairQueue::Turn push(std::int64_t principal, Priority priority = Interactive) {
    return queue.push(priority, principal, ++last);
  }
  /// Whose call is served.
  std::int64_t serve() {
    const auto [turn, principal] = *queue.order().begin();
    queue.served(turn);
    return principal;
  }
  std::vector<std::int64_t> serve_all() {
    std::vector<std::int64_t> served;
    while (!queue.empty()) served.push_back(serve());
    return served;
  }
};

using Order = std::vector<std::int64_t>;

TEST(FairQueue, serves_one_principal_in_the_order_it_came) {
  Numbered calls;
  const auto first = calls.push(1);
  const auto second = calls.push(1);
  EXPECT_LT(first, second);
  EXPECT_EQ(calls.queue.before(second), 1U);
}

TEST(FairQueue, serves_principals_in_turn) {
  Numbered calls;
  for (int i = 0; i < 4; ++i) calls.push(1);
  calls.push(2);
  calls.push(3);
  calls.push(2);
  EXPECT_EQ(calls.serve_all(), (Order{1, 2, 3, 1, 2, 1, 1}));
}

TEST(FairQueue, holds_no_call_that_left_against_those_that_come) {
  Numbered calls;
  calls.push(1);
  std::vector<FairQueue::Turn> left;
  for (int i = 0; i < 30; ++i) left.push_back(calls.push(1));
  for (const FairQueue::Turn& turn : left) calls.queue.left(turn);
  for (int i = 0; i < 3; ++i) calls.push(2);
  calls.push(1);
  EXPECT_EQ(calls.serve_all(), (Order{1, 2, 2, 1, 2}));
}

TEST(FairQueue, lets_who_comes_late_not_catch_up_on_the_past) {
  Numbered calls;
  for (int i = 0; i < 6; ++i) calls.push(1);
  EXPECT_EQ(calls.serve(), 1);
  EXPECT_EQ(calls.serve(), 1);
  for (int i = 0; i < 3; ++i) calls.push(2);
  EXPECT_EQ(calls.serve_all(), (Order{1, 2, 1, 2, 1, 2, 1}));
}

TEST(FairQueue, serves_higher_classes_first) {
  Numbered calls;
  calls.push(1, Batch);
  calls.push(2, Interactive);
  calls.push(3, Critical);
  calls.push(2, Critical);
  EXPECT_EQ(calls.serve_all(), (Order{3, 2, 2, 1}));
}

TEST(FairQueue, closes_the_gap_where_one_left) {
  Numbered calls;
  calls.push(1);
  const auto gone = calls.push(2);
  const auto last = calls.push(3);
  EXPECT_EQ(calls.queue.before(last), 2U);
  calls.queue.left(gone);
  EXPECT_EQ(calls.queue.before(last), 1U);
  EXPECT_EQ(calls.serve_all(), (Order{1, 3}));
}

/// While two principals both wait, neither is served more than once more than the other, and once
/// more again where a round was half over when they began to.
TEST(FairQueue, is_fair_whatever_comes) {
  for (int round = 0; round < 100; ++round) {
    const std::uint64_t seed = std::random_device{}();
    Rng rng(seed);
    Numbered calls;
    std::map<std::int64_t, int> waiting;
    std::map<std::int64_t, int> served;  // since both wait
    for (int step = 0; step < 500; ++step) {
      if (rng.below(2) == 0 || calls.queue.empty()) {
        const auto principal = static_cast<std::int64_t>(rng.below(2));
        if (waiting[principal]++ == 0) served.clear();
        calls.push(principal);
      } else {
        const bool both = waiting[0] > 0 && waiting[1] > 0;
        const std::int64_t principal = calls.serve();
        if (both) ++served[principal];
        if (--waiting[principal] == 0) served.clear();
      }
      ASSERT_LE(std::abs(served[0] - served[1]), 2) << "seed " << seed;
      ASSERT_EQ(calls.queue.order().size(), static_cast<std::size_t>(waiting[0] + waiting[1]));
    }
  }
}

}  // namespace
}  // namespace naru::gateway
