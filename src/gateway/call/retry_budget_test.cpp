#include "gateway/call/retry_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/rng.h"

namespace naru::gateway {
namespace {

TEST(RetryBudget, always_has_room_for_three) {
  RetryBudget budget;
  std::vector<RetryBudget::Lease> held;
  for (int i = 0; i < 3; ++i) held.push_back(*budget.further());
  EXPECT_FALSE(budget.further());
  held.pop_back();
  EXPECT_TRUE(budget.further());
}

TEST(RetryBudget, is_a_fifth_of_first_calls_and_so_below_a_fifth_of_all) {
  for (std::int64_t exchanges = 0; exchanges < 2'000; ++exchanges) {
    std::int64_t most = 0;
    while (RetryBudget::affords(kRetries, exchanges, most + 1)) ++most;
    ASSERT_LE(most, std::max<std::int64_t>(exchanges / 5, 3)) << exchanges;
    if (most > 3) {
      ASSERT_LE(static_cast<double>(exchanges) / static_cast<double>(exchanges - most), 1.2);
      ASSERT_GE(most, exchanges / 6) << exchanges;
    }
  }
}

/// Exchanges and retries begin and end in any order; what is counted is what is held.
TEST(RetryBudget, holds_to_its_bound_in_any_order) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    RetryBudget budget;
    std::vector<RetryBudget::Lease> exchanges;
    std::vector<RetryBudget::Lease> retries;
    const auto drop_one = [&](std::vector<RetryBudget::Lease>& held) {
      if (!held.empty()) held.pop_back();
    };
    for (int step = 0; step < 2'000; ++step) {
      switch (rng.below(5)) {
        case 0:
        case 1:
          exchanges.push_back(budget.enter());
          break;
        case 2:
          drop_one(exchanges);
          break;
        case 3:
          drop_one(retries);
          break;
        default: {
          const auto after = static_cast<std::int64_t>(retries.size()) + 1;
          auto lease = budget.further();
          ASSERT_EQ(
              lease.has_value(),
              RetryBudget::affords(kRetries, static_cast<std::int64_t>(exchanges.size()), after))
              << "seed " << seed << " step " << step;
          if (lease) retries.push_back(std::move(*lease));
        }
      }
    }
  }
}

TEST(RetryBudget, never_lets_two_threads_share_its_last_place) {
  RetryBudget budget;
  std::atomic<int> held{0};
  std::atomic<int> most{0};
  const auto work = [&] {
    for (int i = 0; i < 20'000; ++i) {
      const auto lease = budget.further();
      if (!lease) continue;
      const int now = ++held;
      if (now > most) most = now;
      --held;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 6; ++i) threads.emplace_back(work);
  }
  EXPECT_LE(most, 3);
  EXPECT_GE(most, 1);
}

}  // namespace
}  // namespace naru::gateway
