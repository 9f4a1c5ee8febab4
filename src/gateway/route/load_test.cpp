#include "gateway/route/load.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace naru::gateway {
namespace {

using namespace std::chrono_literals;

class LoadTest : public testing::Test {
 protected:
  Load::Lease call(Wait wait = Wait::FirstContent) { return {load_, wait, now_}; }
  void hears(Wait wait, const Result<void>& outcome, std::chrono::nanoseconds took) {
    call(wait).heard(outcome, took, now_);
  }
  std::optional<double> delay(Wait wait = Wait::FirstContent) { return load_->delay_s(wait, now_); }
  static Result<void> fault(FaultKind kind) { return fail(kind, "no"); }

  Monotonic now_{1h};
  std::shared_ptr<Load> load_ = std::make_shared<Load>();
};

TEST_F(LoadTest, counts_a_call_until_its_lease_ends_wherever_it_went) {
  std::optional<Load::Lease> kept;
  {
    Load::Lease lease = call();
    EXPECT_EQ(load_->outstanding(), 1U);
    kept = std::move(lease);
    EXPECT_EQ(load_->outstanding(), 1U);
  }
  EXPECT_EQ(load_->outstanding(), 1U);
  *kept = call();
  EXPECT_EQ(load_->outstanding(), 1U) << "the one it held before has ended";
  kept.reset();
  EXPECT_EQ(load_->outstanding(), 0U);
}

TEST_F(LoadTest, counts_right_from_many_threads) {
  constexpr std::size_t kThreads = 4;
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (std::size_t i = 0; i < kThreads; ++i)
    threads.emplace_back([this] {
      for (int n = 0; n < 500; ++n) hears(Wait::FirstContent, {}, 1s);
    });
  threads.clear();
  EXPECT_EQ(load_->outstanding(), 0U);
  EXPECT_EQ(delay(), 1);
}

TEST_F(LoadTest, measures_whole_answers_apart_from_first_content) {
  hears(Wait::WholeAnswer, {}, 8s);
  EXPECT_EQ(delay(Wait::FirstContent), 8) << "better than nothing";
  hears(Wait::FirstContent, {}, 1s);
  EXPECT_EQ(delay(Wait::FirstContent), 1);
  EXPECT_EQ(delay(Wait::WholeAnswer), 8);
}

TEST_F(LoadTest, learns_from_a_fault_by_what_it_means) {
  for (const FaultKind kind : {FaultKind::UpstreamRefused, FaultKind::InvalidRequest,
                               FaultKind::Internal, FaultKind::Cancelled}) {
    hears(Wait::FirstContent, fault(kind), 1ms);
    EXPECT_EQ(delay(), std::nullopt) << row(kind).word;
  }
  hears(Wait::FirstContent, fault(FaultKind::Cancelled), 3s);
  EXPECT_EQ(delay(), 3);
  hears(Wait::FirstContent, fault(FaultKind::UpstreamFailed), 1ms);
  EXPECT_EQ(delay(), 6);
}

TEST(Loads, are_the_same_for_the_same_place) {
  Loads loads;
  const auto load = loads.find("a/m");
  EXPECT_EQ(loads.find("a/m"), load);
  EXPECT_NE(loads.find("a/n"), load);
}

TEST(Loads, forget_what_nobody_uses_when_there_are_too_many) {
  Loads loads;
  const auto used = loads.find("used");
  for (std::size_t i = 0; i < 3 * Loads::kMostIdle; ++i) {
    (void)loads.find(std::to_string(i));
    ASSERT_LE(loads.size(), Loads::kMostIdle);
  }
  EXPECT_EQ(loads.find("used"), used);
}

}  // namespace
}  // namespace naru::gateway
