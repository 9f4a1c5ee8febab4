#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "telemetry/field.h"

namespace naru::telemetry {

/// How much a line matters; a log shows its own level and those above.
enum class Level : std::uint8_t { Debug, Info, Warn, Error, Off };
std::string_view word_of(Level level);  ///< `debug`, `info`, `warn`, `error`, `off`
std::optional<Level> find_level(std::string_view word);

enum class LineForm : std::uint8_t {
  Json,    ///< one object a line: time, level, event, then the fields
  Pretty,  ///< for eyes: `10:00:00.123 WARN upstream.retry attempt=2`
  Colour,  ///< the same with the level coloured
};

/// One line before it is rendered.
struct LineView {
  WallTime time;
  Level level = Level::Info;
  std::string_view event;
  std::span<const FieldView> fields;
};

/// The line with its end. Fields of empty text are left out; what could steer a terminal or forge a
/// line is escaped; long texts are cut; fields beyond `most_bytes` give way to `"cut":true`.
std::string render(const LineView& line, LineForm form, std::size_t most_bytes);

/// `2026-11-23T10:00:00.123Z`
std::string rfc3339_ms(WallTime time);

}  // namespace naru::telemetry
