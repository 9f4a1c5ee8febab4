#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run_for_test.h"
#include "cli/serve/server.h"
#include "registry/temporary_folder_for_test.h"

namespace naru::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Ran;
using testing::run_line;

constexpr std::string_view kDocuments = R"(
kind: Gateway
data: {listen: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
loops: 1
drain: 1s
log: {file: naru.log}
---
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

/// Verbs that speak to a naru which runs in this process.
class RunningNaru : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.write("naru.yaml", kDocuments);
    auto server = Server::start({.config = {folder_.at("naru.yaml")},
                                 .data_directory = folder_.at("data"),
                                 .version = "1.2.3"});
    ASSERT_TRUE(server) << server.error().detail;
    server_ = *std::move(server);
  }
  void TearDown() override {
    if (server_) server_->drain();
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
  EXPECT_EQ(ran.err, "naru: from is 'yesterday'; a day is written as 2026-11-23\n");
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

}  // namespace
}  // namespace naru::cli
