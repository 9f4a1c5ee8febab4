#include "base/text.h"

#include <simdjson.h>

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace naru {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// Bytes of the one whole character `text` begins with, or 0. Source: Unicode 15, table 3-7.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte's range excludes long forms, surrogates and what lies above U+10FFFF.
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  return length;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string to_lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), lower);
  return result;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t cut = text.find(separator); cut != text.npos; cut = text.find(separator)) {
    parts.push_back(text.substr(0, cut));
    text.remove_prefix(cut + 1);
  }
  parts.push_back(text);
  return parts;
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text); }

std::size_t utf8_valid_bytes(std::string_view text) {
  std::size_t valid = 0;
  while (valid < text.size()) {
    const std::size_t length = character_bytes(text.substr(valid));
    if (length == 0) break;
    valid += length;
  }
  return valid;
}

std::string_view clipped(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

bool matches_pattern(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = pattern.npos;  // the last star met, and how far it has reached in `name`
  std::size_t reached = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      reached = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != pattern.npos) {
      p = star + 1;
      n = ++reached;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

std::vector<std::string> nearest(std::string_view name, const std::vector<std::string>& known,
                                 std::size_t most) {
  constexpr std::size_t kLongestName = 256;  // beyond it nobody mistyped
  struct Near {
    std::size_t distance;
    const std::string* name;
  };
  std::vector<Near> found;
  const std::string wanted = to_lower(name.substr(0, kLongestName));
  for (const std::string& candidate : known) {
    const std::string other = to_lower(std::string_view(candidate).substr(0, kLongestName));
    const std::size_t distance = edit_distance(wanted, other);
    const bool inside = wanted.size() >= 3 && other.find(wanted) != other.npos;
    const std::size_t near = std::max(wanted.size(), other.size()) / 3;
    if (inside || distance <= near) found.push_back({distance, &candidate});
  }
  std::ranges::sort(found, {}, [](const Near& n) { return std::pair(n.distance, n.name); });
  std::vector<std::string> names;
  for (std::size_t i = 0; i < found.size() && i < most; ++i) names.push_back(*found[i].name);
  return names;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text.push_back(i + k <= bytes.size() ? kLetters[group >> (18 - 6 * k) & 63U] : '=');
  }
  return text;
}

std::string patched(std::string_view text, const std::vector<Patch>& patches) {
  std::size_t size = text.size();
  for (const Patch& patch : patches) size += patch.with.size();
  std::string result;
  result.reserve(size);
  std::size_t at = 0;
  for (const Patch& patch : patches) {
    NARU_CHECK(patch.begin >= at && patch.end >= patch.begin && patch.end <= text.size(),
               "patches are in order, within the text, and do not overlap");
    result.append(text.substr(at, patch.begin - at)).append(patch.with);
    at = patch.end;
  }
  result.append(text.substr(at));
  return result;
}

}  // namespace naru
