#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "cli/run_for_test.h"
#include "cli/serve/server.h"
#include "net/certificates_for_test.h"
#include "registry/temporary_folder_for_test.h"

namespace naru::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Ran;
using testing::run_line;

constexpr std::string_view kDocuments = R"(
kind: Upstream
name: vllm
provider: openai_compatible
base_url: http://127.0.0.1:8000/v1
country: KR
---
kind: Model
name: qwen3
aliases: [best]
targets: [{upstream: vllm}, {upstream: vllm, model: other, weight: 3}]
)";

constexpr std::string_view kListeners = R"(
kind: Gateway
data: {listen: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
loops: 1
drain: 1s
log: {file: naru.log}
---
)";
constexpr std::string_view kPatternAlone = R"(
kind: Upstream
name: u
provider: openai_compatible
base_url: http://127.0.0.1:8000/v1
---
kind: Model
name: claude-*
targets: [{upstream: u}]
)";
constexpr std::string_view kOnDemand = R"(
kind: Deployment
name: cold
weights: naru.yaml
start: on_demand
---
kind: Model
name: cold-model
targets: [{upstream: cold}]
)";

std::string replaced(std::string text, std::string_view part, std::string_view by) {
  return text.replace(text.find(part), part.size(), by);
}

/// Verbs that speak to a naru which runs in this process.
class RunningNaru : public ::testing::Test {
 protected:
  void SetUp() override { start(std::string(kListeners) + std::string(kDocuments)); }
  void TearDown() override { stop(); }
  void start(const std::string& documents) {
    stop();
    folder_.write("naru.yaml", documents);
    auto server = Server::start({.config = {folder_.at("naru.yaml")},
                                 .data_directory = folder_.at("data"),
                                 .version = "1.2.3"});
    ASSERT_TRUE(server) << server.error().detail;
    server_ = *std::move(server);
  }
  void stop() {
    if (server_) server_->drain();
    server_.reset();
  }
  /// Why it does not start; empty if it does.
  std::string start_fault() {
    stop();
    const auto server = Server::start({.config = {folder_.at("naru.yaml")},
                                       .data_directory = folder_.at("data"),
                                       .version = "1.2.3"});
    return server ? "" : server.error().detail;
  }
  std::string quickstart_of(std::string_view documents) {
    start(std::string(kListeners) + std::string(documents));
    const auto text = server_->quickstart();
    if (!text) return "still to come";
    return *text ? **text : text->error().detail;
  }
  Ran naru(std::vector<std::string> words) const {
    words.insert(words.end(), {"--data-dir", folder_.at("data")});
    return run_line(std::move(words));
  }

  registry::TemporaryFolder folder_;
  std::unique_ptr<Server> server_;
};

TEST_F(RunningNaru, shows_models_and_where_they_go) {
  EXPECT_EQ(naru({"models"}).out,
            "MODEL  ALIASES  TARGETS                       OWNED BY\n"
            "qwen3  best     vllm, vllm as other weight 3  naru\n");
}

TEST_F(RunningNaru, shows_upstreams_and_how_they_do) {
  EXPECT_THAT(naru({"upstreams"}).out,
              HasSubstr("vllm      openai_compatible  http://127.0.0.1:8000/v1  KR       ok"));
  EXPECT_THAT(
      naru({"upstreams", "--output", "json"}).out,
      AllOf(HasSubstr("{\"upstreams\":[{\"name\":\"vllm\""), HasSubstr("\"deployments\":[]}")));
}

TEST_F(RunningNaru, makes_and_revokes_keys_while_it_holds_the_store) {
  EXPECT_THAT(naru({"keys", "create", "a/b c"}).out, HasSubstr("key      nk-"));
  EXPECT_THAT(naru({"keys", "list"}).out, AllOf(HasSubstr("a/b c"), Not(HasSubstr("nk-"))));
  EXPECT_THAT(naru({"keys", "revoke", "a/b c"}).out, HasSubstr("a/b c (…"));
  EXPECT_EQ(naru({"keys", "revoke", "nobody"}).exit_code, 2);
}

TEST_F(RunningNaru, refuses_a_day_that_is_none_with_the_servers_own_words) {
  const Ran ran = naru({"usage", "--from", "yesterday"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.err,
            "naru: from is 'yesterday'; a day is written as 2026-11-23, with a "
            "year from 1970 to 2261\n");
}

TEST_F(RunningNaru, is_backed_up_while_it_runs_but_not_restored) {
  const std::string copy = folder_.at("copy.db");
  EXPECT_EQ(naru({"backup", copy}).exit_code, 0);
  EXPECT_EQ(naru({"backup", copy}).exit_code, 1);  // never written over
  EXPECT_EQ(naru({"restore", copy}).exit_code, 1);
}

TEST_F(RunningNaru, refuses_a_wrong_token) {
  folder_.write("data/admin.token", "nadm-wrong\n");
  const Ran ran = naru({"models"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("admin.token"));
}

TEST_F(RunningNaru, takes_its_addresses_away_when_it_stops) {
  EXPECT_TRUE(read_address(folder_.at("data"), "admin"));
  stop();
  EXPECT_FALSE(std::filesystem::exists(folder_.at("data/admin.address")));
  EXPECT_FALSE(std::filesystem::exists(folder_.at("data/data.address")));
  EXPECT_THAT(naru({"models"}).err, HasSubstr("no naru runs on"));
}

TEST_F(RunningNaru, refuses_a_data_directory_or_token_that_is_open_to_others) {
  stop();
  const std::string token = folder_.at("data/admin.token");
  ASSERT_EQ(::chmod(token.c_str(), 0644), 0);
  EXPECT_THAT(start_fault(), HasSubstr("is open to others (mode 644); run chmod 600 " + token));
  ASSERT_EQ(::chmod(token.c_str(), 0600), 0);
  ASSERT_EQ(::chmod(folder_.at("data").c_str(), 0755), 0);
  EXPECT_EQ(start_fault(),
            fmt::format("the directory {0} is open to others (mode 755); run chmod 700 {0}",
                        folder_.at("data")));
}

TEST_F(RunningNaru, shows_a_newcomer_a_line_with_a_model) {
  EXPECT_THAT(quickstart_of(kOnDemand),
              AllOf(HasSubstr(R"("model": "cold-model")"), HasSubstr("in another terminal:\n")));
}

TEST_F(RunningNaru, shows_a_newcomer_what_to_fill_in_where_patterns_alone_are_declared) {
  EXPECT_THAT(quickstart_of(kPatternAlone),
              AllOf(HasSubstr(R"("model": "MODEL")"),
                    HasSubstr("(with a name that 'claude-*' fits in place of MODEL):\n")));
}

TEST_F(RunningNaru, tells_a_newcomer_when_no_model_is_declared) {
  EXPECT_EQ(quickstart_of(""), "the documents declare no model");
}

TEST_F(RunningNaru, takes_up_documents_while_a_listeners_certificate_cannot_be_used) {
  const auto identity = net::testing::make_identity({});
  folder_.write("tls.crt", identity.certificate_pem);
  folder_.write("tls.key", identity.key_pem);
  const std::string with_tls = replaced(
      std::string(kListeners) + std::string(kDocuments), R"(data: {listen: "127.0.0.1:0"})",
      R"(data: {listen: "127.0.0.1:0", tls: {certificate: tls.crt, key: tls.key}})");
  start(with_tls);
  std::filesystem::remove(folder_.at("tls.crt"));
  folder_.write("naru.yaml", replaced(with_tls, "name: qwen3", "name: qwen4"));
  server_->reload();
  EXPECT_THAT(naru({"models"}).out, HasSubstr("qwen4"));
  EXPECT_THAT(naru({"check", folder_.at("naru.yaml")}).out, HasSubstr("data.tls cannot be used"));
}

}  // namespace
}  // namespace naru::cli
