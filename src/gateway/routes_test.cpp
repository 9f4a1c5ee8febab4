#include "gateway/routes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace naru::gateway {
namespace {

Endpoint endpoint_of(std::string_view method, std::string_view path,
                     std::vector<net::HeaderView> headers = {}) {
  net::RequestHead head;
  head.method = method;
  head.target = path;
  head.path = path;
  for (const net::HeaderView& line : headers) head.headers.add(line.name, line.value);
  return find_endpoint(head);
}

struct Row {
  std::string_view method;
  std::string_view path;
  Serves serves;
  std::string_view dialect;
};

TEST(Routes, finds_what_each_path_is_for) {
  const auto rows = std::to_array<Row>({
      {"POST", "/v1/chat/completions", Serves::Operation, "openai_chat"},
      {"POST", "/v1/completions", Serves::Operation, "openai_chat"},
      {"POST", "/v1/embeddings", Serves::Operation, "openai_chat"},
      {"POST", "/v1/messages", Serves::Operation, "anthropic"},
      {"POST", "/v1/messages/count_tokens", Serves::Operation, "anthropic"},
      {"GET", "/v1/models", Serves::ModelList, "openai_chat"},
      {"HEAD", "/v1/models", Serves::ModelList, "openai_chat"},
      {"GET", "/v1/models/a/b", Serves::OneModel, "openai_chat"},
      {"GET", "/health/live", Serves::Live, "openai_chat"},
      {"GET", "/health/ready", Serves::Ready, "openai_chat"},
      {"POST", "/v1/responses", Serves::Operation, "openai_responses"},
      {"POST", "/v1/responses/input_tokens", Serves::Operation, "openai_responses"},
      {"GET", "/v1/responses/resp_1", Serves::ReadAnswer, "openai_responses"},
      {"DELETE", "/v1/responses/resp_1", Serves::DeleteAnswer, "openai_responses"},
      {"POST", "/v1/responses/resp_1", Serves::Nothing, "openai_responses"},
      {"POST", "/v1/responses/resp_1/cancel", Serves::Nothing, "openai_responses"},
      {"GET", "/v1/responses/", Serves::Nothing, "openai_responses"},
      {"POST", "/v1/audio/speech", Serves::Nothing, "openai_chat"},
      {"POST", "/v1/messages/batches", Serves::Nothing, "anthropic"},
      {"GET", "/v1/chat/completions", Serves::Nothing, "openai_chat"},
      {"POST", "/v1/chat/completions/", Serves::Nothing, "openai_chat"},
      {"GET", "/v1/models/", Serves::Nothing, "openai_chat"},
  });
  for (const Row& row : rows) {
    const Endpoint found = endpoint_of(row.method, row.path);
    EXPECT_EQ(found.serves, row.serves) << row.method << " " << row.path;
    EXPECT_EQ(found.dialect->name(), row.dialect) << row.path;
  }
}

TEST(Routes, lists_models_in_the_shape_of_who_asks) {
  EXPECT_EQ(endpoint_of("GET", "/v1/models", {{"Anthropic-Version", "2023-06-01"}}).dialect->name(),
            "anthropic");
}

TEST(Routes, believe_a_path_before_a_header) {
  const Endpoint found =
      endpoint_of("GET", "/v1/responses/resp_1", {{"anthropic-version", "2023-06-01"}});
  EXPECT_EQ(found.serves, Serves::ReadAnswer);
  EXPECT_EQ(found.dialect->name(), "openai_responses");
}

TEST(Routes, lead_from_every_call_of_every_dialect_to_it) {
  for (const dialect::Dialect* one : dialect::all_dialects())
    for (const dialect::CallRow& call : one->profile().calls) {
      const Endpoint found = endpoint_of("POST", call.served_at);
      EXPECT_EQ(found.serves, Serves::Operation) << call.served_at;
      EXPECT_EQ(found.dialect, one) << call.served_at;
      EXPECT_EQ(found.operation, call.operation) << call.served_at;
    }
}

TEST(Routes, lead_from_every_model_list_to_it) {
  for (const dialect::Dialect* one : dialect::all_dialects()) {
    std::vector<net::HeaderView> headers;
    if (const auto own = one->profile().own_header; !own.empty()) headers.push_back({own, "1"});
    const std::string at(one->profile().models_at);
    EXPECT_EQ(endpoint_of("GET", at, headers).serves, Serves::ModelList) << at;
    EXPECT_EQ(endpoint_of("GET", at + "/m", headers).id, "m") << at;
  }
}

TEST(Routes, name_the_paths_of_calls_and_lists_to_whoever_asks_for_another) {
  std::multiset<std::string_view> named;
  for (const std::string_view path : split(served_paths(), ',')) named.insert(trim(path));
  std::set<std::string_view> wanted;
  for (const dialect::Dialect* one : dialect::all_dialects()) {
    wanted.insert(one->profile().models_at);
    for (const dialect::CallRow& call : one->profile().calls) wanted.insert(call.served_at);
  }
  EXPECT_TRUE(std::ranges::equal(named, wanted)) << served_paths();
}

TEST(Routes, decodes_the_id_of_a_model) {
  EXPECT_EQ(endpoint_of("GET", "/v1/models/org%2Fname%3Atag").id, "org/name:tag");
  EXPECT_EQ(endpoint_of("GET", "/v1/models/broken%4").serves, Serves::Nothing);
}

TEST(Routes, names_the_methods_of_a_path_asked_wrongly) {
  EXPECT_EQ(endpoint_of("GET", "/v1/messages").known_methods, "POST");
}

TEST(Routes, takes_a_preflight_on_any_path) {
  const Endpoint found =
      endpoint_of("OPTIONS", "/v1/chat/completions", {{"access-control-request-method", "POST"}});
  EXPECT_EQ(found.serves, Serves::Preflight);
}

}  // namespace
}  // namespace naru::gateway
