#include "gateway/call/headers.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace naru::gateway {
namespace {

constexpr std::chrono::hours kLongestWait{24};

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
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

std::optional<std::chrono::milliseconds> retry_after(const net::HeadersView& from_upstream) {
  using std::chrono::milliseconds;
  std::optional<milliseconds> wait;
  if (const auto text = from_upstream.find("retry-after-ms")) {
    if (const auto number = whole_number(trim(*text))) wait = milliseconds(*number);
  } else if (const auto seconds = from_upstream.find("retry-after")) {
    // The form with a date is not used by providers of models.
    if (const auto number = whole_number(trim(*seconds)); number && *number < 1'000'000)
      wait = std::chrono::seconds(*number);
  }
  if (wait && *wait > kLongestWait) wait = kLongestWait;
  return wait;
}

}  // namespace naru::gateway
