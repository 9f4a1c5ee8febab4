#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace naru::json {
namespace {

using testing::HasSubstr;

TEST(JsonNumber, refuses_numbers_that_readers_take_for_different_ones) {
  const std::string long_one = "1" + std::string(400, '0');
  for (const std::string_view text :
       std::initializer_list<std::string_view>{"1e999", "-1e999", "1e-999", "0.1e310", long_one}) {
    EXPECT_THAT(Tree::parse(fmt::format(R"({{"temperature":{}}})", text)).error().detail,
                HasSubstr("$.temperature is a number that no double holds"));
    EXPECT_TRUE(Tree::parse(text, kFromUpstream)) << text;
  }
  for (const std::string& text :
       {std::string("1e308"), std::string("5e-324"), std::string("0e999"), long_one + "e-200"})
    EXPECT_TRUE(Tree::parse(text)) << text;
}

TEST(JsonNumber, gives_whole_numbers_exactly) {
  const auto integer = [](const char* text) {
    return Tree::parse(text, kFromUpstream)->root().integer();
  };
  EXPECT_EQ(integer("0"), 0);
  EXPECT_EQ(integer("-0"), 0);
  EXPECT_EQ(integer("9223372036854775807"), 9'223'372'036'854'775'807);
  EXPECT_EQ(integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(integer("1.0"), 1);
  EXPECT_EQ(integer("1e2"), 100);
  EXPECT_EQ(integer("-12.50e2"), -1250);
  EXPECT_EQ(integer("100e-2"), 1);
  EXPECT_EQ(integer("0e999999999999999999999"), 0);
  EXPECT_EQ(integer("922337203685477580.7e1"), 9'223'372'036'854'775'807);
  for (const char* text : {"9223372036854775808", "1.5", "1e-1", "1e19", "1e999999999999999999999",
                           "1e-99999999999999999999", "\"1\"", "true", "0.1"})
    EXPECT_EQ(integer(text), std::nullopt) << text;
}

TEST(JsonNumber, gives_doubles_and_says_when_they_are_out_of_range) {
  const auto number = [](const char* text) {
    return Tree::parse(text, kFromUpstream)->root().number();
  };
  EXPECT_EQ(number("0.1"), 0.1);
  EXPECT_EQ(number("-1E+2"), -100.0);
  EXPECT_EQ(number("123456789012345678901234567890"), 123456789012345678901234567890.0);
  EXPECT_EQ(number("1e999"), std::nullopt);
  EXPECT_EQ(number("\"1\""), std::nullopt);
}

}  // namespace
}  // namespace naru::json
