#include <gtest/gtest.h>

#include "dialect/testing.h"

namespace naru::dialect {
namespace {

using testing::Parsed;
using testing::Strings;

Result<RequestScan> scan(const std::string& body, Operation operation = Operation::Chat) {
  const Parsed parsed(body);
  return openai_chat().scan_request(operation, parsed.tree());
}

/// `members` beside a model and one message.
Result<RequestScan> scan_with(std::string_view members) {
  return scan(
      fmt::format(R"({{"model":"m","messages":[{{"role":"user","content":"hi"}}],{}}})", members));
}

/// The texts a scan of `body` finds, as they stand in the body.
Strings texts_of(const std::string& body, Operation operation = Operation::Chat) {
  const Result<RequestScan> found = scan(body, operation);
  if (!found) return {found.error().detail};
  Strings texts;
  for (const json::Span span : found->texts)
    texts.push_back(body.substr(span.begin, span.end - span.begin));
  return texts;
}

Strings texts_with(std::string_view members) {
  return texts_of(fmt::format(R"({{"model":"m","messages":[{{"role":"user"}}],{}}})", members));
}

TEST(OpenAiScan, finds_the_model_however_its_key_is_spelled) {
  const std::string body = R"({"mod\u0065l":"gpt\u002d4","messages":[{"role":"user"}]})";
  const Result<RequestScan> found = scan(body);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->model, "gpt-4");
  EXPECT_EQ(body.substr(found->model_span.begin, 12), R"("gpt\u002d4")");
}

TEST(OpenAiScan, reads_stream_and_its_usage_wish) {
  const auto found = scan_with(R"("stream":true,"stream_options":{"include_usage":true})");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->stream);
  EXPECT_TRUE(found->stream_usage);
}

TEST(OpenAiScan, takes_nulls_for_missing) {
  const auto found = scan_with(
      R"("stream":null,"stream_options":null,"max_tokens":null,"stop":null,"tools":null,"n":null)");
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_FALSE(found->stream);
  EXPECT_FALSE(found->max_tokens);
}

TEST(OpenAiScan, prefers_the_newer_name_of_the_token_limit) {
  EXPECT_EQ(scan_with(R"("max_tokens":5)")->max_tokens, 5);
  EXPECT_EQ(scan_with(R"("max_tokens":5,"max_completion_tokens":7)")->max_tokens, 7);
}

TEST(OpenAiScan, sees_tools_under_either_name) {
  EXPECT_TRUE(scan_with(R"("tools":[{"type":"function"}])")->uses_tools);
  EXPECT_TRUE(scan_with(R"("functions":[{"name":"f"}])")->uses_tools);
  EXPECT_FALSE(scan_with(R"("tools":[])")->uses_tools);
}

struct Wrong {
  std::string_view members;
  std::string_view param;
};
class OpenAiScanRefuses : public ::testing::TestWithParam<Wrong> {};
TEST_P(OpenAiScanRefuses, a_wrong_field_with_its_path) {
  const auto found = scan_with(GetParam().members);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, FaultKind::InvalidRequest);
  EXPECT_EQ(found.error().param, GetParam().param);
}
INSTANTIATE_TEST_SUITE_P(
    Fields, OpenAiScanRefuses,
    ::testing::Values(
        Wrong{R"("stream":"yes")", "stream"}, Wrong{R"("stream_options":true)", "stream_options"},
        Wrong{R"("stream_options":{"include_usage":1})", "stream_options.include_usage"},
        Wrong{R"("max_tokens":0)", "max_tokens"}, Wrong{R"("max_tokens":1.5)", "max_tokens"},
        Wrong{R"("max_tokens":99999999999)", "max_tokens"},
        Wrong{R"("max_completion_tokens":"9")", "max_completion_tokens"}, Wrong{R"("n":0)", "n"},
        Wrong{R"("n":129)", "n"}, Wrong{R"("stop":5)", "stop"}, Wrong{R"("stop":["a",1])", "stop"},
        Wrong{R"("tools":{})", "tools"}));

TEST(OpenAiScan, bounds_the_list_of_stops) {
  std::string stops = R"("x")";
  for (int i = 0; i < 64; ++i) stops += R"(,"x")";
  EXPECT_EQ(scan_with(fmt::format(R"("stop":[{}])", stops)).error().param, "stop");
}

TEST(OpenAiScan, bounds_the_schema_of_the_answer) {
  const auto found =
      scan_with(fmt::format(R"("response_format":{{"type":"{}"}})", std::string(300'000, 'x')));
  EXPECT_EQ(found.error().param, "response_format");
}

TEST(OpenAiScan, says_what_is_wrong_where_and_with_what_value) {
  EXPECT_EQ(scan_with(R"("n":0)").error().detail,
            "$.n must be a whole number from 1 to 128, not 0");
}

TEST(OpenAiScan, wants_a_model_and_messages) {
  EXPECT_EQ(scan("{}").error().detail, "$.model must be a string; $.messages must be an array");
  EXPECT_EQ(scan(R"({"model":"","messages":[{"role":"user"}]})").error().param, "model");
  EXPECT_EQ(scan(R"({"model":"m","messages":[]})").error().param, "messages");
  EXPECT_EQ(scan("[]").error().detail, "$ must be an object");
}

TEST(OpenAiScan, names_the_message_that_is_wrong) {
  const auto param = [](std::string_view second) {
    return scan(fmt::format(R"({{"model":"m","messages":[{{"role":"user"}},{}]}})", second))
        .error()
        .param;
  };
  EXPECT_EQ(param("7"), "messages[1]");
  EXPECT_EQ(param("{}"), "messages[1].role");
  EXPECT_EQ(param(R"({"role":"user","content":7})"), "messages[1].content");
  EXPECT_EQ(param(R"({"role":"user","content":[{}]})"), "messages[1].content[0].type");
  EXPECT_EQ(param(R"({"role":"user","content":[{"type":"text"}]})"), "messages[1].content[0].text");
}

TEST(OpenAiScan, gives_every_text_of_a_conversation) {
  EXPECT_EQ(texts_of(testing::file("src/dialect/openai_chat/corpus/openai_chat_request/all.json")),
            (Strings{R"("be brief")",   R"("kim")",       R"("what is this")",
                     R"("AAAA")",       R"("hm")",        R"("look")",
                     R"("{\"a\":1}")",  R"("42")",        R"("old")",
                     R"("43")",         R"("It is 42.")", R"("look")",
                     R"("looks")",      R"("look")",      R"("a")",
                     R"("b")",          R"("u1")",        R"("50256")",
                     R"("root ::= x")", R"("text")"}));
}

TEST(OpenAiScan, gives_texts_of_fields_it_does_not_know) {
  EXPECT_EQ(texts_with(R"("x":{"y":["secret"]})"), Strings{R"("secret")"});
  EXPECT_EQ(texts_with(R"("metadata":{"k":"v"},"user":"a@b.c")"),
            (Strings{R"("v")", R"("a@b.c")"}));
}

TEST(OpenAiScan, lets_no_text_hide_under_a_protocol_word) {
  EXPECT_EQ(texts_with(R"("role":"my name is Kim","x":{"id":"900101-1234567"})"),
            (Strings{R"("my name is Kim")", R"("900101-1234567")"}));
  EXPECT_EQ(texts_with(R"("url":"data:text/plain,my name","data":"my name")"),
            (Strings{R"("data:text/plain,my name")", R"("my name")"}));
}

TEST(OpenAiScan, gives_names_of_fields_that_are_no_words) {
  EXPECT_EQ(texts_with(R"("metadata":{"900101-1234567":"v"})"),
            (Strings{R"("900101-1234567")", R"("v")"}));
}

TEST(OpenAiScan, leaves_bytes_of_pictures_out) {
  EXPECT_EQ(texts_with(R"("url":"data:image/png;base64,iVBORw0KGgo=")"), Strings{});
  EXPECT_EQ(texts_with(fmt::format(R"("data":"{}")", std::string(600, 'A'))), Strings{});
}

TEST(OpenAiScan, takes_prompts_and_inputs_in_every_shape) {
  const auto kinds = {R"("a")", R"(["a","b"])", "[1,2]", "[[1,2],[3]]"};
  for (const std::string_view value : kinds) {
    EXPECT_TRUE(scan(fmt::format(R"({{"model":"m","prompt":{}}})", value), Operation::Complete));
    EXPECT_TRUE(scan(fmt::format(R"({{"model":"m","input":{}}})", value), Operation::Embed));
  }
  for (const std::string_view value : {"7", "[]", "null", R"([1,"a"])", "[[]]", R"([["a"]])"})
    EXPECT_EQ(
        scan(fmt::format(R"({{"model":"m","input":{}}})", value), Operation::Embed).error().param,
        "input");
}

TEST(OpenAiScan, names_the_number_that_is_no_token) {
  const auto refused = [](std::string_view prompt) {
    const auto found = scan(fmt::format(R"({{"model":"m","input":{}}})", prompt), Operation::Embed);
    EXPECT_FALSE(found) << prompt;
    return found ? Fault{} : found.error();
  };
  EXPECT_EQ(refused("[1.5]").detail,
            "$.input[0] is 1.5; a token is a whole number from 0 to 2147483647");
  EXPECT_EQ(refused("[1.5]").param, "input[0]");
  EXPECT_EQ(refused("[1,99999999999999999999]").param, "input[1]");
  EXPECT_EQ(refused("[[1],[2,2147483648]]").param, "input[1][1]");
  for (const std::string_view odd : {"[-1]", "[1e2]", "[1.0]", "[-0]"})
    EXPECT_EQ(refused(odd).param, "input[0]") << odd;
  const std::string long_one = refused(fmt::format("[{}]", std::string(300, '9'))).detail;
  EXPECT_LT(long_one.size(), 200U) << long_one;
  EXPECT_EQ(refused(fmt::format("[1.5{}]", std::string(6000, ' ').replace(0, 4, ",2.5"))).param,
            "input[0]");
  EXPECT_TRUE(scan(R"({"model":"m","prompt":[[0],[2147483647]]})", Operation::Complete));
}

TEST(OpenAiScan, gives_the_texts_of_prompts_and_inputs) {
  EXPECT_EQ(texts_of(R"({"model":"m","prompt":["a","b"]})", Operation::Complete),
            (Strings{R"("a")", R"("b")"}));
  EXPECT_EQ(texts_of(R"({"model":"m","input":[1,2]})", Operation::Embed), Strings{});
}

TEST(OpenAiScan, allows_scoring_runs_that_ask_for_no_token) {
  EXPECT_EQ(scan(R"({"model":"m","prompt":"a","max_tokens":0})", Operation::Complete)->max_tokens,
            0);
}

TEST(OpenAiScan, has_no_call_to_count_tokens) {
  EXPECT_EQ(scan("{}", Operation::CountTokens).error().kind, FaultKind::UnsupportedEndpoint);
}

}  // namespace
}  // namespace naru::dialect
