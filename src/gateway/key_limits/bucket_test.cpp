#include "gateway/key_limits/bucket.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace naru::gateway {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr std::int64_t kLimits[] = {1,      2,       7,         50,         60,         997,
                                    10'000, 123'457, 1'000'000, 99'999'999, 100'000'000};

/// One bucket and the time it stands at.
class Tapped {
 public:
  explicit Tapped(std::int64_t per_minute) : per_minute_(per_minute) {}
  Verdict ask(std::int64_t cost) const { return decide(bucket_, now_, cost, per_minute_); }
  bool take(std::int64_t cost) {
    const Verdict verdict = ask(cost);
    bucket_ = verdict.bucket;
    return verdict.allowed;
  }
  void charge(std::int64_t used) { bucket_ = charged(bucket_, now_, used, per_minute_); }
  void pass(nanoseconds time) { now_ += time; }
  Left left() const { return gateway::left(bucket_, now_, per_minute_); }
  Monotonic now() const { return now_; }
  bool full() const { return bucket_.full(now_); }

 private:
  std::int64_t per_minute_;
  Bucket bucket_;
  Monotonic now_{1h};
};

TEST(Bucket, gives_a_minutes_amount_at_once_and_no_more) {
  for (const std::int64_t limit : {1, 7, 50, 997}) {
    Tapped bucket(limit);
    for (std::int64_t i = 0; i < limit; ++i) EXPECT_TRUE(bucket.take(1)) << limit;
    EXPECT_FALSE(bucket.take(1)) << limit;
  }
}

TEST(Bucket, says_what_is_left_and_when_it_is_full) {
  Tapped bucket(60);
  EXPECT_EQ(bucket.left().remaining, 60);
  EXPECT_EQ(bucket.left().reset, 0ns);
  ASSERT_TRUE(bucket.take(10));
  EXPECT_EQ(bucket.left().remaining, 50);
  EXPECT_EQ(bucket.left().reset, 10s);
  bucket.pass(2500ms);
  EXPECT_EQ(bucket.left().remaining, 52) << "half a request is none";
  bucket.pass(7500ms);
  EXPECT_TRUE(bucket.full());
}

TEST(Bucket, would_give_what_it_says_is_left_and_not_one_more) {
  std::mt19937_64 chance(7);
  for (const std::int64_t limit : kLimits) {
    Tapped bucket(limit);
    for (int i = 0; i < 200; ++i) {
      bucket.take(static_cast<std::int64_t>(chance() % static_cast<std::uint64_t>(limit)) + 1);
      bucket.pass(nanoseconds(chance() % 5'000'000'000));
      const std::int64_t remaining = bucket.left().remaining;
      EXPECT_TRUE(bucket.ask(remaining).allowed) << limit;
      EXPECT_FALSE(bucket.ask(remaining + 1).allowed) << limit;
    }
  }
}

TEST(Bucket, gives_again_exactly_when_it_said) {
  std::mt19937_64 chance(8);
  for (const std::int64_t limit : kLimits) {
    Tapped bucket(limit);
    int refused = 0;
    for (int i = 0; i < 400; ++i) {
      const auto cost = static_cast<std::int64_t>(chance() % static_cast<std::uint64_t>(limit)) + 1;
      const Verdict verdict = bucket.ask(cost);
      if (verdict.allowed) {
        EXPECT_EQ(verdict.retry_after, std::nullopt);
        bucket.take(cost);
        continue;
      }
      ++refused;
      ASSERT_TRUE(verdict.retry_after) << limit;
      Tapped earlier = bucket;
      earlier.pass(*verdict.retry_after - 1ns);
      EXPECT_FALSE(earlier.ask(cost).allowed) << limit;
      bucket.pass(*verdict.retry_after);
      EXPECT_TRUE(bucket.take(cost)) << limit;
    }
    EXPECT_GT(refused, 0) << limit;
  }
}

TEST(Bucket, gives_no_more_in_any_time_than_the_limit_and_one_minutes_amount) {
  struct Given {
    Monotonic at;
    std::int64_t units;
  };
  for (const std::int64_t limit : kLimits) {
    std::mt19937_64 chance(9);
    Tapped bucket(limit);
    std::deque<Given> given;
    for (int i = 0; i < 600; ++i) {
      const auto cost =
          static_cast<std::int64_t>(chance() % static_cast<std::uint64_t>(limit)) / 3 + 1;
      if (bucket.take(cost)) given.push_back({bucket.now(), cost});
      if (chance() % 2 == 0) bucket.pass(nanoseconds(chance() % 40'000'000'000));
    }
    for (std::size_t first = 0; first < given.size(); ++first) {
      std::int64_t units = 0;
      for (std::size_t last = first; last < given.size(); ++last) {
        units += given[last].units;
        const long double minutes =
            std::chrono::duration<long double, std::ratio<60>>(given[last].at - given[first].at)
                .count();
        ASSERT_LE(static_cast<long double>(units),
                  static_cast<long double>(limit) * (minutes + 1.0L) * (1.0L + 1e-12L))
            << limit;
      }
    }
  }
}

TEST(Bucket, comes_back_at_the_limit_but_for_a_sixth_of_a_percent) {
  for (const std::int64_t limit : kLimits) {
    const nanoseconds minute = limit * time_each(limit);
    EXPECT_GE(minute, 60s) << limit;
    EXPECT_LE(minute, 60s + 101ms) << limit;
  }
}

TEST(Bucket, never_gives_more_than_a_minutes_amount_and_names_no_time_for_it) {
  Tapped bucket(1'000);
  const Verdict verdict = bucket.ask(1'001);
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.retry_after, std::nullopt);
  EXPECT_TRUE(bucket.take(1'000));
}

TEST(Bucket, is_in_debt_for_what_was_used_beyond_what_it_gave) {
  Tapped bucket(1'000);
  bucket.charge(2'500);
  EXPECT_EQ(bucket.left().remaining, 0);
  EXPECT_EQ(bucket.ask(1).retry_after, 90s + 60ms) << "1500 that are owed, and one";
  bucket.pass(90s + 60ms);
  EXPECT_TRUE(bucket.take(1));
}

TEST(Bucket, is_in_debt_for_a_day_at_most_whatever_a_provider_counts) {
  for (const std::int64_t limit : kLimits) {
    Tapped bucket(limit);
    for (int i = 0; i < 3; ++i) bucket.charge(std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(bucket.left().remaining, 0);
    EXPECT_LE(bucket.left().reset, kMostDebt);
    EXPECT_GT(bucket.left().reset, kMostDebt - 60s);
  }
}

TEST(Bucket, keeps_the_share_that_is_used_when_the_limit_changes) {
  const Monotonic now{1h};
  const Bucket half = decide({}, now, 50, 100).bucket;
  EXPECT_EQ(left(half, now, 100).remaining, 50);
  EXPECT_EQ(left(half, now, 10).remaining, 5);
  EXPECT_EQ(left(half, now, 1'000).remaining, 500);
}

}  // namespace
}  // namespace naru::gateway
