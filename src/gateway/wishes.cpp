#include "gateway/wishes.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace naru::gateway {
namespace {

constexpr std::size_t kMaxShownBytes = 60;  // of a value that is wrong
constexpr double kShortest = 0.001;         // seconds

/// The value of a header that stands once; nullopt if it does not stand.
Result<std::optional<std::string_view>> find_once(const net::HeadersView& headers,
                                                  std::string_view name) {
  const auto value = headers.find(name);
  if (!value) return std::nullopt;
  if (headers.count(name) > 1)
    return fail(FaultKind::InvalidRequest, "the header {} is there more than once", name);
  return trim(*value);
}

Result<std::chrono::milliseconds> read_timeout(std::string_view text) {
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  const double most = std::chrono::duration<double>(kLongestTimeout).count();
  if (!whole || !(seconds >= kShortest && seconds <= most))
    return fail(FaultKind::InvalidRequest,
                "the header {} is '{}'; it takes seconds from {} to {}, as 30 or 2.5",
                kTimeoutHeader, clipped(text, kMaxShownBytes), kShortest, most);
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

Result<Priority> read_priority(std::string_view text) {
  if (const auto priority = find_priority(text)) return *priority;
  return fail(FaultKind::InvalidRequest, "the header {} is '{}'; it takes {}", kPriorityHeader,
              clipped(text, kMaxShownBytes), kPriorityChoice);
}

}  // namespace

Result<Wishes> read_wishes(const net::HeadersView& headers) {
  Wishes wishes;
  NARU_TRY(const auto timeout, find_once(headers, kTimeoutHeader));
  if (timeout) {
    NARU_TRY(wishes.timeout, read_timeout(*timeout));
  }
  NARU_TRY(const auto priority, find_once(headers, kPriorityHeader));
  if (priority) {
    NARU_TRY(wishes.priority, read_priority(*priority));
  }
  return wishes;
}

std::string timeout_value(std::chrono::nanoseconds left) {
  return fmt::format("{:.3f}", std::max(kShortest, std::chrono::duration<double>(left).count()));
}

}  // namespace naru::gateway
