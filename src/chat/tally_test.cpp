#include "chat/tally.h"

#include <gtest/gtest.h>

#include <string>

namespace naru::chat {
namespace {

Tally tally_of(std::string_view text) {
  Tally tally;
  tally.add(text);
  return tally;
}

TEST(Tally, counts_bytes_by_script) {
  EXPECT_EQ(tally_of("plain\n\x7F"), (Tally{.ascii = 7}));
  EXPECT_EQ(tally_of("나루ㄱㅏ"), (Tally{.hangul = 12}));
  EXPECT_EQ(tally_of("漢字かなカナ。"), (Tally{.cjk = 21}));
  EXPECT_EQ(tally_of("éж😀"), (Tally{.other = 8}));
  EXPECT_EQ(tally_of("a 나 漢 é"), (Tally{.ascii = 4, .hangul = 3, .cjk = 3, .other = 2}));
}

TEST(Tally, knows_the_first_and_last_character_of_each_script) {
  EXPECT_EQ(tally_of("\uAC00\uD7A3\u1100\u3131\uFFDC").hangul, 15);
  EXPECT_EQ(tally_of("\u3041\u30FF\u4E00\u9FFF\u3400\uF900\uFF9F").cjk, 21);
  EXPECT_EQ(tally_of("\U00020000\U000323AF").cjk, 8);
  EXPECT_EQ(tally_of("\u10FF\u1200\u2FFF\u3100\uA97F\uD7FF\uFB00\uE000"),
            (Tally{.hangul = 3 + 3, .other = 18}));
}

TEST(Tally, counts_broken_bytes_as_other) {
  EXPECT_EQ(tally_of("\xFF\x80"
                     "a"),
            (Tally{.ascii = 1, .other = 2}));
  EXPECT_EQ(tally_of("\xEB\x82"), (Tally{.other = 2}));
  EXPECT_EQ(tally_of("\xEB"
                     "ab"),
            (Tally{.ascii = 2, .other = 1}));
}

TEST(Tally, adds_up_to_all_bytes_however_a_text_is_cut) {
  const std::string text = "Hello, 나루! 漢字 é 😀 and more";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Tally tally = tally_of(text.substr(0, cut));
    tally.add(text.substr(cut));
    EXPECT_EQ(tally.total(), static_cast<std::int64_t>(text.size()));
    const bool between =
        cut == text.size() || (static_cast<unsigned char>(text[cut]) & 0xC0) != 0x80;
    if (between) EXPECT_EQ(tally, tally_of(text)) << cut;
  }
}

}  // namespace
}  // namespace naru::chat
