#pragma once
#include <cstdint>
#include <string_view>

namespace naru::chat {

/// Bytes of text by script, for estimating tokens where nobody reports them: scripts differ widely
/// in bytes a token.
struct Tally {
  std::int64_t ascii = 0;
  std::int64_t hangul = 0;
  std::int64_t cjk = 0;  ///< Han and kana
  std::int64_t other = 0;
  /// Counts `utf8`; may be called with pieces cut at any character.
  void add(std::string_view utf8);
  std::int64_t total() const { return ascii + hangul + cjk + other; }
  bool operator==(const Tally&) const = default;
};

}  // namespace naru::chat
