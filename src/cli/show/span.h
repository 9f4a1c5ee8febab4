#pragma once
#include <chrono>
#include <string_view>

#include "base/result.h"

namespace naru::cli {

/// `90s`, `45m`, `12h`, `30d`, `2w`: a whole number above 0 and its unit.
/// Fails: InvalidRequest, saying how it is written; also above a hundred years.
Result<std::chrono::seconds> read_span(std::string_view text);

}  // namespace naru::cli
