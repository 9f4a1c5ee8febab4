#include "gateway/queue/places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "net/loop_for_test.h"

namespace naru::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Granted = Result<Places::Granted>;
using enum Priority;

constexpr Concurrency::Bounds kOne{.least = 1, .most = 1};
constexpr Concurrency::Bounds kTwo{.least = 1, .most = 2};

Places::Ask ask(std::vector<Places::Wish> wishes, std::int64_t principal = 1,
                Priority priority = Interactive) {
  return {.wishes = std::move(wishes), .priority = priority, .principal = principal};
}

/// Places, and a loop on which calls wait for them.
class PlacesTest : public testing::Test {
 protected:
  using Call = std::shared_ptr<std::optional<Granted>>;

  /// A call as the gateway makes it.
  Call call(Places::Ask wanted, net::Until until = {}) {
    auto granted = loop_.start<Granted>(take(places_, *loop_, std::move(wanted), until));
    loop_.settle();
    return granted;
  }
  static net::Task<Granted> take(Places& places, net::Loop& loop, Places::Ask wanted,
                                 net::Until until) {
    if (auto granted = places.try_take(wanted)) co_return std::move(*granted);
    co_return co_await places.wait(loop, wanted, until);
  }
  void pass(std::chrono::nanoseconds time) {
    clock_.advance(time);
    loop_.settle();
  }
  void end(Call& call) {
    *call = {};
    loop_.settle();
  }
  static bool has_place(const Call& call) { return *call && **call; }
  static bool waits(const Call& call) { return !*call; }
  static const Fault& fault(const Call& call) { return (*call)->error(); }

  ManualClock clock_;
  Places places_{clock_};
  net::testing::TestLoop loop_{clock_};
};

TEST_F(PlacesTest, gives_as_many_as_there_may_be) {
  Call first = call(ask({{"u", "m", kTwo}}));
  const Call second = call(ask({{"u", "m", kTwo}}));
  const Call third = call(ask({{"u", "m", kTwo}}));
  EXPECT_TRUE(has_place(first) && has_place(second) && waits(third));
  EXPECT_EQ(places_.state("u").waiting.size(), 1U);
  end(first);
  EXPECT_TRUE(has_place(third));
  EXPECT_EQ(places_.state("u").in_flight, 2U);
}

TEST_F(PlacesTest, takes_the_first_upstream_that_has_one) {
  const std::vector<Places::Wish> both{{"a", "m", kOne}, {"b", "m", kOne}};
  const Call first = call(ask(both));
  const Call second = call(ask(both));
  EXPECT_EQ((*first)->value().wish, 0U);
  EXPECT_EQ((*second)->value().wish, 1U);
}

TEST_F(PlacesTest, waits_at_several_and_leaves_all_lines_with_a_place_in_one) {
  Call a = call(ask({{"a", "m", kOne}}));
  Call b = call(ask({{"b", "m", kOne}}));
  const Call either = call(ask({{"a", "m", kOne}, {"b", "m", kOne}}));
  EXPECT_TRUE(waits(either));
  end(b);
  ASSERT_TRUE(has_place(either));
  EXPECT_EQ((*either)->value().wish, 1U);
  EXPECT_TRUE(places_.state("a").waiting.empty());
  end(a);
  EXPECT_EQ(places_.state("a").in_flight, 0U);
}

TEST_F(PlacesTest, serves_critical_calls_first_and_keys_in_turn) {
  Call running = call(ask({{"u", "m", kOne}}));
  const auto wait = [&](std::int64_t principal, Priority priority) {
    return call(ask({{"u", "m", kOne}}, principal, priority));
  };
  std::vector<Call> calls{wait(1, Batch), wait(1, Interactive), wait(1, Interactive),
                          wait(2, Interactive), wait(2, Critical)};
  std::vector<std::size_t> served;
  for (std::size_t step = 0; step < 5; ++step) {
    end(step == 0 ? running : calls[served.back()]);
    for (std::size_t i = 0; i < calls.size(); ++i)
      if (has_place(calls[i]) && std::ranges::find(served, i) == served.end()) served.push_back(i);
    ASSERT_EQ(served.size(), step + 1);
  }
  EXPECT_THAT(served, testing::ElementsAre(4, 1, 3, 2, 0));
}

TEST_F(PlacesTest, has_who_would_be_served_last_go_when_the_line_is_full) {
  const Call running = call(ask({{"u", "m", kOne}}));
  const auto wait = [&](std::int64_t principal, Priority priority) {
    Places::Ask wanted = ask({{"u", "m", kOne}}, principal, priority);
    wanted.most_waiting = 2;
    return call(std::move(wanted));
  };
  const Call first = wait(1, Batch);
  const Call second = wait(1, Batch);
  const Call of_another = wait(2, Batch);
  EXPECT_EQ(fault(second).kind, FaultKind::RateLimited);
  EXPECT_GT(fault(second).retry_after->count(), 0);
  EXPECT_TRUE(waits(first) && waits(of_another));
  const Call late = wait(3, Batch);
  EXPECT_EQ(fault(late).kind, FaultKind::RateLimited);
  EXPECT_THAT(fault(late).detail, testing::HasSubstr("'u' has no place"));
}

TEST_F(PlacesTest, who_has_to_leave_one_line_stays_in_the_others) {
  const Call a = call(ask({{"a", "m", kOne}}));
  Call b = call(ask({{"b", "m", kOne}}));
  const auto wait = [&](std::int64_t principal, std::vector<Places::Wish> wishes) {
    Places::Ask wanted = ask(std::move(wishes), principal);
    wanted.most_waiting = 2;
    return call(std::move(wanted));
  };
  const Call first = wait(1, {{"a", "m", kOne}});
  const Call both = wait(1, {{"a", "m", kOne}, {"b", "m", kOne}});
  const Call of_another = wait(2, {{"a", "m", kOne}});
  EXPECT_TRUE(waits(first) && waits(both) && waits(of_another));
  EXPECT_EQ(places_.state("a").waiting.size(), 2U);
  end(b);
  EXPECT_TRUE(has_place(both));
}

TEST_F(PlacesTest, lets_the_first_wait_however_long_others_did) {
  Call running = call(ask({{"u", "m", kOne}}));
  Places::Ask patient = ask({{"u", "m", kOne}});
  patient.longest = seconds(100);
  Call slow = call(patient);
  pass(seconds(90));
  end(running);
  ASSERT_EQ(places_.state("u").between, seconds(90));
  Places::Ask wanted = ask({{"u", "m", kOne}});
  wanted.longest = seconds(60);
  Call first = call(wanted);
  EXPECT_TRUE(waits(first));
  EXPECT_EQ(fault(call(wanted)).kind, FaultKind::RateLimited);
  pass(seconds(1));
  end(slow);
  EXPECT_TRUE(has_place(first));
  EXPECT_LT(places_.state("u").between, seconds(90));
}

TEST_F(PlacesTest, gives_more_as_soon_as_more_is_allowed) {
  const Call running = call(ask({{"u", "m", kOne}}));
  const Call waiting = call(ask({{"u", "m", kOne}}));
  EXPECT_TRUE(waits(waiting));
  places_.allow("u", kTwo, 2);
  loop_.settle();
  EXPECT_TRUE(has_place(waiting));
  const Call of_older_documents = call(ask({{"u", "m", kOne}}));
  EXPECT_EQ(places_.state("u").limit, 2U);
}

TEST_F(PlacesTest, each_class_has_room_of_its_own) {
  const Call running = call(ask({{"u", "m", kOne}}));
  std::vector<Call> waiting;
  for (const Priority priority : {Batch, Interactive, Critical}) {
    Places::Ask wanted = ask({{"u", "m", kOne}}, 1, priority);
    wanted.most_waiting = 2;
    for (int i = 0; i < 2; ++i) waiting.push_back(call(wanted));
    EXPECT_EQ(fault(call(wanted)).kind, FaultKind::RateLimited);
  }
  for (const Call& each : waiting) EXPECT_TRUE(waits(each));
}

TEST_F(PlacesTest, bounds_those_who_wait_in_all_lines_together) {
  const Call a = call(ask({{"a", "m", kOne}}));
  const Call b = call(ask({{"b", "m", kOne}}));
  const auto wait = [&](std::string_view upstream, Priority priority) {
    Places::Ask wanted = ask({{upstream, "m", kOne}}, 1, priority);
    wanted.most_in_all = 2;
    return call(std::move(wanted));
  };
  const Call first = wait("a", Interactive);
  const Call batch = wait("a", Batch);
  EXPECT_EQ(fault(wait("b", Batch)).kind, FaultKind::RateLimited);
  const Call higher = wait("b", Interactive);
  EXPECT_EQ(fault(batch).kind, FaultKind::RateLimited);
  EXPECT_TRUE(waits(first) && waits(higher));
  EXPECT_GT(fault(wait("b", Interactive)).retry_after->count(), 0);
}

TEST_F(PlacesTest, sends_nobody_away_for_one_who_may_not_stay) {
  const Call a = call(ask({{"a", "m", kOne}}));
  const Call b = call(ask({{"b", "m", kOne}}));
  const auto wait = [&](std::int64_t principal, std::vector<Places::Wish> wishes) {
    Places::Ask wanted = ask(std::move(wishes), principal);
    wanted.most_waiting = 2;
    wanted.most_in_all = 2;
    return call(std::move(wanted));
  };
  const Call first = wait(1, {{"a", "m", kOne}});
  const Call both = wait(1, {{"a", "m", kOne}, {"b", "m", kOne}});
  EXPECT_EQ(fault(wait(2, {{"a", "m", kOne}})).kind, FaultKind::RateLimited);
  EXPECT_EQ(places_.state("a").waiting.size(), 2U) << "all lines together are full";
}

TEST_F(PlacesTest, lets_nobody_wait_where_there_is_no_line) {
  const Call running = call(ask({{"u", "m", kOne}}));
  Places::Ask wanted = ask({{"u", "m", kOne}});
  wanted.most_waiting = 0;
  EXPECT_EQ(fault(call(wanted)).kind, FaultKind::RateLimited);
}

TEST_F(PlacesTest, waits_no_longer_than_it_is_to) {
  const Call running = call(ask({{"u", "m", kOne}}));
  Places::Ask wanted = ask({{"u", "m", kOne}});
  wanted.longest = seconds(2);
  const Call in_line = call(wanted);
  const Call of_its_own = call(wanted, {.deadline = clock_.now() + seconds(1)});
  pass(milliseconds(1'100));
  EXPECT_EQ(fault(of_its_own).kind, FaultKind::UpstreamTimeout);
  EXPECT_TRUE(waits(in_line));
  pass(seconds(1));
  EXPECT_EQ(fault(in_line).kind, FaultKind::RateLimited);
  EXPECT_TRUE(places_.state("u").waiting.empty());
}

TEST_F(PlacesTest, gives_nothing_to_who_has_left) {
  Call running = call(ask({{"u", "m", kOne}}));
  net::Stop gone;
  const Call left = call(ask({{"u", "m", kOne}}), {.stop = &gone});
  gone.fire();
  loop_.settle();
  EXPECT_EQ(fault(left).kind, FaultKind::Cancelled);
  end(running);
  EXPECT_EQ(places_.state("u").in_flight, 0U);
}

TEST_F(PlacesTest, frees_the_place_of_who_leaves_as_it_is_given) {
  Call running = call(ask({{"u", "m", kOne}}));
  net::Stop gone;
  Call left = call(ask({{"u", "m", kOne}}), {.stop = &gone});
  *running = {};  // given, and not taken yet
  gone.fire();
  loop_.settle();
  *left = {};
  EXPECT_EQ(places_.state("u").in_flight, 0U);
}

TEST_F(PlacesTest, has_none_while_it_is_closed_but_for_other_models) {
  places_.close("u", "m", clock_.now() + seconds(3));
  const Call closed = call(ask({{"u", "m", kTwo}}));
  const Call other = call(ask({{"u", "n", kTwo}}));
  EXPECT_TRUE(waits(closed) && has_place(other));
  EXPECT_EQ(places_.state("u").closed, seconds(3));
  pass(seconds(2));
  EXPECT_TRUE(waits(closed));
  pass(milliseconds(1'010));
  EXPECT_TRUE(has_place(closed));
}

TEST_F(PlacesTest, lets_out_who_waited_before_it_closed_once_it_is_open_again) {
  Call running = call(ask({{"u", "m", kOne}}));
  Call first = call(ask({{"u", "m", kOne}}));
  const Call second = call(ask({{"u", "m", kOne}}));
  places_.close("u", "m", clock_.now() + seconds(2));
  end(running);
  EXPECT_TRUE(waits(first) && waits(second));
  places_.close("u", "m", clock_.now() + seconds(3));
  loop_.settle();
  pass(milliseconds(2'500));
  EXPECT_TRUE(waits(first));
  pass(milliseconds(510));
  EXPECT_TRUE(has_place(first) && waits(second));
  end(first);
  EXPECT_TRUE(has_place(second));
}

TEST_F(PlacesTest, turns_away_at_once_who_would_wait_too_long) {
  places_.close("u", "m", clock_.now() + seconds(30));
  Places::Ask wanted = ask({{"u", "m", kTwo}});
  wanted.longest = seconds(20);
  const Call late = call(wanted);
  EXPECT_EQ(fault(late).kind, FaultKind::RateLimited);
  EXPECT_EQ(fault(late).retry_after, seconds(30));
}

TEST_F(PlacesTest, tells_how_long_the_line_takes) {
  Call running = call(ask({{"u", "m", kOne}}));
  std::vector<Call> line;
  for (int i = 0; i < 5; ++i) line.push_back(call(ask({{"u", "m", kOne}})));
  for (int i = 0; i < 3; ++i) {  // one place in two seconds
    pass(seconds(2));
    end(i == 0 ? running : line[static_cast<std::size_t>(i - 1)]);
  }
  EXPECT_EQ(places_.state("u").between, seconds(2));
  Places::Ask wanted = ask({{"u", "m", kOne}});
  wanted.longest = seconds(5);
  EXPECT_EQ(fault(call(wanted)).retry_after, seconds(6));
}

TEST_F(PlacesTest, learns_from_refusals) {
  constexpr Concurrency::Bounds kMany{.least = 1, .most = 100};
  std::vector<Call> running;
  for (int i = 0; i < 10; ++i) running.push_back(call(ask({{"u", "m", kMany}})));
  EXPECT_TRUE((*running[9])->value().lease.refused());
  EXPECT_EQ(places_.state("u").limit, 9U);
  end(running[9]);
  EXPECT_TRUE(waits(call(ask({{"u", "m", kMany}}))));
}

TEST_F(PlacesTest, of_one_call_refused_alone_there_were_not_too_many) {
  Call only = call(ask({{"u", "m", kTwo}}));
  EXPECT_FALSE((*only)->value().lease.refused());
  EXPECT_EQ(places_.state("u").limit, 2U);
}

/// On a loop of its own in each of several threads: no place is given twice, none is lost.
TEST(PlacesOfThreads, are_never_more_than_there_may_be) {
  constexpr std::uint32_t kMost = 3;
  const SystemClock clock;
  Places places(clock);
  std::atomic<std::uint32_t> inside{0};
  std::atomic<std::uint32_t> worst{0};
  std::atomic<int> served{0};
  const auto work = [&](std::int64_t principal) {
    net::testing::TestLoop loop(clock);
    for (int i = 0; i < 200; ++i) {
      const Places::Ask wanted =
          ask({{"a", "m", {.least = 1, .most = kMost}}}, principal, static_cast<Priority>(i % 3));
      auto granted = places.try_take(wanted);
      if (!granted) {
        Granted waited = loop.run<Granted>(places.wait(*loop, wanted, {}));
        ASSERT_TRUE(waited);
        granted.emplace(std::move(*waited));
      }
      const std::uint32_t now = inside.fetch_add(1) + 1;
      std::uint32_t before = worst.load();
      while (now > before && !worst.compare_exchange_weak(before, now)) {
      }
      served.fetch_add(1);
      inside.fetch_sub(1);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::int64_t i = 0; i < 6; ++i) threads.emplace_back(work, i);
  }
  EXPECT_EQ(served.load(), 1'200);
  EXPECT_LE(worst.load(), kMost);
  EXPECT_EQ(places.state("a").in_flight, 0U);
  EXPECT_TRUE(places.state("a").waiting.empty());
}

}  // namespace
}  // namespace naru::gateway
