#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/anthropic/anthropic.h"

namespace naru::dialect {
namespace {

std::string said(std::string_view type, std::string_view message) {
  return fmt::format(R"({{"type":"error","error":{{"type":"{}","message":"{}"}}}})", type, message);
}

struct StatusCase {
  int status;
  const char* type;
  FaultKind kind;
};
class AnthropicStatus : public testing::TestWithParam<StatusCase> {};

TEST_P(AnthropicStatus, means_one_kind_of_fault) {
  const Fault fault = anthropic().read_error(GetParam().status, said(GetParam().type, "why"));
  EXPECT_EQ(fault.kind, GetParam().kind);
  EXPECT_EQ(fault.upstream_status, GetParam().status);
  EXPECT_EQ(fault.code, GetParam().type);
  EXPECT_EQ(fault.origin, Origin::Upstream);
}

INSTANTIATE_TEST_SUITE_P(
    All, AnthropicStatus,
    testing::Values(StatusCase{400, "invalid_request_error", FaultKind::UpstreamRefused},
                    StatusCase{401, "authentication_error", FaultKind::UpstreamAuth},
                    StatusCase{402, "billing_error", FaultKind::UpstreamSpent},
                    StatusCase{403, "permission_error", FaultKind::UpstreamAuth},
                    StatusCase{404, "not_found_error", FaultKind::UpstreamMissing},
                    StatusCase{408, "timeout_error", FaultKind::UpstreamTimeout},
                    StatusCase{409, "invalid_request_error", FaultKind::UpstreamFailed},
                    StatusCase{413, "request_too_large", FaultKind::UpstreamRefused},
                    StatusCase{422, "invalid_request_error", FaultKind::UpstreamRefused},
                    StatusCase{429, "rate_limit_error", FaultKind::RateLimited},
                    StatusCase{500, "api_error", FaultKind::UpstreamFailed},
                    StatusCase{502, "api_error", FaultKind::UpstreamFailed},
                    StatusCase{503, "unavailable_error", FaultKind::Overloaded},
                    StatusCase{504, "timeout_error", FaultKind::UpstreamTimeout},
                    StatusCase{529, "overloaded_error", FaultKind::Overloaded}));

TEST(AnthropicErrors, keep_the_providers_words_where_the_client_can_mend_it) {
  const Fault fault =
      anthropic().read_error(400, said("invalid_request_error", "max_tokens: too large"));
  EXPECT_EQ(fault.detail, "max_tokens: too large");
  EXPECT_EQ(status_of(fault), 400);
}

TEST(AnthropicErrors, never_repeat_what_is_said_about_our_key) {
  const Fault fault =
      anthropic().read_error(401, said("authentication_error", "bad key sk-ant-abc***xyz"));
  EXPECT_THAT(fault.detail, testing::Not(testing::HasSubstr("sk-")));
  EXPECT_THAT(fault.detail, testing::HasSubstr("HTTP 401"));
}

TEST(AnthropicErrors, never_name_the_organisation_that_is_at_its_limit) {
  const Fault fault = anthropic().read_error(
      429, said("rate_limit_error", "would exceed the rate limit for organization 7f54fbff"));
  EXPECT_THAT(fault.detail, testing::Not(testing::HasSubstr("7f54")));
  EXPECT_EQ(fault.kind, FaultKind::RateLimited);
}

TEST(AnthropicErrors, take_an_account_without_money_for_the_operators_trouble) {
  for (const char* message : {"Your credit balance is too low to access the Anthropic API.",
                              "You have reached your specified API usage limits.",
                              "You have reached your specified workspace API usage limits."}) {
    const Fault fault = anthropic().read_error(400, said("invalid_request_error", message));
    EXPECT_EQ(fault.kind, FaultKind::UpstreamSpent) << message;
    EXPECT_THAT(fault.detail, testing::HasSubstr("the operator must mend it"));
  }
}

TEST(AnthropicErrors, tell_a_month_that_is_spent_from_a_minute_that_is) {
  const Fault fault = anthropic().read_error(
      429, R"({"type":"error","error":{"type":"rate_limit_error","message":"why",)"
           R"("details":{"error_code":"enforced_spend_limit_reached"}}})");
  EXPECT_EQ(fault.kind, FaultKind::UpstreamSpent);
  const Fault other = anthropic().read_error(
      429, R"({"type":"error","error":{"type":"rate_limit_error","message":"why",)"
           R"("details":{"error_code":"something_else"}}})");
  EXPECT_EQ(other.kind, FaultKind::RateLimited);
}

TEST(AnthropicErrors, leave_a_refusal_of_content_with_the_client) {
  const Fault fault = anthropic().read_error(
      400, said("invalid_request_error", "Output blocked by content filtering policy"));
  EXPECT_EQ(fault.kind, FaultKind::UpstreamRefused);
}

TEST(AnthropicErrors, need_no_body_that_can_be_understood) {
  for (const char* body : {"", "<html>Bad Gateway</html>", "[]", "null", "{\"error\":7}"}) {
    const Fault fault = anthropic().read_error(502, body);
    EXPECT_EQ(fault.kind, FaultKind::UpstreamFailed) << body;
    EXPECT_EQ(fault.detail, "the provider answered HTTP 502") << body;
  }
}

TEST(AnthropicErrors, read_the_shapes_of_engines_too) {
  EXPECT_EQ(
      anthropic()
          .read_error(
              400,
              R"({"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}})")
          .detail,
      "too long");
  EXPECT_EQ(anthropic().read_error(400, R"({"error":"no model"})").detail, "no model");
}

TEST(AnthropicErrors, bound_what_a_provider_says_between_characters) {
  std::string many;
  while (many.size() < 5000) many += "가";
  const Fault fault = anthropic().read_error(400, said("invalid_request_error", many));
  EXPECT_LT(fault.detail.size(), 1100U);
  EXPECT_TRUE(is_utf8(fault.detail));
}

TEST(AnthropicErrors, are_written_in_the_dialects_shape) {
  EXPECT_EQ(
      anthropic().write_error({.kind = FaultKind::ModelNotFound, .detail = "no model \"x\""},
                              "req_1"),
      R"({"type":"error","error":{"type":"not_found_error","message":"no model \"x\""},"request_id":"req_1"})");
}

TEST(AnthropicErrors, name_no_request_where_none_has_an_id) {
  EXPECT_EQ(anthropic().write_error({.kind = FaultKind::Internal, .detail = "x"}, ""),
            R"({"type":"error","error":{"type":"api_error","message":"x"}})");
}

TEST(AnthropicErrors, keep_the_providers_type_of_a_refusal) {
  EXPECT_THAT(anthropic().write_error(anthropic().read_error(413, ""), "r"),
              testing::HasSubstr(R"("type":"request_too_large")"));
  EXPECT_THAT(anthropic().write_error(
                  anthropic().read_error(400, said("exceed_context_size_error", "x")), "r"),
              testing::HasSubstr(R"("type":"invalid_request_error")"));
}

TEST(AnthropicErrors, end_a_stream_as_an_event_of_their_own) {
  EXPECT_EQ(
      anthropic().write_stream_error({.kind = FaultKind::Overloaded, .detail = "busy"}, "req_1", 0),
      "event: error\n"
      R"(data: {"type":"error","error":{"type":"overloaded_error","message":"busy"},"request_id":"req_1"})"
      "\n\n");
}

TEST(AnthropicModels, are_listed_with_every_field_clients_demand) {
  const std::vector<ModelEntry> models = {{"a/b", 1'763'935'740, "naru"}, {"c", -5, ""}};
  EXPECT_EQ(
      anthropic().write_models(models),
      R"({"data":[{"type":"model","id":"a/b","display_name":"a/b","created_at":"2025-11-23T22:09:00Z"},{"type":"model","id":"c","display_name":"c","created_at":"1970-01-01T00:00:00Z"}],"first_id":"a/b","has_more":false,"last_id":"c"})");
  EXPECT_EQ(anthropic().write_models({}),
            R"({"data":[],"first_id":null,"has_more":false,"last_id":null})");
  EXPECT_EQ(
      anthropic().write_model(models[0]),
      R"({"type":"model","id":"a/b","display_name":"a/b","created_at":"2025-11-23T22:09:00Z"})");
}

TEST(AnthropicDialect, names_answers_as_the_provider_does) {
  Rng rng(7);
  const std::string id = anthropic().make_id(Operation::Chat, rng);
  EXPECT_EQ(id.size(), 28U);
  EXPECT_TRUE(id.starts_with("msg_"));
  EXPECT_NE(id, anthropic().make_id(Operation::Chat, rng));
}

TEST(AnthropicDialect, serves_chat_and_counting) {
  EXPECT_TRUE(anthropic().serves(Operation::Chat));
  EXPECT_TRUE(anthropic().serves(Operation::CountTokens));
  EXPECT_FALSE(anthropic().serves(Operation::Embed));
  EXPECT_FALSE(anthropic().serves(Operation::Complete));
}

}  // namespace
}  // namespace naru::dialect
