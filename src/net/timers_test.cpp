#include "net/timers.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/rng.h"

namespace naru::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A timer that counts how often it was told, and when last.
struct Counted {
  explicit Counted(Timers& owner) : timers(owner), timer(owner, fired, this) {}
  static void fired(void* self) {
    auto& counted = *static_cast<Counted*>(self);
    ++counted.count;
    counted.at = counted.timers.clock().now();
  }
  Timers& timers;
  Timers::Timer timer;
  int count = 0;
  Monotonic at{};
};

class TimersTest : public ::testing::Test {
 protected:
  Monotonic in(std::chrono::nanoseconds time) const { return clock_.now() + time; }
  void pass(std::chrono::nanoseconds time) {
    clock_.advance(time);
    timers_.advance();
  }

  ManualClock clock_;
  Timers timers_{clock_};
};

TEST_F(TimersTest, fires_at_its_time_and_once) {
  Counted one(timers_);
  one.timer.set(in(milliseconds(100)));
  pass(milliseconds(99));
  EXPECT_EQ(one.count, 0);
  pass(milliseconds(1) + Timers::kTick);
  EXPECT_EQ(one.count, 1);
  EXPECT_FALSE(one.timer.is_set());
  pass(seconds(60));
  EXPECT_EQ(one.count, 1);
}

TEST_F(TimersTest, never_fires_early_and_at_most_a_tick_late) {
  Rng rng(7);
  for (int i = 0; i < 500; ++i) {
    Counted one(timers_);
    const Monotonic when = in(std::chrono::nanoseconds(rng.below(100'000'000'000)));
    one.timer.set(when);
    while (one.count == 0) {
      ASSERT_LE(timers_.next_due(), when + Timers::kTick * 2);
      pass(std::max(timers_.next_due() - clock_.now(), std::chrono::nanoseconds(1)));
    }
    EXPECT_GE(one.at, when);
    EXPECT_LE(one.at - when, Timers::kTick * 2);
  }
}

TEST_F(TimersTest, unsets_what_is_moved_unset_or_destroyed) {
  Counted moved(timers_);
  Counted unset(timers_);
  moved.timer.set(in(seconds(1)));
  moved.timer.set(in(seconds(30)));
  unset.timer.set(in(seconds(1)));
  unset.timer.unset();
  {
    Counted destroyed(timers_);
    destroyed.timer.set(in(seconds(1)));
    EXPECT_EQ(timers_.set_count(), 2u);
  }
  pass(seconds(2));
  EXPECT_EQ(moved.count + unset.count, 0);
  pass(seconds(29));
  EXPECT_EQ(moved.count, 1);
}

TEST_F(TimersTest, keeps_deadlines_further_away_than_one_turn_of_the_wheel) {
  Counted far(timers_);
  far.timer.set(in(seconds(600)));
  for (int i = 0; i < 599; ++i) pass(seconds(1));
  EXPECT_EQ(far.count, 0);
  pass(seconds(2));
  EXPECT_EQ(far.count, 1);
}

TEST_F(TimersTest, fires_all_that_a_long_pause_has_passed) {
  std::vector<std::unique_ptr<Counted>> all;
  for (int i = 1; i <= 1000; ++i) {
    all.push_back(std::make_unique<Counted>(timers_));
    all.back()->timer.set(in(milliseconds(37 * i)));
  }
  pass(seconds(3600));
  for (const auto& one : all) EXPECT_EQ(one->count, 1);
  EXPECT_EQ(timers_.next_due(), Monotonic::max());
}

TEST_F(TimersTest, takes_a_time_that_has_passed_as_the_next_tick) {
  Counted late(timers_);
  late.timer.set(clock_.now() - seconds(5));
  EXPECT_LE(timers_.next_due(), clock_.now() + Timers::kTick * 2);
  pass(Timers::kTick * 2);
  EXPECT_EQ(late.count, 1);
}

TEST_F(TimersTest, never_fires_at_the_end_of_time) {
  Counted never(timers_);
  never.timer.set(in(seconds(1)));
  never.timer.set(Monotonic::max());
  EXPECT_EQ(timers_.set_count(), 0u);
}

TEST_F(TimersTest, may_be_set_and_destroyed_by_who_is_told) {
  struct Chain {
    Timers& timers;
    std::unique_ptr<Timers::Timer> first;
    std::unique_ptr<Timers::Timer> second;
    int told = 0;
  } chain{.timers = timers_, .first = {}, .second = {}};
  const auto tell = [](void* self) {
    auto& all = *static_cast<Chain*>(self);
    ++all.told;
    all.first.reset();
    all.second.reset();
  };
  chain.first = std::make_unique<Timers::Timer>(timers_, tell, &chain);
  chain.second = std::make_unique<Timers::Timer>(timers_, tell, &chain);
  chain.first->set(in(seconds(1)));
  chain.second->set(in(seconds(1)));
  pass(seconds(2));
  EXPECT_EQ(chain.told, 1);
  EXPECT_EQ(timers_.set_count(), 0u);
}

TEST_F(TimersTest, tells_when_the_next_deadline_moves_forward) {
  int told = 0;
  timers_.on_earlier([](void* count) { ++*static_cast<int*>(count); }, &told);
  Counted one(timers_);
  Counted two(timers_);
  one.timer.set(in(seconds(10)));
  EXPECT_EQ(told, 1);
  two.timer.set(in(seconds(20)));
  EXPECT_EQ(told, 1);
  two.timer.set(in(seconds(5)));
  EXPECT_EQ(told, 2);
}

}  // namespace
}  // namespace naru::net
