#include "gateway/route/health.h"

#include <gtest/gtest.h>

namespace naru::gateway {
namespace {

using namespace std::chrono_literals;

class HealthTest : public testing::Test {
 protected:
  void fails(int times, FaultKind kind = FaultKind::UpstreamFailed) {
    for (int i = 0; i < times; ++i) health_.failed("u", {.kind = kind, .detail = {}});
  }
  bool cools() const { return health_.cooling("u").has_value(); }

  ManualClock clock_;
  Health health_{clock_};
};

TEST_F(HealthTest, cools_after_three_failures_in_a_row) {
  fails(2);
  EXPECT_FALSE(cools());
  fails(1);
  EXPECT_TRUE(cools());
  clock_.advance(5s);
  EXPECT_FALSE(cools());
}

TEST_F(HealthTest, cools_twice_as_long_each_time_up_to_a_minute) {
  for (int i = 0; i < 8; ++i) {
    fails(3);
    const auto left = *health_.cooling("u") - clock_.now();
    EXPECT_LE(left, 60s);
    clock_.advance(left);
  }
  fails(3);
  EXPECT_EQ(*health_.cooling("u") - clock_.now(), 60s);
}

TEST_F(HealthTest, forgets_failures_at_a_success) {
  fails(2);
  health_.succeeded("u");
  fails(2);
  EXPECT_FALSE(cools());
}

TEST_F(HealthTest, does_not_blame_an_upstream_for_the_clients_mistake) {
  fails(10, FaultKind::UpstreamRefused);
  fails(10, FaultKind::Cancelled);
  EXPECT_FALSE(cools());
}

TEST_F(HealthTest, leaves_alone_who_asks_for_it) {
  Fault fault{.kind = FaultKind::RateLimited, .detail = {}};
  fault.retry_after = 20s;
  health_.failed("u", fault);
  clock_.advance(19s);
  EXPECT_TRUE(cools());
  clock_.advance(1s);
  EXPECT_FALSE(cools());
}

}  // namespace
}  // namespace naru::gateway
