#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace naru::admin {

/// Years a `WallTime` can tell from first to last day.
inline constexpr int kFirstYear = 1970;
inline constexpr int kLastYear = 2261;

/// `2026-11-23` → its first moment, UTC; nullopt if it is no such day or none of those years.
std::optional<WallTime> find_day(std::string_view text);
/// `2026-11-23T09:30:00Z`.
std::string rfc3339(WallTime time);

}  // namespace naru::admin
