#include "gateway/route/breaker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/rng.h"

namespace naru::gateway {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kFailures = 5;

class BreakerTest : public testing::Test {
 protected:
  void fails(int times) {
    for (int i = 0; i < times; ++i) breaker_.failed(now_, kFailures);
  }
  bool admits() { return breaker_.admit(now_).count() == 0; }
  bool is(Breaker::State state) const { return breaker_.state() == state; }

  Monotonic now_{1h};
  Breaker breaker_;
};

TEST_F(BreakerTest, opens_after_five_failures_in_a_row) {
  fails(4);
  EXPECT_TRUE(admits());
  EXPECT_TRUE(breaker_.failed(now_, kFailures));
  EXPECT_FALSE(admits());
  EXPECT_EQ(breaker_.wait(now_), 1s);
}

TEST_F(BreakerTest, opens_when_half_of_many_fail) {
  for (int i = 0; i < 9; ++i) {
    breaker_.succeeded(now_);
    ASSERT_FALSE(breaker_.failed(now_, kFailures)) << i;
  }
  breaker_.succeeded(now_);
  EXPECT_TRUE(breaker_.failed(now_, kFailures));
}

TEST_F(BreakerTest, never_opens_where_it_is_not_to) {
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(breaker_.failed(now_, 0));
  EXPECT_TRUE(admits());
}

TEST_F(BreakerTest, judges_only_what_was_within_one_window) {
  for (int i = 0; i < 100; ++i) {
    breaker_.succeeded(now_);
    ASSERT_FALSE(breaker_.failed(now_, kFailures)) << i;
    now_ += 1s;
  }
}

TEST_F(BreakerTest, lets_one_probe_through_and_waits_for_its_word) {
  fails(5);
  now_ += 1s;
  EXPECT_TRUE(admits());
  EXPECT_TRUE(is(Breaker::State::HalfOpen));
  now_ += 2s;
  EXPECT_FALSE(admits());
  breaker_.failed(now_, kFailures);
  EXPECT_TRUE(is(Breaker::State::Open));
  EXPECT_TRUE(admits()) << "a second after the last, which has failed";
}

TEST_F(BreakerTest, does_not_wait_for_ever_for_a_probe) {
  fails(5);
  now_ += 1s;
  EXPECT_TRUE(admits());
  now_ += Breaker::kProbePatience - 1ns;
  EXPECT_FALSE(admits());
  now_ += 1ns;
  EXPECT_TRUE(admits());
  EXPECT_EQ(breaker_.wait(now_), 1s) << "as long as it may take to know more";
}

TEST_F(BreakerTest, sends_another_probe_for_one_that_told_nothing) {
  fails(5);
  now_ += 1s;
  EXPECT_TRUE(admits());
  breaker_.ended_unheard();
  EXPECT_EQ(breaker_.wait(now_), 1s);
}

TEST_F(BreakerTest, closes_with_a_success_and_forgets) {
  fails(5);
  now_ += 1s;
  EXPECT_TRUE(admits());
  breaker_.succeeded(now_);
  EXPECT_TRUE(is(Breaker::State::Closed));
  fails(4);
  EXPECT_TRUE(admits());
}

TEST_F(BreakerTest, sends_no_probe_before_the_upstream_wants_one) {
  fails(5);
  breaker_.leave_alone(now_ + 20s);
  now_ += 19s;
  EXPECT_EQ(breaker_.wait(now_), 1s);
}

/// Calls that come at random, each of which takes its random time to fail.
struct Load {
  std::uint64_t seed;
  std::chrono::milliseconds between;  ///< at most
  std::chrono::milliseconds takes;    ///< at most
};
class BreakerUnderLoad : public testing::TestWithParam<Load> {
 protected:
  /// When calls were let through in 60 s in which all fail.
  std::vector<Monotonic> admitted() {
    Rng rng(GetParam().seed);
    const auto below = [&](std::chrono::milliseconds most) {
      return std::chrono::milliseconds(rng.below(static_cast<std::uint64_t>(most.count())) + 1);
    };
    std::vector<Monotonic> times;
    std::vector<Monotonic> ends;
    for (Monotonic now = began_; now < began_ + 60s; now += below(GetParam().between)) {
      std::ranges::sort(ends);
      const auto later = std::ranges::upper_bound(ends, now);
      for (auto end = ends.begin(); end != later; ++end) breaker_.failed(*end, kFailures);
      ends.erase(ends.begin(), later);
      if (breaker_.admit(now).count() > 0) continue;
      times.push_back(now);
      ends.push_back(now + below(GetParam().takes));
    }
    return times;
  }

  const Monotonic began_{1h};
  Breaker breaker_;
};

TEST_P(BreakerUnderLoad, lets_at_most_one_call_a_second_through_after_five_seconds) {
  Monotonic last{};
  int probes = 0;
  for (const Monotonic at : admitted()) {
    if (at >= began_ + 5s) {
      if (probes++ > 0) ASSERT_GE(at - last, 1s) << "seed " << GetParam().seed;
      last = at;
    }
  }
  EXPECT_GE(probes, 5) << "it goes on to look";
}

INSTANTIATE_TEST_SUITE_P(All, BreakerUnderLoad,
                         testing::Values(Load{1, 2ms, 1ms}, Load{2, 50ms, 100ms},
                                         Load{3, 300ms, 500ms}, Load{4, 20ms, 900ms},
                                         Load{5, 700ms, 50ms}, Load{6, 5ms, 3s}));

}  // namespace
}  // namespace naru::gateway
