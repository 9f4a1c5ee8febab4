#include "gateway/call/headers.h"

#include <gtest/gtest.h>

#include "dialect/anthropic/anthropic.h"
#include "dialect/openai_chat/openai_chat.h"

namespace naru::gateway {
namespace {

net::HeadersView headers_of(std::initializer_list<net::HeaderView> lines) {
  net::HeadersView headers;
  for (const net::HeaderView& line : lines) headers.add(line.name, line.value);
  return headers;
}

std::vector<std::string> names_of(const std::vector<net::Header>& headers) {
  std::vector<std::string> names;
  for (const net::Header& header : headers) names.push_back(header.name);
  return names;
}

TEST(Headers, forward_only_what_the_table_lists_to_the_dialect_it_is_for) {
  const auto from_client = headers_of({{"Anthropic-Beta", "tools-1"},
                                       {"OpenAI-Beta", "x"},
                                       {"Authorization", "Bearer k"},
                                       {"Cookie", "c"},
                                       {"X-Request-Id", "r"},
                                       {"Accept-Encoding", "gzip"}});
  EXPECT_EQ(names_of(forwarded_headers(from_client, dialect::anthropic())),
            std::vector<std::string>{"anthropic-beta"});
  EXPECT_EQ(names_of(forwarded_headers(from_client, dialect::openai_chat())),
            std::vector<std::string>{"openai-beta"});
}

TEST(Headers, keep_the_providers_account_figures_inside) {
  const auto from_upstream = headers_of({{"x-ratelimit-remaining-tokens", "5"},
                                         {"anthropic-organization-id", "o"},
                                         {"set-cookie", "s"},
                                         {"openai-processing-ms", "17"}});
  EXPECT_EQ(names_of(returned_headers(from_upstream, dialect::openai_chat())),
            std::vector<std::string>{"openai-processing-ms"});
  EXPECT_EQ(names_of(returned_headers(from_upstream, dialect::anthropic())),
            std::vector<std::string>{});
}

TEST(Headers, pass_the_beta_flag_of_the_query_within_its_dialect) {
  const auto& a = dialect::anthropic();
  EXPECT_EQ(forwarded_query("beta=true&api_key=k", a, a), "?beta=true");
  EXPECT_EQ(forwarded_query("beta=true", a, dialect::openai_chat()), "");
}

TEST(Headers, read_how_long_an_upstream_wants_to_be_left_alone) {
  using namespace std::chrono_literals;
  const WallTime now(std::chrono::sys_days(std::chrono::year(1999) / 12 / 31) + 23h + 59min);
  const auto read = [&](std::initializer_list<net::HeaderView> lines) {
    return retry_after(headers_of(lines), now);
  };
  EXPECT_EQ(read({{"retry-after", "7"}}), 7s);
  EXPECT_EQ(read({{"retry-after", "7"}, {"retry-after-ms", "250"}}), 250ms);
  EXPECT_EQ(read({{"retry-after", "Fri, 31 Dec 1999 23:59:59 GMT"}}), 59s);
  EXPECT_EQ(read({{"retry-after", "Fri, 31 Dec 1999 23:00:00 GMT"}}), 0s);
  for (const char* long_time : {"999999", "1000000", "9223372036854775807", "99999999999999999999",
                                "Fri, 31 Dec 9999 23:59:59 GMT"})
    EXPECT_EQ(read({{"retry-after", long_time}}), 24h) << long_time;
  EXPECT_EQ(read({{"retry-after-ms", "99999999999999999999"}}), 24h);
  for (const char* no : {"-3", "soon", "Fri, 31 Foo 1999 23:59:59 GMT", "31 Dec 1999 23:59:59 GMT",
                         "Fri, 99 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 1999 23:59:59 CET",
                         "Fri, 31 ecJ 1999 23:59:59 GMT"})
    EXPECT_EQ(read({{"retry-after", no}}), std::nullopt) << no;
}

}  // namespace
}  // namespace naru::gateway
