#include "mock/answers_for_test.h"
#include "mock/handler.h"

namespace naru::mock {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// 6 November 1994, 08:49:35 and a half.
constexpr WallTime kNow{milliseconds(784'111'775'500)};

struct RefusalCase {
  std::string_view word;
  int openai_status;
  std::string_view openai_says;
  int anthropic_status;
  std::string_view anthropic_says;
  bool told_when;  ///< OpenAI says when to come again
};
constexpr RefusalCase kCases[] = {
    {"requests", 429, R"("type":"requests","param":null,"code":"rate_limit_exceeded")", 429,
     "requests per minute", true},
    {"tokens", 429, R"("type":"tokens","param":null,"code":"rate_limit_exceeded")", 429,
     "input tokens per minute", true},
    {"quota", 429, R"("type":"insufficient_quota","param":null,"code":"credit_balance_exhausted")",
     429, R"("details":{"error_code":"enforced_spend_limit_reached"})", false},
    {"billing", 429, R"("code":"billing_not_active")", 400, "credit balance is too low", false},
    {"overloaded", 503, R"("code":"server_is_overloaded")", 529, R"("type":"overloaded_error")",
     true},
    {"unavailable", 503, "overloaded with other requests", 503, "upstream connect error", true},
    {"broken", 500, R"("type":"server_error")", 500, R"("type":"api_error")", false},
};

TEST(MockRefusal, has_each_providers_status_and_words) {
  for (const RefusalCase& row : kCases) {
    const std::string controls = fmt::format("refuse={}", row.word);
    for (const Ask& ask : {streamed_chat(), streamed_response()}) {
      const Answer openai = answer(ask, controls);
      EXPECT_EQ(openai.status, row.openai_status) << row.word;
      EXPECT_EQ(count(bytes(openai), row.openai_says), 1U) << bytes(openai);
      EXPECT_EQ(openai.retry.in.count() > 0, row.told_when) << row.word;
    }
    const Answer anthropic = answer(streamed_messages(), controls);
    EXPECT_EQ(anthropic.status, row.anthropic_status) << row.word;
    EXPECT_EQ(count(bytes(anthropic), row.anthropic_says), 1U) << bytes(anthropic);
  }
}

TEST(MockRefusal, keeps_a_status_that_is_told) {
  EXPECT_EQ(answer(chat(), "refuse=quota&status=403").status, 403);
}

TEST(MockRefusal, shows_in_the_headers_which_limit_was_reached) {
  const auto left = [](const Ask& ask, std::string_view word, std::string_view name) {
    return header(answer(ask, fmt::format("refuse={}", word)), name);
  };
  EXPECT_EQ(left(chat(), "requests", "x-ratelimit-remaining-requests"), "0");
  EXPECT_EQ(left(chat(), "requests", "x-ratelimit-remaining-tokens"), "1999991");
  EXPECT_EQ(left(chat(), "tokens", "x-ratelimit-remaining-tokens"), "0");
  EXPECT_EQ(left(messages(), "requests", "anthropic-ratelimit-requests-remaining"), "0");
  EXPECT_EQ(left(messages(), "tokens", "anthropic-ratelimit-input-tokens-remaining"), "0");
  EXPECT_EQ(left(messages(), "tokens", "anthropic-ratelimit-requests-remaining"), "3999");
}

std::string spelt(const Ask& ask, std::string_view controls) {
  std::string all;
  const Answer made = answer(ask, controls);
  for (const net::Header& line : retry_headers(made.retry, kNow))
    all += fmt::format("{}: {};", line.name, line.value);
  return all;
}

TEST(MockRefusal, says_when_to_come_again_in_each_form) {
  const std::string_view told = "status=429&retry_in=1500ms";
  EXPECT_EQ(spelt(chat(), told), "retry-after-ms: 1500;retry-after: 2;");
  EXPECT_EQ(spelt(messages(), told), "retry-after: 2;");
  EXPECT_EQ(spelt(chat(), fmt::format("{}&retry_form=seconds", told)), "retry-after: 2;");
  EXPECT_EQ(spelt(messages(), fmt::format("{}&retry_form=ms", told)), "retry-after-ms: 1500;");
  EXPECT_EQ(spelt(chat(), fmt::format("{}&retry_form=date", told)),
            "retry-after: Sun, 06 Nov 1994 08:49:37 GMT;");
  EXPECT_EQ(spelt(chat(), "status=429"), "");
}

TEST(MockRefusal, lets_a_header_as_given_stand_alone) {
  EXPECT_EQ(spelt(chat(), "refuse=requests&retry_after=soon"), "");
  EXPECT_EQ(header(answer(chat(), "refuse=requests&retry_after=soon"), "retry-after"), "soon");
}

}  // namespace
}  // namespace naru::mock
