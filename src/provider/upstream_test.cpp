#include "provider/upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/settings/report.h"
#include "dialect/anthropic/anthropic.h"

namespace naru::provider {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kKey = "sk-test-0123456789abcdef";

/// A file that is gone when the test is.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text) {
    path_ = (std::filesystem::temp_directory_path() / "naru-key-XXXXXX").string();
    const int made = ::mkstemp(path_.data());
    if (made >= 0) ::close(made);
    std::ofstream(path_) << text;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// One environment variable, set for the length of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

UpstreamSpec openai_by(CredentialRef credential) {
  return {.name = "o", .provider = "openai", .credential = std::move(credential), .proxy = "none"};
}

std::vector<std::string> problems_of(UpstreamSpec spec) {
  std::vector<Problem> problems;
  const auto upstream = make_upstream(std::move(spec), problems);
  EXPECT_EQ(upstream == nullptr, !problems.empty());
  std::vector<std::string> texts;
  for (const Problem& problem : problems) texts.push_back(settings::write_problem(problem));
  return texts;
}

std::string headers_of(const Upstream& upstream) {
  std::string text;
  for (const net::Header& header : own_headers(upstream))
    text += header.name + ": " + header.value + "\n";
  return text;
}

TEST(Provider, is_found_by_its_name) {
  for (const ProviderRow& row : all_providers()) {
    EXPECT_EQ(find_provider(row.name), &row);
    for (const std::string_view name : split(row.dialects, ' '))
      EXPECT_NE(dialect::find_dialect(name), nullptr) << row.name;
  }
  EXPECT_EQ(find_provider("nobody"), nullptr);
}

TEST(Upstream, carries_the_key_of_the_environment_as_a_bearer) {
  const Variable key("NARU_TEST_KEY", kKey);
  UpstreamSpec spec = openai_by({.env = "NARU_TEST_KEY"});
  spec.organization = "org-1";
  spec.project = "proj-1";
  const auto upstream = make_upstream(std::move(spec));
  ASSERT_TRUE(upstream) << upstream.error().detail;
  EXPECT_EQ((*upstream)->remote->options().base_url, "https://api.openai.com/v1");
  EXPECT_EQ(headers_of(**upstream), std::string("authorization: Bearer ") + kKey +
                                        "\nopenai-organization: org-1\nopenai-project: proj-1\n");
}

TEST(Upstream, carries_a_key_and_a_version_as_anthropic_wants_them) {
  const TemporaryFile key(std::string(kKey) + "\n");
  const auto upstream = make_upstream(
      {.name = "a", .provider = "anthropic", .credential = {.file = key.path()}, .proxy = "none"});
  ASSERT_TRUE(upstream) << upstream.error().detail;
  EXPECT_EQ((*upstream)->dialects.front(), &dialect::anthropic());
  EXPECT_EQ(headers_of(**upstream),
            std::string("x-api-key: ") + kKey + "\nanthropic-version: 2023-06-01\n");
}

TEST(Upstream, needs_no_key_for_a_server_of_ones_own) {
  const auto upstream = make_upstream({.name = "local",
                                       .provider = "openai_compatible",
                                       .base_url = "http://127.0.0.1:8000/v1",
                                       .proxy = "none"});
  ASSERT_TRUE(upstream) << upstream.error().detail;
  EXPECT_EQ(headers_of(**upstream), "");
}

TEST(Upstream, keeps_a_files_key_without_its_last_line_end_alone) {
  const TemporaryFile key(std::string(kKey) + "\r\n");
  const auto upstream = make_upstream(openai_by({.file = key.path()}));
  ASSERT_TRUE(upstream) << upstream.error().detail;
  EXPECT_EQ((*upstream)->credential, Secret(kKey));
}

TEST(Upstream, says_what_is_wrong_with_a_credential_and_never_shows_it) {
  const Variable empty("NARU_TEST_EMPTY", "");
  const Variable two("NARU_TEST_TWO", "sk-one\nsk-two");
  const TemporaryFile blank("sk-one sk-two\n");
  const TemporaryFile huge(std::string(20'000, 'k'));
  EXPECT_THAT(problems_of(openai_by({.env = "NARU_TEST_UNSET"})),
              ElementsAre("credential.env names NARU_TEST_UNSET, which is not set; export it "
                          "before naru starts"));
  EXPECT_THAT(problems_of(openai_by({.env = "NARU_TEST_EMPTY"})),
              ElementsAre("credential.env names NARU_TEST_EMPTY, which is empty; put the key "
                          "there"));
  EXPECT_THAT(problems_of(openai_by({.env = "NARU_TEST_TWO"})),
              ElementsAre(testing::AllOf(HasSubstr("names NARU_TEST_TWO, whose text has spaces"),
                                         Not(HasSubstr("sk-")))));
  EXPECT_THAT(
      problems_of(openai_by({.file = blank.path()})),
      ElementsAre(testing::AllOf(HasSubstr("credential.file names "), Not(HasSubstr("sk-")))));
  EXPECT_THAT(problems_of(openai_by({.file = huge.path()})),
              ElementsAre(testing::AllOf(HasSubstr("credential.file cannot be used"),
                                         Not(HasSubstr("kkk")))));
  EXPECT_THAT(problems_of(openai_by({.file = "/nowhere/key"})),
              ElementsAre(HasSubstr("credential.file cannot be used: ")));
}

TEST(Upstream, names_each_setting_that_cannot_be_used) {
  const TemporaryFile no_ca("no certificate");
  UpstreamSpec spec = openai_by({.env = "NARU_TEST_UNSET"});
  spec.ca_file = no_ca.path();
  EXPECT_THAT(problems_of(spec), ElementsAre(HasSubstr("credential.env names"),
                                             HasSubstr("ca_file cannot be used: ")));
  spec = {.name = "x", .provider = "openai_compatible", .base_url = "https://:1", .proxy = "none"};
  EXPECT_THAT(problems_of(spec), ElementsAre(HasSubstr("base_url cannot be used: ")));
  spec = {.name = "x",
          .provider = "openai_compatible",
          .base_url = "http://127.0.0.1/v1",
          .proxy = "socks5://127.0.0.1:1"};
  EXPECT_THAT(problems_of(spec), ElementsAre(HasSubstr("proxy cannot be used: ")));
  spec = {.name = "x", .provider = "nobody"};
  EXPECT_THAT(problems_of(spec), ElementsAre("provider is 'nobody', which naru does not know"));
}

TEST(Upstream, takes_anthropics_url_with_and_without_its_version) {
  const Variable key("NARU_TEST_KEY", kKey);
  for (const char* url : {"", "https://api.anthropic.com", "https://api.anthropic.com/v1/"}) {
    const auto upstream = make_upstream({.name = "a",
                                         .provider = "anthropic",
                                         .base_url = url,
                                         .credential = {.env = "NARU_TEST_KEY"},
                                         .proxy = "none"});
    ASSERT_TRUE(upstream) << upstream.error().detail;
    EXPECT_EQ((*upstream)->remote->options().base_url, "https://api.anthropic.com/v1") << url;
  }
}

TEST(Upstream, gives_all_problems_as_one_fault) {
  const auto upstream = make_upstream(openai_by({.env = "NARU_TEST_UNSET"}));
  ASSERT_FALSE(upstream);
  EXPECT_EQ(upstream.error().kind, FaultKind::InvalidRequest);
  EXPECT_EQ(upstream.error().param, "credential.env");
  EXPECT_THAT(upstream.error().detail, HasSubstr("upstream o: credential.env names"));
}

TEST(Upstreams, are_found_by_name) {
  const auto upstream = std::make_shared<const Upstream>();
  const Upstreams upstreams({{"a", upstream}});
  EXPECT_EQ(upstreams.find("a"), upstream);
  EXPECT_EQ(upstreams.find("b"), nullptr);
}

}  // namespace
}  // namespace naru::provider
