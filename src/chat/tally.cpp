#include "chat/tally.h"

#include <algorithm>
#include <array>

namespace naru::chat {
namespace {

enum class Script : std::uint8_t { Hangul, Cjk };

struct Range {
  std::uint32_t first;
  std::uint32_t last;
  Script script;
};

/// In order. Source: Unicode 15, Blocks.txt.
constexpr auto kRanges = std::to_array<Range>({
    {0x1100, 0x11FF, Script::Hangul},  // Jamo
    {0x3000, 0x30FF, Script::Cjk},     // punctuation, hiragana, katakana
    {0x3130, 0x318F, Script::Hangul},  // compatibility Jamo
    {0x31F0, 0x31FF, Script::Cjk},     // katakana extensions
    {0x3400, 0x4DBF, Script::Cjk},     // Han, extension A
    {0x4E00, 0x9FFF, Script::Cjk},     // Han
    {0xA960, 0xA97F, Script::Hangul},  // Jamo, extended A
    {0xAC00, 0xD7FF, Script::Hangul},  // syllables; Jamo, extended B
    {0xF900, 0xFAFF, Script::Cjk},     // Han, compatibility
    {0xFF01, 0xFF9F, Script::Cjk},     // full width forms, half width katakana
    {0xFFA0, 0xFFDC, Script::Hangul},  // half width Jamo
    {0x1B000, 0x1B16F, Script::Cjk},   // kana supplements
    {0x20000, 0x323AF, Script::Cjk},   // Han, extensions B to H
});
static_assert(std::ranges::is_sorted(kRanges, {}, &Range::first));

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
};

/// The character `text` begins with; a broken or cut one counts byte by byte, with code 0.
Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (bytes == 1 || bytes > text.size()) return {};
  std::uint32_t code = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return {};
    code = (code << 6) | (next & 0x3F);
  }
  return {code, bytes};
}

}  // namespace

void Tally::add(std::string_view utf8) {
  while (!utf8.empty()) {
    const auto plain = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    const auto run = std::ranges::find_if_not(utf8, plain) - utf8.begin();
    ascii += run;
    utf8.remove_prefix(static_cast<std::size_t>(run));
    if (utf8.empty()) return;
    const Character character = first_character(utf8);
    const auto* const range = std::ranges::lower_bound(kRanges, character.code, {}, &Range::last);
    const bool inside = range != kRanges.end() && range->first <= character.code;
    std::int64_t& count = !inside ? other : range->script == Script::Hangul ? hangul : cjk;
    count += static_cast<std::int64_t>(character.bytes);
    utf8.remove_prefix(character.bytes);
  }
}

}  // namespace naru::chat
