#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace naru::dialect {

/// What a conversation begins with: the same in each of its turns, since a turn repeats those
/// before it. Lifetime: that of the body it is of.
struct Opening {
  /// By which the client itself says what belongs together; empty: it does not.
  std::string_view cache_key = {};
  std::vector<json::ValueView> instructions = {};  ///< what stands before the user's first words
  std::optional<json::ValueView> first = {};       ///< these; nullopt: it is no conversation
};

/// Where a dialect has it: names of the members of a request; empty: it has none such.
struct OpeningFields {
  std::string_view cache_key = {};
  std::string_view instructions = {};
  std::string_view turns;        ///< a string, or a list whose elements have a `role`
  std::string_view prompt = {};  ///< a string, where there are no turns
};

Opening find_opening(json::ValueView body, const OpeningFields& fields);

/// The first bytes of what is said in `value`, at most `most`: its texts and its media, unescaped.
/// Marks beside them, ids, and the form they come in change from turn to turn, and are left out.
std::string said_in(json::ValueView value, std::size_t most);

}  // namespace naru::dialect
