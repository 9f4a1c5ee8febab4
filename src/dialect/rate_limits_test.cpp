#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/anthropic/anthropic.h"
#include "dialect/openai_chat/openai_chat.h"
#include "dialect/openai_responses/openai_responses.h"

namespace naru::dialect {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

const WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 9h + 30min;

std::vector<std::string> lines(const Dialect& dialect, const RateLimits& limits) {
  std::vector<std::string> lines;
  for (const HeaderLine& line : dialect.rate_limit_headers(limits, kNow))
    lines.push_back(line.name + ": " + line.value);
  return lines;
}

/// How the OpenAI dialects write a time.
std::string written(std::chrono::nanoseconds reset) {
  return openai_chat()
      .rate_limit_headers({.requests = RateLimit{.limit = 1, .remaining = 0, .reset = reset}}, kNow)
      .back()
      .value;
}

const RateLimits kBoth = {.requests = RateLimit{.limit = 60, .remaining = 59, .reset = 1s},
                          .tokens = RateLimit{.limit = 9'000, .remaining = 0, .reset = 90500ms}};

TEST(RateLimitHeaders, of_openai_have_lengths_of_time) {
  for (const Dialect* dialect : {&openai_chat(), &openai_responses()})
    EXPECT_THAT(lines(*dialect, kBoth),
                ElementsAre("x-ratelimit-limit-requests: 60", "x-ratelimit-remaining-requests: 59",
                            "x-ratelimit-reset-requests: 1s", "x-ratelimit-limit-tokens: 9000",
                            "x-ratelimit-remaining-tokens: 0", "x-ratelimit-reset-tokens: 1m30.5s"))
        << dialect->name();
}

TEST(RateLimitHeaders, of_anthropic_have_times) {
  EXPECT_THAT(lines(anthropic(), kBoth),
              ElementsAre("anthropic-ratelimit-requests-limit: 60",
                          "anthropic-ratelimit-requests-remaining: 59",
                          "anthropic-ratelimit-requests-reset: 2026-11-23T09:30:01Z",
                          "anthropic-ratelimit-tokens-limit: 9000",
                          "anthropic-ratelimit-tokens-remaining: 0",
                          "anthropic-ratelimit-tokens-reset: 2026-11-23T09:31:31Z"));
}

TEST(RateLimitHeaders, tell_only_of_limits_there_are) {
  for (const Dialect* dialect : all_dialects()) {
    EXPECT_THAT(lines(*dialect, {}), IsEmpty()) << dialect->name();
    std::vector<std::string> told = lines(*dialect, {.requests = kBoth.requests});
    std::ranges::move(lines(*dialect, {.tokens = kBoth.tokens}), std::back_inserter(told));
    EXPECT_THAT(told, UnorderedElementsAreArray(lines(*dialect, kBoth))) << dialect->name();
  }
}

TEST(RateLimitHeaders, write_times_as_openai_does_and_never_too_short) {
  EXPECT_EQ(written(0ns), "0s");
  EXPECT_EQ(written(1ns), "1ms");
  EXPECT_EQ(written(120ms), "120ms");
  EXPECT_EQ(written(999'999'999ns), "1s");
  EXPECT_EQ(written(8640ms), "8.64s");
  EXPECT_EQ(written(6min), "6m0s");
  EXPECT_EQ(written(90min + 1ms), "90m0.001s");
}

}  // namespace
}  // namespace naru::dialect
