#include "gateway/route/health.h"

#include <gtest/gtest.h>

namespace naru::gateway {
namespace {

using namespace std::chrono_literals;

class HealthTest : public testing::Test {
 protected:
  bool fails(int times, FaultKind kind = FaultKind::UpstreamFailed) {
    bool opened = false;
    for (int i = 0; i < times; ++i) opened = health_.failed("u", {.kind = kind, .detail = {}}, 5);
    return opened;
  }
  std::chrono::nanoseconds cools() const {
    const auto until = health_.cooling("u");
    return until ? *until - clock_.now() : std::chrono::nanoseconds(0);
  }
  bool is_open() const { return health_.wait("u").count() > 0; }

  ManualClock clock_;
  Health health_{clock_};
};

TEST_F(HealthTest, keeps_calls_from_an_upstream_that_fails_until_one_succeeds) {
  EXPECT_FALSE(fails(4));
  EXPECT_TRUE(fails(1));
  EXPECT_FALSE(fails(1)) << "it was open already";
  EXPECT_TRUE(is_open());
  clock_.advance(1s);
  EXPECT_EQ(health_.admit("u"), 0s);
  health_.succeeded("u");
  EXPECT_FALSE(is_open());
}

TEST_F(HealthTest, does_not_mix_up_upstreams) {
  fails(5);
  EXPECT_EQ(health_.admit("other"), 0s);
  EXPECT_FALSE(health_.cooling("other"));
}

TEST_F(HealthTest, does_not_blame_an_upstream_for_the_clients_mistake) {
  fails(4);
  fails(10, FaultKind::Cancelled);
  fails(1, FaultKind::UpstreamRefused);
  EXPECT_FALSE(fails(4)) << "one that judges requests is well";
  EXPECT_EQ(cools(), 0s);
}

TEST_F(HealthTest, lets_another_probe_go_for_one_that_never_came_there) {
  fails(5);
  clock_.advance(1s);
  EXPECT_EQ(health_.admit("u"), 0s);
  health_.ended_unheard("u");
  EXPECT_EQ(health_.wait("u"), 1s);
}

struct Row {
  FaultKind kind;
  bool opens;
  std::chrono::seconds cools;
};
class HealthAfter : public HealthTest, public testing::WithParamInterface<Row> {};
TEST_P(HealthAfter, weighs_each_fault_as_its_kind_demands) {
  EXPECT_EQ(fails(5, GetParam().kind), GetParam().opens);
  EXPECT_EQ(cools(), GetParam().cools);
  EXPECT_EQ(health_.state("u").last_fault, row(GetParam().kind).word);
}
INSTANTIATE_TEST_SUITE_P(All, HealthAfter,
                         testing::Values(Row{FaultKind::RateLimited, false, 1s},
                                         Row{FaultKind::UpstreamAuth, false, 60s},
                                         Row{FaultKind::UpstreamSpent, false, 300s},
                                         Row{FaultKind::UpstreamMissing, false, 0s},
                                         Row{FaultKind::Overloaded, true, 1s},
                                         Row{FaultKind::UpstreamFailed, true, 0s},
                                         Row{FaultKind::UpstreamInvalid, true, 0s},
                                         Row{FaultKind::UpstreamTimeout, true, 0s}));

TEST_F(HealthTest, leaves_alone_who_asks_for_it) {
  Fault fault{.kind = FaultKind::RateLimited, .detail = {}};
  fault.retry_after = 20s;
  health_.failed("u", fault, 5);
  EXPECT_EQ(cools(), 20s);
  clock_.advance(20s);
  EXPECT_EQ(cools(), 0s);
}

TEST_F(HealthTest, believes_no_wish_of_more_than_a_minute) {
  health_.failed("u", {.kind = FaultKind::RateLimited, .detail = {}, .retry_after = 1h}, 5);
  EXPECT_EQ(cools(), 60s);
}

TEST_F(HealthTest, leaves_an_account_alone_longer_than_it_asks_if_an_operator_has_to_act) {
  health_.failed("u", {.kind = FaultKind::UpstreamSpent, .detail = {}, .retry_after = 1s}, 5);
  EXPECT_EQ(cools(), 300s);
}

TEST_F(HealthTest, sends_no_probe_before_the_upstream_wants_one) {
  fails(4);
  health_.failed("u", {.kind = FaultKind::Overloaded, .detail = {}, .retry_after = 20s}, 5);
  EXPECT_EQ(health_.wait("u"), 20s);
}

}  // namespace
}  // namespace naru::gateway
