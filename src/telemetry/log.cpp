#include "telemetry/log.h"

#include <unistd.h>

namespace naru::telemetry {
namespace {

class NoSink final : public LineSink {
 public:
  void write(std::string_view /*line*/, bool /*urgent*/) override {}
};

}  // namespace

Result<std::unique_ptr<Log>> Log::open(const std::string& path, LogOptions options,
                                       const Clock& clock) {
  const bool plain = options.form != LineForm::Json;
  if (path.empty() && ::isatty(STDERR_FILENO) == 1 && !plain) options.form = LineForm::Colour;
  NARU_TRY(std::unique_ptr<LineSink> sink, open_line_sink(path));
  return std::make_unique<Log>(std::move(sink), options, clock);
}

Log::Log(std::unique_ptr<LineSink> sink, LogOptions options, const Clock& clock)
    : clock_(clock),
      options_(options),
      sink_(std::move(sink)),
      level_(options.level),
      repeats_(options.repeats) {}

Log::~Log() { tell(repeats_.take_all_held()); }

void Log::exchange_end(bool ours, Fields fields) {
  const Level level = ours ? Level::Warn : Level::Info;
  if (shows(level)) write(level, "exchange.end", fields);
}

void Log::line(Level level, std::string_view event, Fields fields) {
  if (!shows(level)) return;
  if (level >= Level::Warn) {
    const Monotonic now = clock_.now();
    tell(repeats_.take_held(now));
    if (!repeats_.allow(event, now)) return;
  }
  write(level, event, fields);
}

void Log::write(Level level, std::string_view event, Fields fields) {
  const auto put = [this](Level of, std::string_view name, Fields with) {
    const LineView view{.time = clock_.wall_now(),
                        .level = of,
                        .event = name,
                        .fields = {with.begin(), with.end()}};
    sink_->write(render(view, options_.form, options_.most_line_bytes), of >= Level::Warn);
  };
  if (const std::uint64_t lost = sink_->take_lost(); lost > 0)
    put(Level::Warn, "log.lost", {field("lines", lost)});
  put(level, event, fields);
}

void Log::tell(const std::vector<Repeats::Held>& held) {
  for (const Repeats::Held& each : held) {
    write(Level::Warn, "log.repeated",
          {field("of", each.event), field("lines_held_back", each.count)});
  }
}

Log& null_log() {
  static const SystemClock clock;
  static Log log(std::make_unique<NoSink>(), {.level = Level::Off}, clock);
  return log;
}

}  // namespace naru::telemetry
