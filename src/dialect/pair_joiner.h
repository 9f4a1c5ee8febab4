#pragma once
#include <string>

#include "base/json.h"

namespace naru::dialect {

/// Joins a character that an upstream cut between two deltas: `"\ud83d"` in one, `"\ude00"` in the
/// next. Servers that count text in UTF-16 units do so. One a part.
class PairJoiner {
 public:
  /// The text of a string of a lenient tree. Half a character at its end waits for the next.
  std::string take(json::ValueView value);
  /// U+FFFD for a half that has waited in vain, else nothing.
  std::string rest();

 private:
  std::string half_;  // its escape
};

}  // namespace naru::dialect
