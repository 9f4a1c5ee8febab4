#pragma once
#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>

#include "base/json_fields.h"
#include "base/text.h"

/// Words of closed sets in requests that naru reads as a whole. What the client's own dialect
/// forbids is a mistake of the client, not a loss of a crossing.
namespace naru::dialect {

using Words = std::initializer_list<std::string_view>;

/// Says that `word` at `name` is none of `words`.
inline void refuse_word(json::FieldReader& in, std::string_view name, std::string_view word,
                        Words words) {
  constexpr std::size_t kMostShownBytes = 64;
  const std::string_view shown = clipped(word, kMostShownBytes);
  in.problem(name, fmt::format("is '{}{}'; it must be one of {}", shown,
                               shown.size() < word.size() ? "…" : "", fmt::join(words, ", ")));
}

/// The word at `name` if it is one of `words`; empty if there is none, or a problem.
inline std::string read_word(json::FieldReader& in, std::string_view name, Words words) {
  const std::optional<std::string> word = in.find_text(name);
  if (!word || std::ranges::find(words, *word) != words.end()) return word.value_or("");
  refuse_word(in, name, *word, words);
  return {};
}

}  // namespace naru::dialect
