#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace naru::cli {

// How a naru is followed by another one without a gap. The old one starts the new one and leaves it
// descriptors, whose numbers stand in $NARU_HANDOVER; on `channel` both then say, a message each:
//   old  hello   its version, engines, and what processes before it still end
//                                     new  ready  all is prepared; or failed, and why
//   old  go      take my place; calls that run here
//                                     new  serving
//   old  left    it accepts no more; what still ends here, until it ends
//   new  stop    all is to end: within `drain`; or hurry, at once
// Until `serving` the old one serves as if nothing were; the new one accepts nothing before `go`.
// See docs/decisions/upgrade.md.

inline constexpr const char* kHandoverVariable = "NARU_HANDOVER";

/// Numbers of the descriptors that are left to the next process.
struct Handover {
  int channel = -1;
  int lock = -1;          ///< holds the data directory
  int error_output = -1;  ///< its stderr; the one it starts with is read by the old process
  unsigned lane = 0;      ///< for its `IdMaker`
  std::map<std::string, std::vector<int>, std::less<>> sockets = {};  ///< by listener
  std::vector<int> elders = {};  ///< channels of processes before the old one that still end
  bool operator==(const Handover&) const = default;
};
/// As the variable says it.
std::string write_handover(const Handover& handover);
/// Fails: InvalidRequest, when the text is none that this version understands.
Result<Handover> read_handover(std::string_view text);

/// One message of the channel: a word, and its lines.
struct Message {
  std::string word;
  std::vector<std::string> lines = {};
  bool operator==(const Message&) const = default;
};
std::string write_message(const Message& message);
Message read_message(std::string_view text);

}  // namespace naru::cli
