#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace naru::admin {

/// `2026-11-23` → its first moment, UTC; nullopt if it is no such day.
std::optional<WallTime> find_day(std::string_view text);
/// `2026-11-23T09:30:00Z`.
std::string rfc3339(WallTime time);

}  // namespace naru::admin
