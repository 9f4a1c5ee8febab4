#include "gateway/call/headers.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.h"

namespace naru::gateway {
namespace {

constexpr std::chrono::hours kLongestWait{24};
constexpr std::int64_t kMany = 1'000'000;  // seconds; more than the longest wait
constexpr WallTime kFarOff{
    std::chrono::sys_days(std::chrono::year(2200) / 1 / 1).time_since_epoch()};

/// Digits alone; more than fit give the largest there is.
std::optional<std::int64_t> whole_number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  std::int64_t value = std::numeric_limits<std::int64_t>::max();
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// `Fri, 31 Dec 1999 23:59:59 GMT`, the one form that is still sent. Source: RFC 9110, 5.6.7.
std::optional<WallTime> find_http_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr std::size_t kBytes = 29;
  if (text.size() != kBytes || !text.ends_with(" GMT")) return std::nullopt;
  const std::size_t month = kMonths.find(text.substr(8, 3));
  const auto number = [&](std::size_t at, std::size_t digits) {
    return whole_number(text.substr(at, digits)).value_or(-1);
  };
  const std::array<std::int64_t, 5> parts{number(5, 2), number(12, 4), number(17, 2), number(20, 2),
                                          number(23, 2)};
  const auto [day, year, hour, minute, second] = parts;
  if (month == kMonths.npos || month % 3 != 0 || std::ranges::min(parts) < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year < 1970) return std::nullopt;
  if (year > 2200) return kFarOff;  // beyond it nanoseconds overflow
  return WallTime(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                  std::chrono::minutes(minute) + std::chrono::seconds(second));
}

}  // namespace

std::vector<net::Header> forwarded_headers(const net::HeadersView& from_client,
                                           const dialect::Dialect& upstream) {
  std::vector<net::Header> headers;
  for (const net::HeaderView& line : from_client)
    for (const std::string_view name : upstream.profile().request_headers)
      if (equals_ignoring_case(name, line.name))
        headers.push_back({std::string(name), std::string(line.value)});
  return headers;
}

std::string forwarded_query(std::string_view query, const dialect::Dialect& client,
                            const dialect::Dialect& upstream) {
  std::string kept;
  const std::span travel = upstream.profile().query_members;
  if (&client != &upstream || query.empty()) return kept;
  for (const std::string_view part : split(query, '&')) {
    const std::string_view name = part.substr(0, part.find('='));
    if (std::ranges::find(travel, name) != travel.end())
      kept += fmt::format("{}{}", kept.empty() ? "?" : "&", part);
  }
  return kept;
}

std::vector<net::Header> returned_headers(const net::HeadersView& from_upstream,
                                          const dialect::Dialect& upstream) {
  std::vector<net::Header> headers;
  for (const std::string_view name : upstream.profile().answer_headers)
    if (const auto value = from_upstream.find(name))
      headers.push_back({std::string(name), std::string(*value)});
  return headers;
}

std::optional<std::chrono::milliseconds> retry_after(const net::HeadersView& from_upstream,
                                                     WallTime now) {
  using std::chrono::milliseconds;
  std::optional<milliseconds> wait;
  if (const auto text = from_upstream.find("retry-after-ms")) {
    if (const auto number = whole_number(trim(*text))) wait = milliseconds(*number);
  } else if (const auto seconds = from_upstream.find("retry-after")) {
    const std::string_view value = trim(*seconds);
    if (const auto number = whole_number(value))
      wait = std::chrono::seconds(std::min(*number, kMany));
    else if (const auto date = find_http_date(value))
      wait = std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*date - now));
  }
  if (wait && *wait > kLongestWait) wait = kLongestWait;
  return wait;
}

}  // namespace naru::gateway
