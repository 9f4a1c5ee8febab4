#pragma once
#include <atomic>
#include <initializer_list>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "telemetry/field.h"
#include "telemetry/line.h"
#include "telemetry/line_sink.h"
#include "telemetry/repeats.h"

namespace naru::telemetry {

struct LogOptions {
  Level level = Level::Info;           ///< `info` is for an operator's day, `debug` for a request
  LineForm form = LineForm::Json;      ///< `open` makes it Colour where stderr is a terminal
  std::size_t most_line_bytes = 8192;  ///< of one line; fields beyond are left out, and it says so
  RepeatLimits repeats = {};           ///< of one event's warnings and errors
};

/// What the program tells its operator: an event name in dots and typed fields. Passed by
/// reference, never global; safe from any thread; never waits for a disk or pipe.
///   log.warn("upstream.retry", {field("provider", id), field("attempt", attempt)});
class Log {
 public:
  using Fields = std::initializer_list<FieldView>;

  /// To the file `path`, or to stderr if that is empty. Fails: Unavailable.
  /// Lifetime: `clock` outlives the log.
  static Result<std::unique_ptr<Log>> open(const std::string& path, LogOptions options,
                                           const Clock& clock);
  /// To any other place, as tests do.
  Log(std::unique_ptr<LineSink> sink, LogOptions options, const Clock& clock);
  ~Log();  ///< writes what is held back and waiting

  void debug(std::string_view event, Fields fields = {}) { line(Level::Debug, event, fields); }
  void info(std::string_view event, Fields fields = {}) { line(Level::Info, event, fields); }
  void warn(std::string_view event, Fields fields = {}) { line(Level::Warn, event, fields); }
  void error(std::string_view event, Fields fields = {}) { line(Level::Error, event, fields); }
  /// The one line of an exchange, `exchange.end`: a warning if its fault is the operator's to mend.
  /// Each exchange has its own, so none is held back as a repetition.
  void exchange_end(bool ours, Fields fields);

  /// Whether a line of this level would be written; asks nothing of its fields.
  bool shows(Level level) const { return level >= level_.load(std::memory_order_relaxed); }
  Level level() const { return level_.load(std::memory_order_relaxed); }
  void set_level(Level level) { level_.store(level, std::memory_order_relaxed); }
  /// Opens the file anew after a rotation. Fails: Unavailable; the old file then stays in use.
  Result<void> reopen() { return sink_->reopen(); }

 private:
  void line(Level level, std::string_view event, Fields fields);
  void write(Level level, std::string_view event, Fields fields);
  void tell(const std::vector<Repeats::Held>& held);

  const Clock& clock_;
  const LogOptions options_;
  std::unique_ptr<LineSink> sink_;
  std::atomic<Level> level_;
  Repeats repeats_;
};

/// A log that shows nothing, for tests and tools.
Log& null_log();

}  // namespace naru::telemetry
