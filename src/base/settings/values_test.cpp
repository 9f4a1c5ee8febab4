#include "base/settings/values.h"

#include <gtest/gtest.h>

namespace naru::settings {
namespace {

/// What was read, as `write` spells it; or the remedy.
template <class T, class Write>
std::string told(const Reading<T>& reading, Write write) {
  return reading ? write(*reading) : reading.error();
}
std::string duration(std::string_view text) { return told(read_duration(text), write_duration); }
std::string bytes(std::string_view text) { return told(read_bytes(text), write_bytes); }

struct Case {
  std::string_view text;
  std::string_view told;
};

TEST(Duration, is_a_number_with_its_unit) {
  constexpr std::string_view kForm = "give a whole number and its unit ms, s, m or h, as 90s";
  constexpr auto kCases = std::to_array<Case>({
      {"250ms", "250ms"},
      {"2s", "2s"},
      {"90s", "90s"},
      {"120s", "2m"},
      {"60m", "1h"},
      {"0s", "0s"},
      {"5", "durations carry a unit, as 5s"},
      {"0", "durations carry a unit, as 0s"},
      {"", kForm},
      {"s", kForm},
      {"-1s", kForm},
      {"1.5s", kForm},
      {"1 s", kForm},
      {"1S", kForm},
      {"1h30m", kForm},
      {"99999999999999999999s", kForm},
      {"9223372036854775807h", kForm},
  });
  for (const Case& each : kCases) EXPECT_EQ(duration(each.text), each.told) << each.text;
}

TEST(Bytes, is_a_number_with_its_binary_unit) {
  constexpr std::string_view kForm =
      "give a whole number and its unit B, KiB, MiB or GiB, as 32MiB";
  constexpr auto kCases = std::to_array<Case>({
      {"512B", "512B"},
      {"64KiB", "64KiB"},
      {"1024KiB", "1MiB"},
      {"2GiB", "2GiB"},
      {"4096", "sizes carry a unit, as 4096B"},
      {"32MB", kForm},
      {"32M", kForm},
      {"1e3B", kForm},
      {"9223372036854775807GiB", kForm},
  });
  for (const Case& each : kCases) EXPECT_EQ(bytes(each.text), each.told) << each.text;
}

TEST(Integer, is_decimal_digits_alone) {
  EXPECT_EQ(read_integer("12"), 12);
  EXPECT_EQ(read_integer("-1"), -1);
  for (const std::string_view text : {"", "0x10", "1_000", "1e3", "3.0", " 3", "+3"})
    EXPECT_FALSE(read_integer(text)) << text;
}

TEST(Boolean, is_spelled_true_or_false_alone) {
  EXPECT_EQ(read_boolean("true"), true);
  EXPECT_EQ(read_boolean("false"), false);
  for (const std::string_view text : {"yes", "on", "1", "True", ""})
    EXPECT_FALSE(read_boolean(text)) << text;
}

}  // namespace
}  // namespace naru::settings
