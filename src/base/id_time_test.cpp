#include <gtest/gtest.h>

#include "base/id.h"

namespace naru {
namespace {

using namespace std::chrono_literals;

constexpr WallTime at(std::chrono::sys_days day, std::chrono::nanoseconds rest = 0ns) {
  return WallTime(day) + rest;
}
constexpr auto kDay = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);

TEST(ExchangeIdTime, is_the_millisecond_it_was_made_in) {
  ManualClock clock;
  IdMaker ids(clock);
  clock.advance(1'234'567ns);
  ids.next();
  const ExchangeId id = ids.next();
  EXPECT_EQ(wall_time_of(id), std::chrono::floor<std::chrono::milliseconds>(clock.wall_now()));
}

TEST(ExchangeIdTime, parts_ids_of_before_from_those_of_after) {
  const ExchangeId midnight = first_id_at(at(kDay));
  EXPECT_EQ(wall_time_of(midnight), at(kDay));
  EXPECT_EQ(wall_time_of(midnight - 1), at(kDay) - 1ms);
  EXPECT_EQ(first_id_at(at(kDay, 999'999ns)), midnight);
}

TEST(ExchangeIdTime, stays_within_what_an_id_can_say) {
  EXPECT_EQ(first_id_at(WallTime{}), 0);
  EXPECT_GT(first_id_at(WallTime::max()), first_id_at(at(kDay)));
}

TEST(IdMaker, goes_on_behind_the_last_id_although_the_clock_was_set_back) {
  const ManualClock clock;
  const ExchangeId last = first_id_at(clock.wall_now() + 1h);
  IdMaker ids(clock, last);
  EXPECT_EQ(ids.next(), last + 1);
  EXPECT_EQ(ids.next(), last + 2);
}

}  // namespace
}  // namespace naru
