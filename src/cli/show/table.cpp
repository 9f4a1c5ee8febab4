#include "cli/show/table.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/check.h"

namespace naru::cli {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

constexpr auto kWide = std::to_array<Range>({
    {0x1100, 0x115F},
    {0x2E80, 0x303E},
    {0x3041, 0x33FF},
    {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},
    {0xA000, 0xA4CF},
    {0xA960, 0xA97C},
    {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},
    {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF},
    {0x1F900, 0x1F9FF},
    {0x20000, 0x3FFFD},
});
constexpr auto kWithoutWidth = std::to_array<Range>({
    {0x0300, 0x036F},
    {0x1160, 0x11FF},
    {0x200B, 0x200F},
    {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F},
});

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t c) {
  return std::ranges::any_of(
      ranges, [c](const Range& range) { return c >= range.first && c <= range.last; });
}

/// Bytes of the character at the front of `text`, which is not empty; 1 where it is no UTF-8.
std::size_t character_bytes(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  return bytes <= text.size() ? bytes : 1;
}

char32_t decoded(std::string_view character) {
  constexpr std::array<unsigned, 5> kLeadBits = {0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t code = static_cast<unsigned char>(character[0]) & kLeadBits[character.size()];
  for (const char c : character.substr(1)) code = (code << 6) | (static_cast<unsigned>(c) & 0x3FU);
  return code;
}

/// C0 and C1, and the character that turns the direction of text.
bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x202A && c <= 0x202E);
}

std::string on_one_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, character_bytes(text));
    is_control(decoded(one)) ? line.append(" ") : line.append(one);
    text.remove_prefix(one.size());
  }
  return line;
}

void append_cell(std::string& line, const std::string& cell, std::size_t width, Align align) {
  const std::size_t gap = width - std::min(width, shown_width(cell));
  if (align == Align::Right) line.append(gap, ' ');
  line += cell;
  if (align == Align::Left) line.append(gap, ' ');
}

}  // namespace

std::size_t shown_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, character_bytes(text));
    const char32_t code = decoded(one);
    width += is_in(kWithoutWidth, code) ? 0 : is_in(kWide, code) ? 2 : 1;
    text.remove_prefix(one.size());
  }
  return width;
}

std::string without_controls(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, character_bytes(text));
    if (one == "\n" || one == "\t" || !is_control(decoded(one))) plain += one;
    text.remove_prefix(one.size());
  }
  return plain;
}

void Table::add(std::vector<std::string> cells) {
  NARU_CHECK(cells.size() == columns_.size(), "a row has one cell a column");
  for (std::string& cell : cells) cell = on_one_line(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = shown_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, shown_width(row[i]));
    widths.push_back(width);
  }
  std::string text;
  const auto append_line = [&](const auto& cell_of) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) line += "  ";
      append_cell(line, cell_of(i), widths[i], columns_[i].align);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  append_line([&](std::size_t i) -> const std::string& { return columns_[i].title; });
  for (const auto& row : rows_)
    append_line([&](std::size_t i) -> const std::string& { return row[i]; });
  return text;
}

}  // namespace naru::cli
