#pragma once
#include <chrono>
#include <optional>

#include "base/priority.h"
#include "base/result.h"
#include "net/http/head.h"

namespace naru::gateway {

/// What a client's headers ask of naru itself, whatever its dialect.
struct Wishes {
  /// Header `x-request-timeout`: seconds from its arrival until the whole answer is of no more use,
  /// as 30 or 2.5. Goes on to the upstream, less what has passed.
  std::optional<std::chrono::milliseconds> timeout = {};
  /// Header `x-naru-priority`: a class below that of its key.
  std::optional<Priority> priority = {};
};
inline constexpr std::string_view kTimeoutHeader = "x-request-timeout";
inline constexpr std::string_view kPriorityHeader = "x-naru-priority";
inline constexpr std::chrono::hours kLongestTimeout{24};

/// Pure. Fails: InvalidRequest, saying which header, its value and what it takes.
Result<Wishes> read_wishes(const net::HeadersView& headers);
/// As `x-request-timeout` has it; never less than the header may say.
std::string timeout_value(std::chrono::nanoseconds left);

}  // namespace naru::gateway
