#include <gtest/gtest.h>

#include "dialect/testing.h"

namespace naru::dialect {
namespace {

std::string body_of(std::string_view message, std::string_view type, std::string_view code) {
  return fmt::format(R"({{"error":{{"message":"{}","type":"{}","param":null,"code":{}}}}})",
                     message, type, code);
}

struct Row {
  int status;
  std::string_view type;
  std::string_view code;
  FaultKind kind;
};
class OpenAiError : public ::testing::TestWithParam<Row> {};
TEST_P(OpenAiError, has_a_meaning) {
  const Row& row = GetParam();
  const Fault fault = openai_chat().read_error(row.status, body_of("m", row.type, row.code));
  EXPECT_EQ(fault.kind, row.kind);
  EXPECT_EQ(fault.origin, Origin::Upstream);
  EXPECT_EQ(fault.upstream_status, row.status);
}
INSTANTIATE_TEST_SUITE_P(
    Statuses, OpenAiError,
    ::testing::Values(
        Row{400, "invalid_request_error", "null", FaultKind::UpstreamRefused},
        Row{400, "invalid_request_error", R"("context_length_exceeded")",
            FaultKind::UpstreamRefused},
        Row{400, "invalid_request_error", R"("invalid_api_key")", FaultKind::UpstreamAuth},
        Row{400, "invalid_request_error", R"("model_not_found")", FaultKind::UpstreamMissing},
        Row{401, "invalid_request_error", R"("invalid_api_key")", FaultKind::UpstreamAuth},
        Row{402, "x", "null", FaultKind::UpstreamSpent},
        Row{403, "x", "null", FaultKind::UpstreamAuth},
        Row{404, "x", R"("model_not_found")", FaultKind::UpstreamMissing},
        Row{408, "x", "null", FaultKind::UpstreamTimeout},
        Row{409, "x", "null", FaultKind::UpstreamFailed},
        Row{413, "x", "null", FaultKind::UpstreamRefused},
        Row{422, "x", "null", FaultKind::UpstreamRefused},
        Row{429, "requests", R"("rate_limit_exceeded")", FaultKind::RateLimited},
        Row{429, "tokens", "null", FaultKind::RateLimited},
        Row{429, "insufficient_quota", R"("insufficient_quota")", FaultKind::UpstreamSpent},
        Row{429, "x", R"("credit_balance_exhausted")", FaultKind::UpstreamSpent},
        Row{429, "x", R"("organization_spend_limit_exceeded")", FaultKind::UpstreamSpent},
        Row{429, "x", R"("project_spend_limit_exceeded")", FaultKind::UpstreamSpent},
        Row{429, "x", R"("organization_usage_limit_exceeded")", FaultKind::UpstreamSpent},
        Row{0, "service_unavailable_error", R"("server_is_overloaded")", FaultKind::Overloaded},
        Row{0, "service_unavailable_error", "null", FaultKind::Overloaded},
        Row{400, "x", R"("billing_hard_limit_reached")", FaultKind::UpstreamSpent},
        Row{403, "x", R"("billing_not_active")", FaultKind::UpstreamSpent},
        Row{429, "exceeded_current_quota_error", "null", FaultKind::UpstreamSpent},
        Row{429, "engine_overloaded_error", "null", FaultKind::Overloaded},
        Row{429, "rate_limit_reached_error", "null", FaultKind::RateLimited},
        Row{400, "x", R"("content_filter")", FaultKind::UpstreamRefused},
        Row{403, "content_filter", "null", FaultKind::UpstreamRefused},
        Row{403, "x", R"("content_policy_violation")", FaultKind::UpstreamRefused},
        Row{400, "image_generation_user_error", R"("moderation_blocked")",
            FaultKind::UpstreamRefused},
        Row{500, "invalid_request_error", "null", FaultKind::UpstreamFailed},
        Row{500, "server_error", "null", FaultKind::UpstreamFailed},
        Row{502, "x", "null", FaultKind::UpstreamFailed},
        Row{503, "x", "null", FaultKind::Overloaded}, Row{529, "x", "null", FaultKind::Overloaded},
        Row{302, "x", "null", FaultKind::UpstreamInvalid}));

TEST(OpenAiErrors, take_flagged_input_for_the_clients_and_no_credential_that_is_refused) {
  const auto kind = [](std::string_view metadata) {
    return openai_chat()
        .read_error(403, fmt::format(R"({{"error":{{"code":403,"message":"m",{}}}}})", metadata))
        .kind;
  };
  EXPECT_EQ(kind(R"("metadata":{"reasons":["violence"],"flagged_input":"…"})"),
            FaultKind::UpstreamRefused);
  EXPECT_EQ(kind(R"("metadata":{"provider_name":"x"})"), FaultKind::UpstreamAuth);
}

TEST(OpenAiErrors, read_googles_wait_and_its_quotas_by_the_day) {
  const auto read = [](std::string_view details) {
    return openai_chat().read_error(
        429, fmt::format(R"([{{"error":{{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED",)"
                         R"("details":[{}]}}}}])",
                         details));
  };
  using std::chrono::milliseconds;
  EXPECT_EQ(read(R"({"retryDelay":"22s"})").retry_after, milliseconds(22'000));
  EXPECT_EQ(read(R"({"retryDelay":"0.25s"})").retry_after, milliseconds(250));
  EXPECT_EQ(read(R"({"retryDelay":"22s"})").kind, FaultKind::RateLimited);
  for (const char* no : {"22", "-1s", "s", "22 s", "nans", "1e99s"})
    EXPECT_EQ(read(fmt::format(R"({{"retryDelay":"{}"}})", no)).retry_after, std::nullopt) << no;
  const auto kind = [&](std::string_view quota) {
    return read(fmt::format(R"({{"violations":[{{"quotaId":"{}"}}]}})", quota)).kind;
  };
  EXPECT_EQ(kind("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), FaultKind::UpstreamSpent);
  EXPECT_EQ(kind("GenerateRequestsPerMinutePerProjectPerModel"), FaultKind::RateLimited);
}

TEST(OpenAiErrors, keep_a_refusals_words_field_and_code) {
  const Fault fault = openai_chat().read_error(
      400,
      R"({"error":{"message":"Invalid type for 'n'","type":"invalid_request_error","param":"n","code":"invalid_type"}})");
  EXPECT_EQ(fault.detail, "Invalid type for 'n'");
  EXPECT_EQ(fault.param, "n");
  EXPECT_EQ(fault.code, "invalid_type");
  EXPECT_EQ(status_of(fault), 400);
}

TEST(OpenAiErrors, are_read_in_every_servers_shape) {
  const auto detail = [](std::string_view body) {
    return openai_chat().read_error(400, body).detail;
  };
  EXPECT_EQ(detail(R"({"error":"too long"})"), "too long");
  EXPECT_EQ(detail(R"({"object":"error","message":"too long","code":400})"), "too long");
  EXPECT_EQ(detail(R"({"message":"too long"})"), "too long");
  EXPECT_EQ(detail(R"({"detail":"too long"})"), "too long");
  EXPECT_EQ(detail(R"([{"error":{"message":"too long","code":400}}])"), "too long");
  EXPECT_EQ(detail(R"({"detail":[{"loc":["body"],"msg":"too long"}]})"), "too long");
}

TEST(OpenAiErrors, without_words_have_their_status) {
  for (const std::string_view body :
       {"", "<html>502</html>", "[]", "null", "{}", R"({"error":7})"}) {
    EXPECT_EQ(openai_chat().read_error(502, body).detail, "the upstream failed (status 502)");
    EXPECT_EQ(openai_chat().read_error(400, body).detail,
              "the upstream refuses the request (status 400)");
  }
}

TEST(OpenAiErrors, never_tell_of_the_operators_account) {
  const std::string said =
      body_of("Incorrect API key provided: sk-proj-abcd1234. See org-77 (proj_9)", "x", "null");
  EXPECT_EQ(openai_chat().read_error(401, said).detail,
            "the upstream refuses naru's credential (status 401)");
  EXPECT_EQ(openai_chat().read_error(429, said).detail,
            "the upstream's rate limit is reached; try again later (status 429)");
  EXPECT_EQ(openai_chat().read_error(400, said).kind, FaultKind::UpstreamAuth);
  const std::string refused = body_of("no model x for org-77 ('proj_9')", "x", "null");
  EXPECT_EQ(openai_chat().read_error(400, refused).detail, "no model x for … ('…')");
}

TEST(OpenAiErrors, bound_a_providers_words_at_a_character) {
  std::string long_words = "x";
  for (int i = 0; i < 1000; ++i) long_words += "가";
  const Fault fault = openai_chat().read_error(400, body_of(long_words, "x", "null"));
  EXPECT_LE(fault.detail.size(), 1000U);
  EXPECT_TRUE(is_utf8(fault.detail));
}

TEST(OpenAiErrors, are_written_with_type_and_code_of_their_kind) {
  EXPECT_EQ(
      openai_chat().write_error(
          {.kind = FaultKind::ModelNotFound, .detail = "no \"x\"", .param = "model"}, "req_1"),
      R"({"error":{"message":"no \"x\"","type":"invalid_request_error","param":"model",)"
      R"("code":"model_not_found"}})");
  EXPECT_EQ(openai_chat().write_error({.kind = FaultKind::InvalidRequest, .detail = "d"}, "req_1"),
            R"({"error":{"message":"d","type":"invalid_request_error","param":null,"code":null}})");
}

TEST(OpenAiErrors, keep_the_providers_code_for_its_own_clients) {
  const Fault fault{.kind = FaultKind::UpstreamRefused, .detail = "d", .code = "string_too_long"};
  EXPECT_NE(openai_chat().write_error(fault, "").find(R"("code":"string_too_long")"),
            std::string::npos);
}

TEST(OpenAiErrors, end_a_stream_as_an_event) {
  EXPECT_EQ(
      openai_chat().write_stream_error({.kind = FaultKind::UpstreamFailed, .detail = "d"}, "", 0),
      "data: {\"error\":{\"message\":\"d\",\"type\":\"server_error\",\"param\":null,"
      "\"code\":\"upstream_failed\"}}\n\n");
}

TEST(OpenAiModels, are_listed) {
  const std::vector<ModelEntry> models = {{"a/b", 5, "naru"}};
  EXPECT_EQ(
      openai_chat().write_models(models),
      R"({"object":"list","data":[{"id":"a/b","object":"model","created":5,"owned_by":"naru"}]})");
  EXPECT_EQ(openai_chat().write_model(models[0]),
            R"({"id":"a/b","object":"model","created":5,"owned_by":"naru"})");
  EXPECT_EQ(openai_chat().write_models({}), R"({"object":"list","data":[]})");
}

TEST(OpenAiDialect, gives_ids_and_paths_of_its_form) {
  Rng rng(1);
  EXPECT_TRUE(openai_chat().make_id(Operation::Chat, rng).starts_with("chatcmpl-"));
  EXPECT_TRUE(openai_chat().make_id(Operation::Complete, rng).starts_with("cmpl-"));
  EXPECT_EQ(openai_chat().path(Operation::Chat), "/chat/completions");
  EXPECT_EQ(openai_chat().path(Operation::Embed), "/embeddings");
  EXPECT_FALSE(openai_chat().serves(Operation::CountTokens));
}

TEST(Dialects, are_found_by_name) {
  EXPECT_EQ(find_dialect("openai_chat"), &openai_chat());
  EXPECT_EQ(find_dialect("anthropic"), &anthropic());
  EXPECT_EQ(find_dialect("telex"), nullptr);
  EXPECT_EQ(find_dialect("openai_responses"), &openai_responses());
}

}  // namespace
}  // namespace naru::dialect
