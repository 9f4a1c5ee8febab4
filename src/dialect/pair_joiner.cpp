#include "dialect/pair_joiner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace naru::dialect {
namespace {

constexpr std::string_view kNoCharacter = "\uFFFD";  // what a lenient tree makes of a half
constexpr std::size_t kEscapeBytes = 6;

/// Whether `escape` is `\uD…` with one of `seconds` behind it.
bool is_half(std::string_view escape, std::string_view seconds) {
  return escape.size() == kEscapeBytes && escape.starts_with("\\u") &&
         (escape[2] == 'd' || escape[2] == 'D') && seconds.find(escape[3]) != seconds.npos;
}

}  // namespace

std::string PairJoiner::take(json::ValueView value) {
  std::string_view text = value.text();
  std::string_view raw = value.raw();
  if (text.empty()) return {};
  raw = raw.substr(1, raw.size() - 2);
  std::string joined;
  const std::string_view first = raw.substr(0, kEscapeBytes);
  if (!half_.empty() && is_half(first, "cdefCDEF")) {
    const std::string pair = fmt::format("\"{}{}\"", std::exchange(half_, {}), first);
    if (const auto tree = json::Tree::parse(pair)) joined = tree->root().text();
    text.remove_prefix(kNoCharacter.size());
  }
  joined += rest();
  // The text tells an escape from an escaped backslash before `ud83d`.
  const std::string_view last = raw.substr(raw.size() - std::min(raw.size(), kEscapeBytes));
  if (text.ends_with(kNoCharacter) && is_half(last, "89abAB")) {
    half_ = last;
    text.remove_suffix(kNoCharacter.size());
  }
  return joined.append(text);
}

std::string PairJoiner::rest() {
  return std::exchange(half_, {}).empty() ? std::string() : std::string(kNoCharacter);
}

}  // namespace naru::dialect
