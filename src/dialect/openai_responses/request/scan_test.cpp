#include <gtest/gtest.h>

#include "dialect/openai_responses/codec.h"
#include "dialect/testing.h"

namespace naru::dialect {
namespace {

using openai_responses_wire::scan_request;
using testing::Parsed;
using testing::Strings;

Result<RequestScan> scan(const std::string& body, Operation operation = Operation::Chat) {
  const Parsed parsed(body);
  return scan_request(operation, parsed.tree());
}

/// `members` beside a model and one message.
Result<RequestScan> scan_with(std::string_view members) {
  return scan(fmt::format(R"({{"model":"m","input":"hi",{}}})", members));
}

/// The texts a scan of `body` finds, as they stand in the body.
Strings texts_of(const std::string& body) {
  const Result<RequestScan> found = scan(body);
  if (!found) return {found.error().detail};
  Strings texts;
  for (const json::Span span : found->texts)
    texts.push_back(body.substr(span.begin, span.end - span.begin));
  return texts;
}

Strings texts_of_items(std::string_view items) {
  return texts_of(fmt::format(R"({{"model":"m","input":[{}]}})", items));
}

TEST(ResponsesScan, finds_the_model_however_its_key_is_spelled) {
  const std::string body = R"({"mod\u0065l":"gpt\u002d5","input":"hi"})";
  const Result<RequestScan> found = scan(body);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->model, "gpt-5");
  EXPECT_EQ(body.substr(found->model_span.begin, 12), R"("gpt\u002d5")");
}

TEST(ResponsesScan, reads_what_the_stages_need) {
  const auto found =
      scan_with(R"("stream":true,"max_output_tokens":50,"tools":[{"type":"function","name":"f"}])");
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_TRUE(found->stream);
  EXPECT_EQ(found->max_tokens, 50);
  EXPECT_TRUE(found->uses_tools);
}

TEST(ResponsesScan, knows_that_streams_always_tell_usage) {
  EXPECT_TRUE(scan_with(R"("stream":false)")->stream_usage);
}

TEST(ResponsesScan, takes_nulls_for_missing) {
  const auto found =
      scan_with(R"("stream":null,"max_output_tokens":null,"tools":null,"include":null,"text":null,)"
                R"("background":null,"conversation":null,"instructions":null,"store":null)");
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_FALSE(found->stream);
  EXPECT_FALSE(found->max_tokens);
  EXPECT_FALSE(found->uses_tools);
}

struct Wrong {
  std::string_view members;
  std::string_view param;
};
class ResponsesScanRefuses : public ::testing::TestWithParam<Wrong> {};
TEST_P(ResponsesScanRefuses, a_wrong_field_with_its_path) {
  const auto found = scan_with(GetParam().members);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, FaultKind::InvalidRequest);
  EXPECT_EQ(found.error().param, GetParam().param);
}
INSTANTIATE_TEST_SUITE_P(
    Fields, ResponsesScanRefuses,
    ::testing::Values(
        Wrong{R"("stream":"yes")", "stream"}, Wrong{R"("store":"yes")", "store"},
        Wrong{R"("max_output_tokens":0)", "max_output_tokens"},
        Wrong{R"("max_output_tokens":1.5)", "max_output_tokens"},
        Wrong{R"("max_output_tokens":99999999999)", "max_output_tokens"},
        Wrong{R"("top_logprobs":21)", "top_logprobs"}, Wrong{R"("tools":{})", "tools"},
        Wrong{R"("tools":[{"type":"function"},{}])", "tools[1].type"},
        Wrong{R"("tools":[7])", "tools[0]"}, Wrong{R"("include":"x")", "include"},
        Wrong{R"("include":["x",1])", "include"}, Wrong{R"("instructions":[])", "instructions"},
        Wrong{R"("background":true)", "background"}, Wrong{R"("background":1)", "background"},
        Wrong{R"("conversation":"conv_1")", "conversation"},
        Wrong{R"("conversation":{"id":"conv_1"})", "conversation"},
        Wrong{R"("previous_response_id":7)", "previous_response_id"}));

TEST(ResponsesScan, says_what_to_do_instead_of_what_is_not_served) {
  EXPECT_EQ(scan_with(R"("background":true,"conversation":"c")").error().detail,
            "$.background is true; there are no background responses here, leave it out; "
            "$.conversation is not served here; go on from a response with previous_response_id");
}

TEST(ResponsesScan, takes_a_background_that_is_false) {
  EXPECT_TRUE(scan_with(R"("background":false)"));
}

TEST(ResponsesScan, bounds_the_schema_of_the_answer) {
  const auto found = scan_with(fmt::format(R"("text":{{"x":"{}"}})", std::string(300'000, 'x')));
  EXPECT_EQ(found.error().param, "text");
}

TEST(ResponsesScan, wants_a_model_and_an_input) {
  EXPECT_EQ(scan("{}").error().detail,
            "$.model must be a string; $.input must be a string or a list of items");
  EXPECT_EQ(scan(R"({"model":"","input":"hi"})").error().param, "model");
  EXPECT_EQ(scan(R"({"model":"m","input":[]})").error().param, "input");
  EXPECT_EQ(scan(R"({"model":"m","input":7})").error().param, "input");
  EXPECT_EQ(scan("[]").error().detail, "$ must be an object");
}

TEST(ResponsesScan, wants_no_input_where_something_else_says_what_is_asked) {
  EXPECT_TRUE(scan(R"({"model":"m","previous_response_id":"resp_1"})"));
  EXPECT_TRUE(scan(R"({"model":"m","prompt":{"id":"pmpt_1"}})"));
  EXPECT_TRUE(scan(R"({"model":"m","input":null})", Operation::CountTokens));
}

struct WrongItem {
  std::string_view item;
  std::string_view param;
};
class ResponsesScanRefusesItem : public ::testing::TestWithParam<WrongItem> {};
TEST_P(ResponsesScanRefusesItem, by_its_place) {
  const auto found = scan(fmt::format(
      R"({{"model":"m","input":[{{"role":"user","content":"a"}},{},7]}})", GetParam().item));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().param, GetParam().param);
}
INSTANTIATE_TEST_SUITE_P(
    Items, ResponsesScanRefusesItem,
    ::testing::Values(
        WrongItem{"7", "input[1]"}, WrongItem{"{}", "input[1].id"},
        WrongItem{R"({"type":7})", "input[1].type"},
        WrongItem{R"({"type":"message"})", "input[1].role"},
        WrongItem{R"({"role":"user"})", "input[1].content"},
        WrongItem{R"({"role":"user","content":7})", "input[1].content"},
        WrongItem{R"({"role":"user","content":[{}]})", "input[1].content[0].type"},
        WrongItem{R"({"role":"user","content":[{"type":"input_text"}]})",
                  "input[1].content[0].text"},
        WrongItem{R"({"type":"function_call","call_id":"c","name":"f"})", "input[1].arguments"},
        WrongItem{R"({"type":"function_call_output","output":"x"})", "input[1].call_id"},
        WrongItem{R"({"type":"function_call_output","call_id":"c"})", "input[1].output"},
        WrongItem{R"({"type":"item_reference"})", "input[1].id"},
        WrongItem{R"({"type":"web_search_call"})", "input[2]"}));

TEST(ResponsesScan, gives_every_text_of_a_conversation) {
  EXPECT_EQ(texts_of(testing::file(
                "src/dialect/openai_responses/corpus/openai_responses_request/all.json")),
            (Strings{R"("be brief")", R"("in Korean")", R"("what is this")", R"("a.pdf")",
                     R"("hm")", R"("Let me look.")", R"("look")", R"("{\"a\":1}")", R"("42")",
                     R"("It is 42.")", R"("look")", R"("looks")", R"("look")",
                     R"("reasoning.encrypted_content")", R"("v")", R"("u1")", R"("secret")"}));
}

TEST(ResponsesScan, leaves_bytes_ids_and_seals_out) {
  EXPECT_EQ(
      texts_of_items(
          R"({"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,AA=="}]},)"
          R"({"type":"function_call_output","call_id":"call_1","output":""})"),
      Strings{});
  EXPECT_EQ(
      texts_of_items(fmt::format(
          R"({{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAAA_-{}"}})",
          std::string(200, 'A'))),
      Strings{});
}

TEST(ResponsesScan, lets_no_text_hide_as_a_seal_or_an_address) {
  EXPECT_EQ(
      texts_of_items(
          R"({"type":"reasoning","summary":[],"encrypted_content":"900101-1234567"},)"
          R"({"role":"user","content":[{"type":"input_image","image_url":"my name is Kim"}]})"),
      (Strings{R"("900101-1234567")", R"("my name is Kim")"}));
}

}  // namespace
}  // namespace naru::dialect
