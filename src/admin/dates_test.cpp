#include "admin/dates.h"

#include <gtest/gtest.h>

namespace naru::admin {
namespace {

TEST(Day, begins_at_midnight_utc) {
  struct Case {
    std::string_view text;
    std::string_view begins;
  };
  for (const auto& [text, begins] : std::initializer_list<Case>{
           {"2026-11-23", "2026-11-23T00:00:00Z"},
           {"1970-01-01", "1970-01-01T00:00:00Z"},
           {"2024-02-29", "2024-02-29T00:00:00Z"},
           {"2000-02-29", "2000-02-29T00:00:00Z"},
           {"2026-12-31", "2026-12-31T00:00:00Z"},
           {"2261-12-31", "2261-12-31T00:00:00Z"},
       }) {
    const auto day = find_day(text);
    ASSERT_TRUE(day) << text;
    EXPECT_EQ(rfc3339(*day), begins);
  }
}

TEST(Day, is_refused_when_the_calendar_has_none) {
  for (const std::string_view text :
       {"",           "yesterday",  "2026-02-29",       "1900-02-29",  "2026-13-01",
        "2026-00-10", "2026-11-00", "2026-11-31",       "2026-1-23",   "2026-11-2",
        "26-11-23",   "2026/11/23", "2026-11-23T00:00", "-026-11-23",  "2026--1-23",
        "2026-11--3", "2026-+1-23", "2026-11-23 ",      " 2026-11-23", "1969-12-31",
        "2262-01-01", "9999-12-31", "0000-01-01"})
    EXPECT_FALSE(find_day(text)) << text;
}

TEST(Rfc3339, cuts_parts_of_a_second_off_also_before_1970) {
  EXPECT_EQ(rfc3339(WallTime(std::chrono::milliseconds(1'999))), "1970-01-01T00:00:01Z");
  EXPECT_EQ(rfc3339(WallTime(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59Z");
}

}  // namespace
}  // namespace naru::admin
