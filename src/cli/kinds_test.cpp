#include "cli/kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "driver/deployment.h"
#include "gateway/listen/settings.h"
#include "gateway/route/model.h"
#include "provider/upstream.h"
#include "registry/load.h"

namespace naru::cli {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

constexpr const char* kKey = "sk-test-0123456789";

std::string source(const std::string& path) {
  const char* root = std::getenv("NARU_SOURCE_DIR");
  return fmt::format("{}/{}", root == nullptr ? "." : root, path);
}

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// With the variables the examples name.
class Kinds : public testing::Test {
 protected:
  Kinds() {
    for (const char* name : {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"}) ::setenv(name, kKey, 1);
    ::setenv("NARU_MODEL", source("examples/quickstart.yaml").c_str(), 1);  // any file will do
    ::unsetenv("NARU_TEST_UNSET");
  }
};

std::vector<std::string> written(const std::vector<Problem>& problems) {
  std::vector<std::string> texts;
  for (const Problem& problem : problems) texts.push_back(settings::write_problem(problem));
  return texts;
}

registry::Loaded load(std::string_view text) {
  return registry::load_text(all_kinds(), text, "t.yaml", {});
}

registry::Loaded load_example(const std::string& name) {
  const std::vector<std::string> paths = {source("examples/" + name)};
  return registry::load(all_kinds(), paths, {});
}

TEST_F(Kinds, read_every_example_without_a_problem) {
  int examples = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source("examples"))) {
    if (entry.path().extension() != ".yaml") continue;
    ++examples;
    EXPECT_THAT(written(load_example(entry.path().filename()).problems), ElementsAre());
  }
  EXPECT_GE(examples, 4);
}

TEST_F(Kinds, make_the_quick_start_a_model_over_a_deployment) {
  const auto snapshot = load_example("quickstart.yaml").snapshot;
  ASSERT_NE(snapshot, nullptr);
  const auto model = snapshot->get<gateway::Models>().find("smollm2");
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(snapshot->get<gateway::Models>().names().front(), "smollm2");
  const auto& deployments = snapshot->get<driver::Deployments>().by_name;
  ASSERT_TRUE(deployments.contains(model->targets.at(0).upstream));
  EXPECT_EQ(deployments.begin()->second->weights, std::getenv("NARU_MODEL"));
  EXPECT_EQ(snapshot->get<gateway::GatewaySettings>().data.listen, "127.0.0.1:8080");
}

TEST_F(Kinds, make_provider_accounts_ready_for_use) {
  const auto snapshot = load_example("providers.yaml").snapshot;
  ASSERT_NE(snapshot, nullptr);
  const auto upstream = snapshot->get<provider::Upstreams>().find("anthropic");
  ASSERT_NE(upstream, nullptr);
  EXPECT_EQ(upstream->credential, Secret(kKey));
  const auto& models = snapshot->get<gateway::Models>();
  EXPECT_EQ(models.find("claude-opus-4-1")->targets.at(0).upstream, "anthropic");
  EXPECT_EQ(models.find("claude-opus-4-1")->targets.at(0).model, "");
  EXPECT_EQ(models.names(), std::vector<std::string>{"writer"});
}

TEST_F(Kinds, send_the_models_own_name_to_its_targets_unless_it_is_a_pattern) {
  const auto snapshot = load(R"(
kind: Upstream
name: vllm
provider: openai_compatible
base_url: http://127.0.0.1:8000/v1
---
kind: Model
name: qwen3
aliases: [best]
targets: [{upstream: vllm}]
)")
                            .snapshot;
  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ(snapshot->get<gateway::Models>().find("best")->targets.at(0).model, "qwen3");
}

TEST_F(Kinds, have_defaults_for_the_process_without_a_document) {
  const auto snapshot = load("kind: Deployment\nname: m\nweights: $NARU_MODEL\n").snapshot;
  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ(snapshot->get<gateway::GatewaySettings>().admin.listen, "127.0.0.1:8081");
}

struct Bad {
  std::string text;
  std::vector<std::string> problems;
};

std::vector<Bad> bad_upstreams() {
  const std::string head = "kind: Upstream\nname: u\nprovider: ";
  return {
      {head + "open_ai\n",
       {"t.yaml:3:11: Upstream u: provider is 'open_ai'; give one of anthropic, openai, "
        "openai_compatible; did you mean 'openai'?"}},
      {head + "openai\n",
       {"t.yaml:1:1: Upstream u: credential is missing; add a line as 'credential: {env: "
        "NAME_OF_VARIABLE}'"}},
      {head + "openai_compatible\n",
       {"t.yaml:1:1: Upstream u: base_url is missing; add a line as 'base_url: "
        "http://127.0.0.1:8000/v1'"}},
      {head + "openai\napi_key: sk-secret\ncredential: {env: NARU_TEST_UNSET}\n",
       {"t.yaml:4:1: Upstream u: api_key is not taken; documents hold no secrets: put it into an "
        "environment variable or a file and name that, as 'credential: {env: OPENAI_API_KEY}'"}},
      {head + "openai\ncredential: sk-secret\n",
       {"t.yaml:4:13: Upstream u: credential must be lines of 'name: value' below it"}},
      {head + "openai\ncredential: {env: sk-secret}\n",
       {"t.yaml:4:19: Upstream u: credential.env is not right; give the name of an environment "
        "variable in capital letters, as OPENAI_API_KEY"}},
      {head + "openai\ncredential: {file: sk-secret}\n",
       {"t.yaml:4:20: Upstream u: credential.file is not right; give a path with a slash, as "
        "./openai.key"}},
      {head + "openai\ncredential: {env: NARU_TEST_UNSET}\n",
       {"t.yaml:4:19: Upstream u: credential.env names NARU_TEST_UNSET, which is not set; export "
        "it before naru starts"}},
      {head + "openai\ncredential: {env: OPENAI_API_KEY, file: ./k}\n",
       {"t.yaml:4:41: Upstream u: credential.file stands beside env; keep one of the two"}},
      {head + "openai\ncredential: {env: OPENAI_API_KEY}\nbase_url: https://me:pw@host/v1\n",
       {"t.yaml:5:11: Upstream u: base_url is 'https://…@host/v1'; leave user and password out of "
        "the URL"}},
      {head + "openai\ncredential: {env: OPENAI_API_KEY}\nproxy: http://me:pw@host\n",
       {"t.yaml:5:8: Upstream u: proxy is 'http://…@host'; documents hold no passwords; give the "
        "proxy in HTTPS_PROXY and write 'environment'"}},
      {head + "openai\ncredential: {env: OPENAI_API_KEY}\ncountry: kr\n",
       {"t.yaml:5:10: Upstream u: country is 'kr'; give the two capital letters of ISO 3166, as "
        "KR"}},
      {head + "anthropic\ncredential: {env: ANTHROPIC_API_KEY}\norganization: org-1\n",
       {"t.yaml:5:15: Upstream u: organization is known to provider openai alone; take it out"}},
      {head + "openai\ncredential: {env: OPENAI_API_KEY}\ntimeouts: {connect: 5, total: 1s}\n",
       {"t.yaml:5:21: Upstream u: timeouts.connect is '5'; durations carry a unit, as 5s"}},
  };
}

std::vector<Bad> bad_models() {
  const std::string upstream =
      "kind: Upstream\nname: vllm\nprovider: openai_compatible\n"
      "base_url: http://127.0.0.1:8000/v1\n---\n";
  const std::string head = upstream + "kind: Model\nname: m\n";
  return {
      {head,
       {"t.yaml:6:1: Model m: targets is missing; add a line as 'targets: [{upstream: openai}]'"}},
      {head + "targets: []\n",
       {"t.yaml:8:10: Model m: targets is empty; say where calls go, as '- upstream: openai'"}},
      {head + "targets:\n  - upstream: vlm\n",
       {"t.yaml:9:15: Model m: targets[0].upstream is 'vlm', which no Upstream or Deployment is "
        "called; did you mean 'vllm'?"}},
      {head + "targets:\n  - {upstream: vllm, weight: 0}\n",
       {"t.yaml:9:30: Model m: targets[0].weight is 0, as all weights of tier 0 are; give one "
        "target more than 0"}},
      {head +
           "targets:\n  - {upstream: vllm}\n  - {upstream: vllm, model: a, tier: 1, weight: 0}\n",
       {"t.yaml:10:49: Model m: targets[1].weight is 0, as all weights of tier 1 are; give one "
        "target more than 0"}},
      {head + "targets:\n  - {upstream: vllm}\n  - {upstream: vllm}\n",
       {"t.yaml:10:5: Model m: targets[1] is the same upstream and model as a target before it; "
        "keep one and give it the weight of both"}},
      {head + "targets:\n  - {upstream: vllm, weight: -1}\n",
       {"t.yaml:9:30: Model m: targets[0].weight is '-1'; the least is 0"}},
      {head + "targets: [{upstream: vllm}]\naliases: [m]\n",
       {"t.yaml:9:11: Model m: aliases[0] is 'm', the name of Model m in line 6 already; choose "
        "another"}},
      {head + "targets: [{upstream: vllm}]\nretry: {base: 10s, most: 1s}\n",
       {"t.yaml:9:15: Model m: retry.base is 10s, longer than most, 1s; make it shorter"}},
      {head + "targets: [{upstream: vllm}]\non_loss: ignore\n",
       {"t.yaml:9:10: Model m: on_loss is 'ignore'; give one of refuse, warn, drop"}},
      {upstream + "kind: Deployment\nname: vllm\nweights: $NARU_MODEL\n",
       {"t.yaml:7:7: Deployment vllm: name is 'vllm', the name of Upstream vllm in line 1 already; "
        "choose another"}},
  };
}

std::vector<Bad> bad_deployments_and_processes() {
  const std::string head = "kind: Deployment\nname: d\n";
  return {
      {head,
       {"t.yaml:1:1: Deployment d: weights is missing; add a line as 'weights: "
        "/srv/models/model.gguf'"}},
      {head + "weights: $NARU_TEST_UNSET\n",
       {"t.yaml:3:10: Deployment d: weights is '$NARU_TEST_UNSET', but NARU_TEST_UNSET is not set; "
        "export it before naru starts"}},
      {head + "weights: /nowhere/m.gguf\nengine_path: /nowhere/engine\n",
       {"t.yaml:3:10: Deployment d: weights is '/nowhere/m.gguf', which is no file naru may read",
        "t.yaml:4:14: Deployment d: engine_path is '/nowhere/engine', which is no file naru may "
        "run"}},
      {head + "weights: $NARU_MODEL\nengine: vllm\nparallel: 0\n",
       {"t.yaml:4:9: Deployment d: engine is 'vllm'; give one of llama-server",
        "t.yaml:5:11: Deployment d: parallel is '0'; the least is 1"}},
      {"kind: Gateway\nlimits:\n  body_bytes: 12\n",
       {"t.yaml:3:15: Gateway: limits.body_bytes is '12'; sizes carry a unit, as 12B"}},
      {"kind: Gateway\nlimits:\n  body_bytes: 1GiB\n  body_memory_bytes: 1MiB\n",
       {"t.yaml:4:22: Gateway: limits.body_memory_bytes is 1MiB; one body of body_bytes, 1GiB, "
        "would never fit"}},
      {"kind: Gateway\ndata: {listen: 8080, cors_origins: ['*']}\n",
       {"t.yaml:2:16: Gateway: data.listen is '8080'; give an address and a port, as "
        "127.0.0.1:8080 "
        "or [::1]:8080",
        "t.yaml:2:37: Gateway: data.cors_origins[0] is '*'; give an origin without a path, as "
        "https://app.example.com"}},
      {"kind: Gateway\ndata: {listen: '127.0.0.1:8081'}\n",
       {"t.yaml:1:1: Gateway: admin.listen is 127.0.0.1:8081, as data.listen is; give each a port "
        "of its own"}},
      {"kind: Gateway\nadmin: {tls: {certificate: tls.crt}}\n",
       {"t.yaml:2:14: Gateway: admin.tls.key is missing; TLS needs the certificate's key too"}},
      {"kind: Gateway\nlog: {level: verbose}\n",
       {"t.yaml:2:14: Gateway: log.level is 'verbose'; give one of debug, info, warn, error"}},
      {"kind: Gateway\n---\nkind: Gateway\n",
       {"t.yaml:3:1: Gateway stands in t.yaml:1 already; keep one"}},
  };
}

void expect_problems(const std::vector<Bad>& table) {
  for (const Bad& bad : table)
    EXPECT_THAT(written(load(bad.text).problems), ElementsAreArray(bad.problems)) << bad.text;
}

TEST_F(Kinds, say_what_is_wrong_with_an_upstream) { expect_problems(bad_upstreams()); }
TEST_F(Kinds, say_what_is_wrong_with_a_model) { expect_problems(bad_models()); }
TEST_F(Kinds, say_what_is_wrong_with_deployments_and_the_process) {
  expect_problems(bad_deployments_and_processes());
}

TEST_F(Kinds, try_a_listeners_certificate_before_it_is_taken_up) {
  const auto loaded =
      load("kind: Gateway\ndata: {tls: {certificate: /nowhere/c.pem, key: /nowhere/k.pem}}\n");
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_THAT(settings::write_problem(loaded.problems[0]),
              testing::StartsWith("t.yaml:2:13: Gateway: data.tls cannot be used: "));
  EXPECT_THAT(loaded.files, ElementsAre("/nowhere/c.pem", "/nowhere/k.pem"));
}

TEST_F(Kinds, have_the_reference_page_that_is_in_docs) {
  const std::string page = source("docs/settings.md");
  const std::string wanted = settings_page();
  if (std::getenv("NARU_WRITE_DOCS") != nullptr) std::ofstream(page) << wanted;
  EXPECT_TRUE(text_of(page) == wanted)
      << "docs/settings.md is older than the settings; write it anew with "
         "'naru check --reference > docs/settings.md'";
}

}  // namespace
}  // namespace naru::cli
