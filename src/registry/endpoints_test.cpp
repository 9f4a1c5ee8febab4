#include "registry/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "net/loop_for_test.h"

namespace naru::registry {
namespace {

using State = std::shared_ptr<const EndpointState>;
using Woken = Result<State>;
using std::chrono::seconds;

EndpointState in(Phase phase, std::string reason = "") {
  return {.phase = phase, .slots = 4, .reason = std::move(reason)};
}

/// Endpoints, and a loop on which calls wait for them.
class Waking : public testing::Test {
 protected:
  Waking() {
    endpoints_.on_wake([this](const std::string& name) { wanted_.push_back(name); });
  }
  std::shared_ptr<std::optional<Woken>> wake(
      const std::string& name, net::Until until = {},
      Endpoints::InBackoff in_backoff = Endpoints::InBackoff::Wait) {
    auto woken = loop_.start<Woken>(endpoints_.wake(*loop_, name, until, in_backoff));
    loop_.settle();
    return woken;
  }
  void set(const std::string& name, EndpointState state) {
    endpoints_.set(name, std::move(state));
    loop_.settle();
  }
  std::uint32_t waiting(const std::string& name) { return endpoints_.load(name)->waiting.load(); }

  ManualClock clock_;
  Endpoints endpoints_;
  std::vector<std::string> wanted_;
  net::testing::TestLoop loop_{clock_};
};

TEST_F(Waking, gives_a_ready_one_at_once) {
  set("m", in(Phase::Ready));
  const auto woken = wake("m");
  ASSERT_TRUE(*woken);
  EXPECT_EQ((**woken)->get()->slots, 4U);
  EXPECT_THAT(wanted_, testing::IsEmpty());
}

TEST_F(Waking, holds_the_call_until_it_is_ready_and_asks_for_it) {
  set("m", in(Phase::Stopped));
  const auto woken = wake("m");
  EXPECT_FALSE(*woken);
  EXPECT_EQ(waiting("m"), 1U);
  EXPECT_THAT(wanted_, testing::ElementsAre("m"));
  set("m", in(Phase::Starting));
  EXPECT_FALSE(*woken);
  EXPECT_EQ(waiting("m"), 1U);
  set("m", in(Phase::Ready));
  ASSERT_TRUE(*woken);
  EXPECT_TRUE(**woken);
  EXPECT_EQ(waiting("m"), 0U);
}

TEST_F(Waking, is_told_from_another_thread) {
  set("m", in(Phase::Stopped));
  const auto woken = wake("m");
  const std::jthread driver([this] { endpoints_.set("m", in(Phase::Ready)); });
  loop_.settle_until([&] { return woken->has_value(); });
  EXPECT_TRUE(**woken);
}

TEST_F(Waking, refuses_at_once_when_it_has_failed) {
  set("m", in(Phase::Failed, "no such file"));
  const auto woken = wake("m");
  ASSERT_TRUE(*woken);
  ASSERT_FALSE(**woken);
  EXPECT_EQ((*woken)->error().kind, FaultKind::Overloaded);
  EXPECT_TRUE((*woken)->error().retry_after);
  EXPECT_THAT((*woken)->error().detail, testing::HasSubstr("no such file"));
}

TEST_F(Waking, refuses_those_who_wait_when_it_fails) {
  set("m", in(Phase::Starting));
  const auto woken = wake("m");
  set("m", in(Phase::Failed));
  ASSERT_TRUE(*woken);
  EXPECT_EQ((*woken)->error().kind, FaultKind::Overloaded);
}

TEST_F(Waking, holds_a_call_through_backoff_unless_it_is_to_leave) {
  set("m", in(Phase::Starting));
  const auto stays = wake("m");
  const auto leaves = wake("m", {}, Endpoints::InBackoff::Leave);
  set("m", in(Phase::Backoff, "exit 1"));
  EXPECT_FALSE(*stays);
  ASSERT_TRUE(*leaves);
  ASSERT_FALSE(**leaves);
  EXPECT_EQ((*leaves)->error().kind, FaultKind::Overloaded);
  EXPECT_THAT((*leaves)->error().detail, testing::HasSubstr("exit 1"));
  EXPECT_EQ(waiting("m"), 1U);
  set("m", in(Phase::Ready));
  EXPECT_TRUE(*stays && **stays);
}

TEST_F(Waking, has_no_target_when_it_is_not_there_or_taken_away) {
  EXPECT_EQ((*wake("nobody"))->error().kind, FaultKind::NoTarget);
  set("m", in(Phase::Stopped));
  const auto woken = wake("m");
  endpoints_.remove("m");
  loop_.settle();
  ASSERT_TRUE(*woken);
  EXPECT_EQ((*woken)->error().kind, FaultKind::NoTarget);
}

TEST_F(Waking, ends_at_the_deadline) {
  set("m", in(Phase::Stopped));
  const auto woken = wake("m", {.deadline = clock_.now() + seconds(5)});
  clock_.advance(seconds(6));
  loop_.settle();
  ASSERT_TRUE(*woken);
  EXPECT_EQ((*woken)->error().kind, FaultKind::UpstreamTimeout);
  EXPECT_EQ(waiting("m"), 0U);
}

TEST_F(Waking, ends_when_the_client_is_gone) {
  set("m", in(Phase::Stopped));
  net::Stop gone;
  const auto woken = wake("m", {.stop = &gone});
  gone.fire();
  loop_.settle();
  ASSERT_TRUE(*woken);
  EXPECT_EQ((*woken)->error().kind, FaultKind::Cancelled);
  EXPECT_EQ(waiting("m"), 0U);
  set("m", in(Phase::Ready));  // nobody is told
}

TEST_F(Waking, holds_no_more_calls_than_its_bound) {
  set("m", in(Phase::Stopped));
  set("other", in(Phase::Stopped));
  std::vector<std::shared_ptr<std::optional<Woken>>> held;
  for (std::uint32_t i = 0; i < Endpoints::kMaxWaiting; ++i) held.push_back(wake("m"));
  const auto refused = wake("m");
  ASSERT_TRUE(*refused);
  EXPECT_EQ((*refused)->error().kind, FaultKind::Overloaded);
  EXPECT_TRUE((*refused)->error().retry_after);
  EXPECT_FALSE(*wake("other", {.stop = &loop_.stop()}));  // another's queue is its own
  set("m", in(Phase::Ready));
  for (const auto& woken : held) EXPECT_TRUE(*woken && **woken);
  endpoints_.remove("other");
}

TEST(Endpoints, count_calls_by_leases_that_free_themselves) {
  ManualClock clock;
  Endpoints endpoints;
  endpoints.set("m", in(Phase::Ready));
  const auto load = endpoints.load("m");
  {
    Endpoints::Lease lease(load, &Endpoints::Load::in_flight, clock);
    const Endpoints::Lease moved = std::move(lease);
    EXPECT_EQ(load->in_flight.load(), 1U);
    clock.advance(seconds(3));
  }
  EXPECT_EQ(load->in_flight.load(), 0U);
  EXPECT_EQ(load->last_used_ns.load(), clock.now().time_since_epoch().count());
}

TEST(Endpoints, keep_the_load_when_the_state_changes) {
  Endpoints endpoints;
  endpoints.set("m", in(Phase::Starting));
  const auto load = endpoints.load("m");
  endpoints.set("m", in(Phase::Ready));
  EXPECT_EQ(endpoints.load("m"), load);
  EXPECT_NE(endpoints.load("nobody"), nullptr);
}

TEST(Endpoints, are_listed_by_name) {
  Endpoints endpoints;
  endpoints.set("b", in(Phase::Ready));
  endpoints.set("a", in(Phase::Failed));
  ASSERT_EQ(endpoints.all().size(), 2U);
  EXPECT_EQ(endpoints.all()[0].first, "a");
  EXPECT_EQ(endpoints.find("a")->phase, Phase::Failed);
  EXPECT_EQ(endpoints.find("c"), nullptr);
  EXPECT_EQ(word_of(Phase::Failed), "failed");
}

}  // namespace
}  // namespace naru::registry
