#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

/// What reading and writing JSON strings share; for the sources of this room.
namespace naru::json {

/// The first quote, backslash or control character in [at, end), or `end`. Eight bytes a step.
inline const char* plain_end(const char* at, const char* end) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr std::uint64_t kHighs = 0x8080'8080'8080'8080;
  // Marks bytes below the bound; a borrow may mark wrongly, but only above a true mark.
  const auto below = [](std::uint64_t word, std::uint64_t bound) {
    return (word - kOnes * bound) & ~word & kHighs;
  };
  for (; end - at >= 8; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t hit =
        below(word ^ (kOnes * '"'), 1) | below(word ^ (kOnes * '\\'), 1) | below(word, 0x20);
    if (hit != 0) return at + std::countr_zero(hit) / 8;
  }
  while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
  return at;
}

/// Appends the character `code`, which is below 0x110000, as UTF-8.
inline void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto tail = [&](int shift) { put(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | (code >> 6));
    return tail(0);
  }
  if (code < 0x10000) {
    put(0xE0 | (code >> 12));
  } else {
    put(0xF0 | (code >> 18));
    tail(12);
  }
  tail(6);
  tail(0);
}

}  // namespace naru::json
