#include "net/loop.h"

#include <gmock/gmock.h>

#include <atomic>

#include "base/check.h"
#include "net/handoff.h"
#include "net/wake.h"
#include "telemetry/log.h"

namespace naru::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Notes = std::vector<std::string>;

/// A loop that runs only when the test gives it turns, at a time the test sets.
class LoopTest : public ::testing::Test {
 protected:
  void settle() {
    while (loop_.poll()) {
    }
  }
  void pass(std::chrono::nanoseconds time) {
    clock_.advance(time);
    settle();
  }
  Until in(std::chrono::nanoseconds time, Stop* stop = nullptr) const {
    return {.deadline = clock_.now() + time, .stop = stop};
  }

  ManualClock clock_;
  Loop loop_{0, clock_, telemetry::null_log()};
  Stop stop_;
  Stop word_;
  Notes notes_;
  TaskGroup group_{loop_};
};

void note(Notes& notes, const Result<void>& result) {
  notes.emplace_back(result ? "done" : row(result.error().kind).word);
}

Task<void> sleep_and_note(Loop& loop, milliseconds length, Until until, Notes& notes) {
  const auto slept = co_await loop.sleep(length, until);
  note(notes, slept);
}

Task<void> wait_and_note(Loop& loop, Stop& word, Until until, Notes& notes) {
  const auto waited = co_await wait(loop, word, until);
  note(notes, waited);
}

Task<void> take_and_note(Handoff<std::string> place, Until until, Notes& notes) {
  const auto taken = co_await place.take(until);
  notes.emplace_back(taken ? *taken : std::string(row(taken.error().kind).word));
}

Task<void> throw_at_once() {
  throw BrokenInvariant("made for this test");
  co_return;
}

Task<void> join_and_note(TaskGroup& group, Until until, Notes& notes) {
  co_await group.join(until);
  notes.emplace_back("joined");
}

TEST_F(LoopTest, sleeps_as_long_as_it_was_told) {
  group_.spawn(sleep_and_note(loop_, seconds(5), {}, notes_));
  settle();
  pass(milliseconds(4'999));
  EXPECT_THAT(notes_, IsEmpty());
  pass(milliseconds(10));
  EXPECT_THAT(notes_, ElementsAre("done"));
}

TEST_F(LoopTest, ends_a_sleep_by_deadline_or_word) {
  group_.spawn(sleep_and_note(loop_, seconds(5), in(seconds(1)), notes_));
  group_.spawn(sleep_and_note(loop_, seconds(5), in(seconds(9), &stop_), notes_));
  settle();
  pass(seconds(2));
  EXPECT_THAT(notes_, ElementsAre("upstream_timeout"));
  stop_.fire();
  settle();
  EXPECT_THAT(notes_, ElementsAre("upstream_timeout", "abandoned"));
}

TEST_F(LoopTest, waits_for_a_word) {
  group_.spawn(wait_and_note(loop_, word_, in(seconds(1), &stop_), notes_));
  settle();
  word_.fire();
  settle();
  EXPECT_THAT(notes_, ElementsAre("done"));
}

TEST_F(LoopTest, does_not_wait_for_what_has_happened) {
  word_.fire();
  stop_.fire();
  group_.spawn(wait_and_note(loop_, word_, {}, notes_));
  Stop other;
  group_.spawn(wait_and_note(loop_, other, {.stop = &stop_}, notes_));
  settle();
  EXPECT_THAT(notes_, ElementsAre("done", "abandoned"));
}

TEST_F(LoopTest, tells_each_waiter_of_a_word_once) {
  for (int i = 0; i < 3; ++i) group_.spawn(wait_and_note(loop_, word_, {}, notes_));
  settle();
  word_.fire();
  word_.fire();
  settle();
  EXPECT_THAT(notes_, ElementsAre("done", "done", "done"));
}

TEST_F(LoopTest, takes_a_value_from_another_thread) {
  const Handoff<std::string> place(loop_);
  group_.spawn(take_and_note(place, in(seconds(60)), notes_));
  settle();
  std::jthread([&place] { place.give("from afar"); });
  settle();
  EXPECT_THAT(notes_, ElementsAre("from afar"));
}

TEST_F(LoopTest, takes_the_first_value_even_if_it_came_before) {
  const Handoff<std::string> place(loop_);
  place.give("first");
  place.give("second");
  group_.spawn(take_and_note(place, {}, notes_));
  settle();
  EXPECT_THAT(notes_, ElementsAre("first"));
}

TEST_F(LoopTest, drops_a_value_nobody_waits_for_any_more) {
  const Handoff<std::string> place(loop_);
  group_.spawn(take_and_note(place, in(seconds(1)), notes_));
  settle();
  pass(seconds(2));
  place.give("late");
  settle();
  EXPECT_THAT(notes_, ElementsAre("upstream_timeout"));
}

TEST_F(LoopTest, a_broken_invariant_ends_its_task_alone) {
  group_.spawn(throw_at_once());
  group_.spawn(sleep_and_note(loop_, seconds(1), {}, notes_));
  settle();
  EXPECT_EQ(group_.running(), 1u);
  pass(seconds(2));
  EXPECT_THAT(notes_, ElementsAre("done"));
}

TEST_F(LoopTest, joins_tasks_and_tells_them_to_end_at_the_deadline) {
  TaskGroup tasks(loop_);
  tasks.spawn(sleep_and_note(loop_, seconds(60), {.stop = &tasks.stop()}, notes_));
  group_.spawn(join_and_note(tasks, in(seconds(5)), notes_));
  settle();
  pass(seconds(4));
  EXPECT_THAT(notes_, IsEmpty());
  pass(seconds(2));
  EXPECT_THAT(notes_, ElementsAre("abandoned", "joined"));
  EXPECT_EQ(tasks.running(), 0u);
}

TEST_F(LoopTest, frees_what_still_waits_when_it_goes) {
  auto alive = std::make_shared<int>(0);
  const std::weak_ptr<int> seen = alive;
  {
    Loop loop(1, clock_, telemetry::null_log());
    Stop word;
    TaskGroup tasks(loop);
    const auto hold = [](Loop& on, Stop& until_word, std::shared_ptr<int>) -> Task<void> {
      const auto waited = co_await wait(on, until_word, {});
      EXPECT_FALSE(waited);
    };
    tasks.spawn(hold(loop, word, std::move(alive)));
    loop.poll();
    EXPECT_FALSE(seen.expired());
  }
  EXPECT_TRUE(seen.expired());
}

TEST(Loops, run_each_on_a_thread_of_its_own) {
  const SystemClock clock;
  Loops loops(3, clock, telemetry::null_log());
  loops.start();
  std::atomic<int> left = 3;
  std::array<std::thread::id, 3> threads;
  for (unsigned i = 0; i < 3; ++i)
    loops.at(i).post([&, i] {
      threads[i] = std::this_thread::get_id();
      --left;
      left.notify_one();
    });
  for (int now = left; now > 0; now = left) left.wait(now);
  EXPECT_NE(threads[0], threads[1]);
  EXPECT_NE(threads[1], threads[2]);
}

TEST(RunTask, runs_to_the_end_and_passes_what_was_thrown) {
  const SystemClock clock;
  int ran = 0;
  run_task(
      [&ran](Loop& loop) -> Task<void> {
        const auto slept = [](Loop& on, int& count) -> Task<void> {
          const auto done = co_await on.sleep(milliseconds(1), {});
          if (done) ++count;
        };
        return slept(loop, ran);
      },
      clock, telemetry::null_log());
  EXPECT_EQ(ran, 1);
  EXPECT_THROW(run_task([](Loop&) { return throw_at_once(); }, clock, telemetry::null_log()),
               BrokenInvariant);
}

}  // namespace
}  // namespace naru::net
