#include "telemetry/line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"

namespace naru::telemetry {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr WallTime kTime{std::chrono::milliseconds(1'800'000'000'123)};

std::string rendered(std::vector<FieldView> fields, LineForm form = LineForm::Json,
                     std::size_t most_bytes = 8192) {
  return render({.time = kTime, .level = Level::Warn, .event = "upstream.retry", .fields = fields},
                form, most_bytes);
}

std::string pretty(std::vector<FieldView> fields) { return rendered(fields, LineForm::Pretty); }

/// The text that a reader of the JSON line gets back for one field.
std::string read_back(std::string_view value) {
  const std::string line = rendered({field("x", value)});
  const Result<json::Tree> tree = json::Tree::parse(line);
  return tree ? std::string(tree->root().find("x")->text()) : tree.error().detail;
}

TEST(Line, is_one_json_object_with_typed_fields) {
  EXPECT_EQ(rendered({field("provider", "openai"), field("attempt", 2), field("share", 0.25),
                      field("stream", true), field("bytes", 18'446'744'073'709'551'615U)}),
            R"({"time":"2027-01-15T08:00:00.123Z","level":"warn","event":"upstream.retry",)"
            R"("provider":"openai","attempt":2,"share":0.25,"stream":true,)"
            R"("bytes":18446744073709551615})"
            "\n");
}

TEST(Line, is_short_for_eyes) {
  EXPECT_EQ(pretty({field("provider", "openai"), field("why", "no room"), field("attempt", 2)}),
            "08:00:00.123 WARN  upstream.retry provider=openai why=\"no room\" attempt=2\n");
  EXPECT_EQ(rendered({}, LineForm::Colour), "08:00:00.123 \x1b[33mWARN \x1b[0m upstream.retry\n");
}

TEST(Line, leaves_out_fields_of_empty_text) {
  EXPECT_THAT(rendered({field("fault", "")}), Not(HasSubstr("fault")));
  EXPECT_THAT(pretty({field("fault", ""), field("n", 0)}), HasSubstr("retry n=0\n"));
}

TEST(Line, escapes_whatever_could_forge_a_line_or_steer_a_terminal) {
  for (const std::string_view evil :
       {"a\nb", "a\rb", "\x1b[31mred",
        "\x9b"
        "31m",
        "\u009b31m", "a\x7Fz", "\u202Egpj.exe", "a\u2028b", "\u2066x\u2069", "tab\there"}) {
    for (const LineForm form : {LineForm::Json, LineForm::Pretty}) {
      const std::string line = rendered({field("x", evil)}, form);
      EXPECT_EQ(line.find('\n'), line.size() - 1);
      for (const char* part : {"\x1b", "\r", "\t", "\x7F", "\u009b", "\u202E", "\u2028", "\u2066"})
        EXPECT_THAT(line, Not(HasSubstr(part))) << evil;
      EXPECT_TRUE(is_utf8(line));
    }
  }
}

TEST(Line, gives_a_reader_the_text_itself) {
  for (const std::string text :
       {"a\nb\x1b", "\u009b\u202E\u2028\u2069 x", "나루 \"quoted\" \\", "\x7F"})
    EXPECT_EQ(read_back(text), text);
}

TEST(Line, quotes_words_that_would_be_misread) {
  for (const char* text : {"a b", "a=b", "a\"b", "a\\b", "나루"})
    EXPECT_THAT(pretty({field("x", text)}), HasSubstr("x=\"")) << text;
  EXPECT_THAT(pretty({field("x", "gpt-4o/2024:latest")}), HasSubstr(" x=gpt-4o/2024:latest\n"));
}

TEST(Line, cuts_a_long_text_between_characters) {
  std::string hangul;
  for (int i = 0; i < 2000; ++i) hangul += "나";
  const std::string shown = read_back(hangul);
  EXPECT_LE(shown.size(), 2051U);
  EXPECT_TRUE(shown.ends_with("나…"));
  EXPECT_EQ(read_back(std::string(2048, 'x')), std::string(2048, 'x'));
  EXPECT_EQ(read_back(std::string(2049, 'x')), std::string(2048, 'x') + "…");
}

TEST(Line, stays_within_its_bound_and_says_that_it_was_cut) {
  const std::string evil(2048, '\x01');  // six times as long once escaped
  for (const LineForm form : {LineForm::Json, LineForm::Pretty}) {
    const std::string line =
        rendered({field("a", 1), field("b", evil), field("c", evil), field("d", 2)}, form, 500);
    EXPECT_LE(line.size(), 500U);
    EXPECT_THAT(line,
                HasSubstr(form == LineForm::Json ? R"("a":1,"cut":true})" : "a=1 cut=true\n"));
  }
}

TEST(Level, reads_back_from_its_word) {
  for (const Level level : {Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Off})
    EXPECT_EQ(find_level(word_of(level)), level);
  EXPECT_EQ(find_level("INFO"), std::nullopt);
  EXPECT_EQ(find_level(""), std::nullopt);
}

TEST(Rfc3339, writes_leap_days_and_times_before_1970) {
  EXPECT_EQ(rfc3339_ms(WallTime(std::chrono::seconds(1'709'164'800))), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(rfc3339_ms(WallTime(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace naru::telemetry
