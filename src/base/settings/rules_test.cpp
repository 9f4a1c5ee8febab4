#include "base/settings/rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace naru::settings {
namespace {

struct Case {
  TextRule rule;
  std::string_view name;
  std::vector<std::string> fit;
  std::vector<std::string> do_not;
};

TEST(TextRule, tells_texts_that_fit_from_those_that_do_not) {
  const std::vector<Case> cases = {
      {some_text, "some_text", {"x"}, {""}},
      {dns_label,
       "dns_label",
       {"a", "openai-eu", "7b", std::string(63, 'a')},
       {"", "-a", "a-", "A", "a.b", "a_b", "é", std::string(64, 'a')}},
      {model_name,
       "model_name",
       {"gpt-4o", "claude-*", "org/model:tag@v1"},
       {"", "a b", "tab\t", "한", std::string(201, 'a')}},
      {host_port,
       "host_port",
       {"127.0.0.1:8080", "[::1]:0", "localhost:65535"},
       {"", "8080", ":8080", "localhost", "localhost:", "localhost:65536", "a b:1", "[::1]"}},
      {http_url,
       "http_url",
       {"", "https://api.openai.com/v1", "http://127.0.0.1:8000", "http://[::1]:8000/v1"},
       {"api.openai.com", "ftp://x", "https://", "https://u:p@x", "https://x?a=1", "https://x y",
        "https://x:99999", "unix:/x"}},
      {origin,
       "origin",
       {"https://app.example.com", "http://localhost:5173"},
       {"", "*", "https://app.example.com/", "app.example.com"}},
      {header_value,
       "header_value",
       {"", "7", "text/plain; charset=\"utf-8\"", "나루"},
       {"7\r\nx-evil: 1", "7\n", std::string("a\0b", 3), "\x7f"}},
      {country_code, "country_code", {"", "KR", "US"}, {"kr", "KOR", "K"}},
      {env_name,
       "env_name",
       {"", "OPENAI_API_KEY", "_X1"},
       {"1X", "sk-abc", "sk_abc", "$X", "A B"}},
  };
  for (const Case& each : cases) {
    for (const std::string& text : each.fit)
      EXPECT_EQ(each.rule(text), "") << each.name << ": " << text;
    for (const std::string& text : each.do_not)
      EXPECT_NE(each.rule(text), "") << each.name << ": " << text;
  }
}

}  // namespace
}  // namespace naru::settings
