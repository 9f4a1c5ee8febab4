#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "base/rng.h"

namespace naru {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Names = std::vector<std::string>;

TEST(Text, compares_and_lowers_ascii_letters_only) {
  EXPECT_TRUE(equals_ignoring_case("Content-TYPE", "content-type"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));  // 32 apart, as letters are, but no letters
  EXPECT_FALSE(equals_ignoring_case("É", "é"));
  EXPECT_EQ(to_lower("AbZ[É"), "abz[É");
}

TEST(Text, trims_spaces_and_tabs) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim("\na "), "\na");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Text, splits_into_one_part_more_than_separators) {
  EXPECT_THAT(split("a,b", ','), ElementsAre("a", "b"));
  EXPECT_THAT(split(",a,,", ','), ElementsAre("", "a", "", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
}

TEST(Text, finds_where_utf8_breaks) {
  EXPECT_EQ(utf8_valid_bytes("나루"), 6U);
  EXPECT_EQ(utf8_valid_bytes("a\xFF"), 1U);
  EXPECT_EQ(utf8_valid_bytes("나\xEB\xA3"), 3U);  // a character cut at the end
  EXPECT_EQ(utf8_valid_bytes("\xED\xA0\x80"), 0U);
  EXPECT_EQ(utf8_valid_bytes("\xC0\x80"), 0U);
  EXPECT_EQ(utf8_valid_bytes("\xF4\x8F\xBF\xBF\xF4\x90\x80\x80"), 4U);
  EXPECT_EQ(utf8_valid_bytes(""), 0U);
}

TEST(Text, agrees_with_itself_on_what_utf8_is) {
  constexpr std::string_view kBytes =
      "a\x80\x8F\x90\x9F\xA0\xBF\xC1\xC2\xE0\xE4\xED\xEF\xF0\xF4\xF5";
  for (std::uint64_t seed = 0; seed < 50'000; ++seed) {
    Rng rng(seed);
    std::string text;
    for (std::uint64_t i = rng.below(6); i > 0; --i) text += kBytes[rng.below(kBytes.size())];
    ASSERT_EQ(is_utf8(text), utf8_valid_bytes(text) == text.size()) << "seed " << seed;
    ASSERT_TRUE(is_utf8(text.substr(0, utf8_valid_bytes(text)))) << "seed " << seed;
  }
}

TEST(Text, matches_patterns_with_stars) {
  struct Case {
    const char* pattern;
    const char* name;
    bool matches;
  };
  for (const Case& c : std::initializer_list<Case>{{"claude-*", "claude-sonnet", true},
                                                   {"claude-*", "claude-", true},
                                                   {"claude-*", "claude", false},
                                                   {"*", "", true},
                                                   {"", "", true},
                                                   {"", "a", false},
                                                   {"a", "a", true},
                                                   {"a", "A", false},
                                                   {"a", "ab", false},
                                                   {"*/*-instruct", "x/y-instruct", true},
                                                   {"*/*-instruct", "y-instruct", false},
                                                   {"*ab*ab", "abababab", true},
                                                   {"*ab*abc", "ababab", false},
                                                   {"a**b", "ab", true},
                                                   {"gpt-?", "gpt-4", false}})
    EXPECT_EQ(matches_pattern(c.pattern, c.name), c.matches) << c.pattern << " " << c.name;
}

TEST(Text, matches_an_evil_pattern_in_short_time) {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "a*";
  EXPECT_FALSE(matches_pattern(pattern + "b", std::string(5000, 'a')));
}

TEST(Text, counts_edits) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("gpt-4o", "gpt-4o"), 0U);
  EXPECT_EQ(edit_distance("flaw", "lawn"), 2U);
}

TEST(Text, names_what_is_near_nearest_first) {
  const Names known = {"gpt-4o-mini", "gpt-4o", "gpt-4.1", "claude-sonnet-4-5", "smollm2"};
  EXPECT_EQ(nearest("gpt-4", known, 2), (Names{"gpt-4o", "gpt-4.1"}));
  EXPECT_EQ(nearest("GPT-4O", known, 1), Names{"gpt-4o"});
  EXPECT_EQ(nearest("sonnet", known, 3), Names{"claude-sonnet-4-5"});
  EXPECT_THAT(nearest("whisper", known, 3), IsEmpty());
  EXPECT_THAT(nearest("gpt-4", known, 0), IsEmpty());
}

TEST(Text, stays_quick_for_absurdly_long_names) {
  const Names known(50, std::string(100'000, 'b'));
  EXPECT_THAT(nearest(std::string(1'000'000, 'a'), known, 3), IsEmpty());
}

TEST(Text, clips_between_characters) {
  EXPECT_EQ(clipped("abc", 5), "abc");
  EXPECT_EQ(clipped("abc", 3), "abc");
  EXPECT_EQ(clipped("abc", 2), "ab");
  EXPECT_EQ(clipped("a나루", 4), "a나");
  EXPECT_EQ(clipped("a나루", 6), "a나");
  EXPECT_EQ(clipped("나루", 2), "");
  EXPECT_EQ(clipped("\xF0\x9F\x8C\x9F!", 3), "");
}

TEST(Text, writes_bytes_as_base64) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64(std::string_view("\xFB\xFF\x00", 3)), "+/8A");
}

TEST(Text, patches_spans_in_one_pass) {
  const std::string text = R"({"model":"a","n":1})";
  EXPECT_EQ(patched(text, {{9, 12, R"("long name")"}, {17, 18, ""}}),
            R"({"model":"long name","n":})");
  EXPECT_EQ(patched("abc", {{0, 0, "<"}, {3, 3, ">"}}), "<abc>");
  EXPECT_EQ(patched("abc", {}), "abc");
  EXPECT_EQ(patched("abc", {{0, 3, ""}}), "");
}

TEST(Text, refuses_patches_out_of_order_or_range) {
  EXPECT_THROW(patched("abc", {{2, 3, ""}, {0, 1, ""}}), BrokenInvariant);
  EXPECT_THROW(patched("abc", {{0, 2, ""}, {1, 3, ""}}), BrokenInvariant);
  EXPECT_THROW(patched("abc", {{2, 4, ""}}), BrokenInvariant);
  EXPECT_THROW(patched("abc", {{2, 1, ""}}), BrokenInvariant);
}

}  // namespace
}  // namespace naru
