#include "gateway/route/peak_ewma.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace naru::gateway {
namespace {

using namespace std::chrono_literals;

class PeakEwmaTest : public testing::Test {
 protected:
  void answers(std::chrono::milliseconds took) { ewma_.answered(took, now_); }
  double delay() const { return ewma_.delay_s(now_).value_or(-1); }

  Monotonic now_{1h};
  PeakEwma ewma_;
};

TEST_F(PeakEwmaTest, knows_nothing_before_the_first_answer) {
  ewma_.asked(now_);
  EXPECT_EQ(ewma_.delay_s(now_), std::nullopt);
}

TEST_F(PeakEwmaTest, takes_a_peak_in_full) {
  answers(100ms);
  now_ += 1s;
  answers(5s);
  EXPECT_DOUBLE_EQ(delay(), 5);
}

TEST_F(PeakEwmaTest, comes_down_by_its_time_constant) {
  answers(5s);
  now_ += PeakEwma::kDecay;
  answers(1s);
  EXPECT_NEAR(delay(), 1 + 4 / std::exp(1), 1e-9);
}

TEST_F(PeakEwmaTest, stays_between_the_last_answer_and_the_slowest) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    PeakEwma ewma;
    double slowest = 0;
    for (int i = 0; i < 100; ++i) {
      now_ += std::chrono::milliseconds(rng.below(3'000));
      const double took = rng.fraction();
      slowest = std::max(slowest, took);
      ewma.answered(
          std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(took)),
          now_);
      const double delay = ewma.delay_s(now_).value_or(-1);
      ASSERT_GE(delay, took - 1e-6) << "seed " << seed;
      ASSERT_LE(delay, slowest) << "seed " << seed;
    }
  }
}

TEST_F(PeakEwmaTest, fades_until_a_call_tries_again) {
  answers(5s);
  now_ += PeakEwma::kDecay;
  EXPECT_NEAR(delay(), 5 / std::exp(1), 1e-9);
  ewma_.asked(now_);
  EXPECT_DOUBLE_EQ(delay(), 5) << "one call is enough to try";
  now_ += PeakEwma::kDecay;
  EXPECT_NEAR(delay(), 5 / std::exp(1), 1e-9);
}

TEST_F(PeakEwmaTest, takes_no_failure_for_a_fast_answer) {
  ewma_.failed(1ms, now_);
  EXPECT_DOUBLE_EQ(delay(), 1);
  answers(3s);
  ewma_.failed(1ms, now_);
  EXPECT_DOUBLE_EQ(delay(), 6);
  for (int i = 0; i < 10; ++i) ewma_.failed(1ms, now_);
  EXPECT_DOUBLE_EQ(delay(), 60) << "the most";
  ewma_.failed(90s, now_);
  EXPECT_DOUBLE_EQ(delay(), 90) << "but for one that took longer";
}

TEST_F(PeakEwmaTest, learns_from_clients_that_left_only_that_it_is_slower) {
  ewma_.given_up(900ms, now_);
  EXPECT_EQ(ewma_.delay_s(now_), std::nullopt) << "who leaves at once says nothing";
  ewma_.given_up(4s, now_);
  EXPECT_DOUBLE_EQ(delay(), 4);
  now_ += 1s;
  ewma_.given_up(2s, now_);
  EXPECT_NEAR(delay(), 4 * std::exp(-0.1), 1e-9);
  ewma_.given_up(7s, now_);
  EXPECT_DOUBLE_EQ(delay(), 7);
}

}  // namespace
}  // namespace naru::gateway
