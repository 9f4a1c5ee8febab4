#include <fmt/chrono.h>

#include "dialect/anthropic/codec.h"

namespace naru::dialect::anthropic_wire {
namespace {

void append(std::vector<HeaderLine>& out, std::string_view what,
            const std::optional<RateLimit>& limit, WallTime now) {
  if (!limit) return;
  const auto name = [&](std::string_view figure) {
    return fmt::format("anthropic-ratelimit-{}-{}", what, figure);
  };
  const auto reset = std::chrono::ceil<std::chrono::seconds>(now + limit->reset);
  out.push_back({name("limit"), fmt::format("{}", limit->limit)});
  out.push_back({name("remaining"), fmt::format("{}", limit->remaining)});
  out.push_back({name("reset"), fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", reset)});
}

}  // namespace

std::vector<HeaderLine> rate_limit_headers(const RateLimits& limits, WallTime now) {
  std::vector<HeaderLine> lines;
  append(lines, "requests", limits.requests, now);
  append(lines, "tokens", limits.tokens, now);
  return lines;
}

}  // namespace naru::dialect::anthropic_wire
