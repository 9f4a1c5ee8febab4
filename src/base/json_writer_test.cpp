#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/check.h"

namespace naru::json {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

std::string number(double value) {
  std::string out;
  Writer(out).number(value);
  return out;
}

TEST(JsonWriter, sets_commas_and_colons) {
  std::string text;
  Writer out(text);
  out.object().field("a", 1).field("b", "x").field("c", true);
  out.key("d").array().integer(1).null().object().end_object().array().end_array().end_array();
  out.key("e").object().key("f").number(1.5).end_object().key("g").raw("[1, 2]").end_object();
  EXPECT_EQ(text, R"({"a":1,"b":"x","c":true,"d":[1,null,{},[]],"e":{"f":1.5},"g":[1, 2]})");
}

TEST(JsonWriter, writes_integers_of_any_size) {
  std::string text;
  Writer out(text);
  out.array().integer(std::numeric_limits<std::int64_t>::min());
  out.integer(std::numeric_limits<std::int64_t>::max()).integer(0).end_array();
  EXPECT_EQ(text, "[-9223372036854775808,9223372036854775807,0]");
}

TEST(JsonWriter, writes_the_shortest_number_that_reads_back) {
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(1), "1");
  EXPECT_EQ(number(-1e300), "-1e+300");
  EXPECT_EQ(number(5e-324), "5e-324");
  EXPECT_EQ(number(0.1 + 0.2), "0.30000000000000004");
}

TEST(JsonWriter, writes_null_for_what_json_cannot_say) {
  EXPECT_EQ(number(std::nan("")), "null");
  EXPECT_EQ(number(-std::numeric_limits<double>::infinity()), "null");
}

TEST(JsonWriter, escapes_only_what_must_be) {
  EXPECT_EQ(quoted("a\"b\\c\b\f\n\r\t\x01\x1F/\x7F나루"),
            "\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0001\\u001f/\x7F나루\"");
  EXPECT_EQ(quoted(std::string_view("\0", 1)), "\"\\u0000\"");
  EXPECT_EQ(quoted(""), "\"\"");
}

TEST(JsonWriter, replaces_broken_bytes_one_by_one) {
  EXPECT_EQ(quoted("a\xFF"
                   "b\xE4\xBD"),
            "\"a\uFFFD"
            "b\uFFFD\uFFFD\"");
  EXPECT_EQ(quoted("\xED\xA0\x80 나 \""), "\"\uFFFD\uFFFD\uFFFD 나 \\\"\"");
}

TEST(JsonWriter, escapes_keys) {
  std::string text;
  Writer(text).object().field("a\"\n", "x").end_object();
  EXPECT_EQ(text, R"({"a\"\n":"x"})");
}

TEST(JsonWriter, refuses_raw_bytes_that_are_no_value) {
  std::string text;
  Writer out(text);
  EXPECT_THROW(out.raw(""), BrokenInvariant);
}

}  // namespace
}  // namespace naru::json
