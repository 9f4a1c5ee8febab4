#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace naru::telemetry {

/// Where rendered lines go. Safe from any thread.
class LineSink {
 public:
  virtual ~LineSink() = default;
  /// Takes one line with its end and never waits; an urgent one is written at once.
  virtual void write(std::string_view line, bool urgent) = 0;
  /// Opens the file anew, as after a rotation. Fails: Unavailable; the old one then stays.
  virtual Result<void> reopen() { return {}; }
  /// Lines that could not be written since the last call.
  virtual std::uint64_t take_lost() { return 0; }
};

/// Lines into a file (made with mode 0600), or to stderr if `path` is empty, from a thread of its
/// own: a full pipe or a slow disk stops no caller. A mebibyte may wait; further lines are lost and
/// counted. Lines not urgent wait up to 20 ms for company, since waking a thread costs more than
/// writing. Fails: Unavailable.
Result<std::unique_ptr<LineSink>> open_line_sink(const std::string& path);

}  // namespace naru::telemetry
