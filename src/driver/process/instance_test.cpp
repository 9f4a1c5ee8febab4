#include "driver/process/instance.h"

#include <gtest/gtest.h>

namespace naru::driver {
namespace {

using namespace std::chrono_literals;

class InstanceTest : public testing::Test {
 protected:
  InstanceTest() { spec_->name = "m"; }

  Act look(Observation seen = {}) {
    seen.now = clock_.now();
    if (!seen.stop) seen.wanted = wanted_;
    return instance_.observe(seen);
  }
  Act later(std::chrono::milliseconds by, Observation seen = {}) {
    clock_.advance(by);
    return look(std::move(seen));
  }
  void become_ready() {
    ASSERT_EQ(look(), Act::Spawn);
    ASSERT_EQ(later(100ms, {.health = Health::Ok}), Act::Warm);
    ASSERT_EQ(later(100ms, {.warmed = true}), Act::Nothing);
    ASSERT_EQ(instance_.stage(), Stage::Ready);
  }
  void crash(const std::string& how = "signal 9") { look({.exited = how}); }
  /// So many health calls without an answer; gives what the last is answered with.
  Act misses(int count) {
    Act act = Act::Nothing;
    for (int i = 0; i < count && act == Act::Nothing; ++i)
      act = later(700ms, {.health = Health::Unreachable});
    return act;
  }
  /// Time until it starts again.
  std::chrono::milliseconds wait_of_backoff() {
    std::chrono::milliseconds waited{0};
    while (instance_.stage() == Stage::Backoff && waited < 400s) {
      later(50ms);
      waited += 50ms;
    }
    return waited;
  }

  ManualClock clock_;
  Rng rng_{11};
  std::shared_ptr<DeploymentSpec> spec_ = std::make_shared<DeploymentSpec>();
  Instance instance_{spec_, rng_};
  bool wanted_ = true;
};

TEST_F(InstanceTest, is_ready_only_after_it_has_generated_a_token) {
  EXPECT_EQ(look(), Act::Spawn);
  EXPECT_EQ(later(100ms, {.health = Health::Loading}), Act::Nothing);
  EXPECT_EQ(instance_.phase(), registry::Phase::Starting);
  EXPECT_EQ(later(100ms, {.health = Health::Ok}), Act::Warm);
  EXPECT_EQ(instance_.phase(), registry::Phase::Starting);
  later(100ms, {.warmed = true});
  EXPECT_EQ(instance_.phase(), registry::Phase::Ready);
}

TEST_F(InstanceTest, waits_until_it_is_wanted) {
  wanted_ = false;
  EXPECT_EQ(later(1h), Act::Nothing);
  wanted_ = true;
  EXPECT_EQ(look(), Act::Spawn);
}

TEST_F(InstanceTest, kills_a_load_that_shows_no_sign_of_life) {
  look();
  EXPECT_EQ(later(119s), Act::Nothing);
  EXPECT_EQ(later(2s), Act::Kill);
  EXPECT_EQ(later(1s), Act::Nothing);
  crash();
  EXPECT_EQ(instance_.reason(), "no progress in loading");
}

TEST_F(InstanceTest, gives_a_slow_load_time_as_long_as_it_moves) {
  look();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(later(100s, {.output = true}), Act::Nothing);
  EXPECT_EQ(later(100ms, {.health = Health::Ok}), Act::Warm);
}

TEST_F(InstanceTest, kills_an_engine_that_generates_nothing) {
  look();
  later(100ms, {.health = Health::Ok});
  EXPECT_EQ(later(100ms, {.warmed = false}), Act::Kill);
}

TEST_F(InstanceTest, starts_again_after_waits_that_double) {
  std::chrono::milliseconds expected = 1s;
  for (int i = 0; i < 4; ++i) {
    look();
    crash();
    ASSERT_EQ(instance_.phase(), registry::Phase::Backoff);
    const auto waited = wait_of_backoff();
    EXPECT_GE(waited + 50ms, expected * 8 / 10);
    EXPECT_LE(waited - 50ms, expected * 12 / 10);
    expected *= 2;
  }
}

TEST_F(InstanceTest, gives_up_after_five_crashes_in_ten_minutes) {
  for (int i = 0; i < Instance::kCrashesToFail; ++i) {
    look();
    crash("exit 1");
    wait_of_backoff();
  }
  EXPECT_EQ(instance_.phase(), registry::Phase::Failed);
  EXPECT_EQ(instance_.reason(), "exit 1");
  EXPECT_EQ(later(1h), Act::Nothing);
}

TEST_F(InstanceTest, does_not_add_up_crashes_that_are_far_apart) {
  for (int i = 0; i < 20; ++i) {
    if (instance_.stage() != Stage::Loading) look();
    crash();
    later(11min);
  }
  EXPECT_NE(instance_.phase(), registry::Phase::Failed);
}

TEST_F(InstanceTest, does_not_try_broken_weights_again) {
  look();
  look({.refused = "not a sound GGUF file", .refused_for_good = true});
  EXPECT_EQ(instance_.phase(), registry::Phase::Failed);
}

TEST_F(InstanceTest, kills_after_five_health_calls_in_a_row_without_an_answer) {
  become_ready();
  EXPECT_EQ(misses(4), Act::Nothing);
  EXPECT_EQ(later(1s, {.health = Health::Ok}), Act::Nothing);
  EXPECT_EQ(misses(4), Act::Nothing);
  EXPECT_EQ(misses(1), Act::Kill);
}

TEST_F(InstanceTest, gets_no_new_calls_from_the_second_health_call_without_an_answer_on) {
  become_ready();
  misses(1);
  EXPECT_EQ(instance_.phase(), registry::Phase::Ready);
  misses(1);
  EXPECT_EQ(instance_.phase(), registry::Phase::Backoff);
  EXPECT_EQ(instance_.reason(), "it does not answer");
  later(1s, {.health = Health::Ok});
  EXPECT_EQ(instance_.phase(), registry::Phase::Ready);
  EXPECT_EQ(instance_.reason(), "");
  EXPECT_EQ(instance_.restarts(), 0U);
}

TEST_F(InstanceTest, kills_an_engine_that_works_without_progress) {
  become_ready();
  for (std::uint64_t i = 1; i < 60; ++i)
    ASSERT_EQ(later(1s, {.health = Health::Ok, .progress = Progress{1, i}}), Act::Nothing);
  Act act = Act::Nothing;
  int seconds = 0;
  while (act == Act::Nothing && seconds < 60) {
    act = later(1s, {.health = Health::Ok, .progress = Progress{1, 59}});
    ++seconds;
  }
  EXPECT_EQ(act, Act::Kill);
  EXPECT_EQ(seconds, 30);
}

TEST_F(InstanceTest, is_not_stuck_while_it_has_nothing_to_do) {
  become_ready();
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(later(1s, {.health = Health::Ok, .progress = Progress{0, 7}}), Act::Nothing);
}

TEST_F(InstanceTest, does_not_count_the_time_between_calls_as_time_without_progress) {
  become_ready();
  const Observation working{.health = Health::Ok, .in_flight = 1, .progress = Progress{1, 7}};
  ASSERT_EQ(later(1s, working), Act::Nothing);
  for (int i = 0; i < 60; ++i) ASSERT_EQ(later(1s, {.health = Health::Ok}), Act::Nothing);
  EXPECT_EQ(later(1s, working), Act::Nothing);  // the first batch of the next prompt
  EXPECT_EQ(later(29s, working), Act::Kill);
}

TEST_F(InstanceTest, drains_before_it_ends) {
  become_ready();
  EXPECT_EQ(look({.stop = true, .in_flight = 1}), Act::Nothing);
  EXPECT_EQ(instance_.phase(), registry::Phase::Draining);
  EXPECT_EQ(later(5s, {.stop = true, .in_flight = 1}), Act::Nothing);
  EXPECT_EQ(later(1s, {.stop = true}), Act::Terminate);
  look({.stop = true, .exited = "exit 0"});
  EXPECT_EQ(instance_.phase(), registry::Phase::Stopped);
}

TEST_F(InstanceTest, ends_calls_that_outlast_the_drain) {
  become_ready();
  look({.stop = true, .in_flight = 1});
  EXPECT_EQ(later(31s, {.stop = true, .in_flight = 1}), Act::Terminate);
}

TEST_F(InstanceTest, kills_what_does_not_end_when_asked) {
  become_ready();
  EXPECT_EQ(look({.stop = true}), Act::Terminate);
  EXPECT_EQ(later(9s, {.stop = true}), Act::Nothing);
  EXPECT_EQ(later(2s, {.stop = true}), Act::Kill);
  EXPECT_EQ(later(1s, {.stop = true}), Act::Nothing);
}

TEST_F(InstanceTest, takes_no_calls_once_it_is_to_be_killed_and_is_let_go_of_at_last) {
  become_ready();
  EXPECT_EQ(misses(5), Act::Kill);
  EXPECT_NE(instance_.phase(), registry::Phase::Ready);
  EXPECT_EQ(later(4s), Act::Nothing);
  EXPECT_EQ(later(2s), Act::GiveUp);
  EXPECT_EQ(later(1s), Act::Nothing);
  crash("it could not be ended");
  EXPECT_EQ(instance_.stage(), Stage::Backoff);
  EXPECT_EQ(instance_.reason(), "it does not answer");
  EXPECT_EQ(instance_.restarts(), 1U);
}

TEST_F(InstanceTest, unloads_when_nobody_calls_and_loads_again_for_the_next) {
  spec_->idle_unload = 5min;
  become_ready();
  EXPECT_EQ(later(4min, {.last_used = clock_.now()}), Act::Nothing);
  EXPECT_EQ(later(4min, {.in_flight = 1}), Act::Nothing);
  wanted_ = false;
  EXPECT_EQ(later(6min), Act::Terminate);
  look({.exited = "exit 0"});
  EXPECT_EQ(instance_.phase(), registry::Phase::Stopped);
  wanted_ = true;
  EXPECT_EQ(look(), Act::Spawn);
}

TEST_F(InstanceTest, never_unloads_under_a_call_that_waits) {
  spec_->idle_unload = 5min;
  become_ready();
  EXPECT_EQ(later(6min, {.waiting = 1}), Act::Nothing);
}

}  // namespace
}  // namespace naru::driver
