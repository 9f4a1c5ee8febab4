#include "security/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace naru::security {
namespace {

constexpr std::size_t kTokenLetters = 43;

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

TEST(RandomBytes, gives_as_many_as_asked) {
  for (const std::size_t bytes : {0u, 1u, 32u, 5000u}) EXPECT_EQ(random_bytes(bytes).size(), bytes);
}

TEST(RandomBytes, never_repeats) { EXPECT_NE(random_bytes(32), random_bytes(32)); }

TEST(RandomToken, is_its_prefix_and_43_letters_or_digits) {
  for (int i = 0; i < 100; ++i) {
    const Secret token = random_token("nt-");
    const std::string_view text = token.reveal();
    ASSERT_TRUE(text.starts_with("nt-"));
    const std::string_view rest = text.substr(3);
    EXPECT_EQ(rest.size(), kTokenLetters);
    EXPECT_TRUE(std::ranges::all_of(rest, is_letter_or_digit)) << text;
  }
}

TEST(RandomToken, uses_every_letter_about_as_often_as_any_other) {
  std::map<char, int> seen;
  constexpr int kTokens = 3000;
  for (int i = 0; i < kTokens; ++i)
    for (const char c : random_token("").reveal()) ++seen[c];
  ASSERT_EQ(seen.size(), 62U);
  const double expected = static_cast<double>(kTokens * kTokenLetters) / 62.0;  // about 2,080
  for (const auto& [letter, count] : seen)
    EXPECT_NEAR(count, expected, 0.2 * expected) << letter;  // nine standard deviations
}

TEST(RandomToken, never_repeats) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.emplace(random_token("").reveal()).second);
}

TEST(SameBytes, compares_contents_and_lengths) {
  EXPECT_TRUE(same_bytes("", ""));
  EXPECT_TRUE(same_bytes("abc", "abc"));
  EXPECT_FALSE(same_bytes("abc", "abd"));
  EXPECT_FALSE(same_bytes("abc", "abcd"));
  EXPECT_FALSE(same_bytes("", "a"));
}

}  // namespace
}  // namespace naru::security
