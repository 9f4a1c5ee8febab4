#include "dialect/opening.h"

#include <algorithm>
#include <array>

#include "dialect/json_views.h"

namespace naru::dialect {
namespace {

using json::ValueView;

/// Members that hold what is said, in any dialect.
constexpr auto kSaid =
    std::to_array<std::string_view>({"content", "text", "source", "data", "url", "image_url",
                                     "input_audio", "file", "file_data", "file_url", "file_id"});

void append_said(ValueView value, std::size_t most, std::string& said) {
  if (value.is_string()) said += value.text().substr(0, most - said.size());
  for (const ValueView inner : value) {
    if (said.size() == most) return;
    const bool counts = value.is_array() || std::ranges::find(kSaid, inner.key()) != kSaid.end();
    if (counts) append_said(inner, most, said);
  }
}

void find_turns(ValueView turns, Opening& opening) {
  if (turns.is_string()) opening.first = turns;
  if (!turns.is_array()) return;
  for (const ValueView turn : turns) {
    if (text_of(turn, "role") == "user") {
      opening.first = turn;
      return;
    }
    opening.instructions.push_back(turn);
  }
}

}  // namespace

Opening find_opening(ValueView body, const OpeningFields& fields) {
  Opening opening;
  for (const ValueView member : body) {
    const std::string_view key = member.key();
    if (key.empty()) continue;
    if (key == fields.cache_key) opening.cache_key = member.text();
    if (key == fields.instructions)
      opening.instructions.insert(opening.instructions.begin(), member);
    if (key == fields.turns) find_turns(member, opening);
    if (key == fields.prompt && member.is_string()) opening.first = member;
  }
  return opening;
}

std::string said_in(ValueView value, std::size_t most) {
  std::string said;
  append_said(value, most, said);
  return said;
}

}  // namespace naru::dialect
