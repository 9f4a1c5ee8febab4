#pragma once
#include <cstdint>

namespace naru::telemetry {

/// What the system says of this process; a figure it does not give is 0.
struct ProcessFigures {
  double cpu_seconds = 0;  ///< user and system
  std::int64_t resident_bytes = 0;
  std::int64_t open_files = 0;
};
ProcessFigures read_process_figures();

}  // namespace naru::telemetry
