#include "dialect/openai/openai.h"

namespace naru::dialect::openai_wire {
namespace {

/// As Go writes a duration, since those headers do: `120ms`, `1.2s`, `6m0s`; never too short.
std::string written(std::chrono::nanoseconds length) {
  using namespace std::chrono;
  const milliseconds whole = ceil<milliseconds>(length);
  if (whole < 1s && whole != 0ms) return fmt::format("{}ms", whole.count());
  std::string text;
  if (whole >= 1min) text = fmt::format("{}m", whole / 1min);
  const milliseconds rest = whole % 1min;
  text += fmt::format("{}", rest / 1s);
  if (rest % 1s != 0ms) {
    text += fmt::format(".{:03}", (rest % 1s).count());
    while (text.ends_with('0')) text.pop_back();
  }
  return text + "s";
}

void append(std::vector<HeaderLine>& out, std::string_view what,
            const std::optional<RateLimit>& limit) {
  if (!limit) return;
  const auto name = [&](std::string_view figure) {
    return fmt::format("x-ratelimit-{}-{}", figure, what);
  };
  out.push_back({name("limit"), fmt::format("{}", limit->limit)});
  out.push_back({name("remaining"), fmt::format("{}", limit->remaining)});
  out.push_back({name("reset"), written(limit->reset)});
}

}  // namespace

std::vector<HeaderLine> rate_limit_headers(const RateLimits& limits) {
  std::vector<HeaderLine> lines;
  append(lines, "requests", limits.requests);
  append(lines, "tokens", limits.tokens);
  return lines;
}

}  // namespace naru::dialect::openai_wire
