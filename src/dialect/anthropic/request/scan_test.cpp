#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/anthropic/anthropic.h"

namespace naru::dialect {
namespace {

using Strings = std::vector<std::string>;

Result<RequestScan> scan(std::string_view body, Operation operation = Operation::Chat) {
  const auto tree = json::Tree::parse(body);
  EXPECT_TRUE(tree) << tree.error().detail;
  return anthropic().scan_request(operation, *tree);
}

/// A request with `more` in place of its messages' content.
std::string with(std::string_view more) {
  return fmt::format(R"({{"model":"m","max_tokens":9,{}}})", more);
}

std::string fault_of(std::string_view body, Operation operation = Operation::Chat) {
  const auto scanned = scan(body, operation);
  return scanned ? "none" : scanned.error().detail;
}

Strings texts_of(std::string_view body) {
  const auto scanned = scan(body, Operation::CountTokens);
  EXPECT_TRUE(scanned) << scanned.error().detail;
  Strings texts;
  for (const json::Span span : scanned->texts)
    texts.emplace_back(body.substr(span.begin, span.end - span.begin));
  return texts;
}

std::string forwarded(std::string_view body, const Forward& forward,
                      std::vector<chat::Loss>& losses) {
  const auto tree = json::Tree::parse(body);
  const auto scanned = anthropic().scan_request(Operation::Chat, *tree);
  EXPECT_TRUE(scanned) << scanned.error().detail;
  return anthropic().forward_request(Operation::Chat, *tree, *scanned, forward, losses);
}

constexpr std::string_view kHello = R"("messages":[{"role":"user","content":"hi"}])";

TEST(AnthropicScan, tells_what_the_stages_need) {
  const std::string body =
      R"({"max_tokens":64,"stream":true,"model":"claude","tools":[{"name":"t"}],)" +
      std::string(kHello) + "}";
  const auto scanned = scan(body);
  ASSERT_TRUE(scanned);
  EXPECT_EQ(scanned->model, "claude");
  EXPECT_EQ(body.substr(scanned->model_span.begin, 8), R"("claude")");
  EXPECT_TRUE(scanned->stream);
  EXPECT_TRUE(scanned->stream_usage);
  EXPECT_EQ(scanned->max_tokens, 64);
  EXPECT_TRUE(scanned->uses_tools);
}

TEST(AnthropicScan, understands_an_escaped_key_as_what_it_spells) {
  const auto scanned =
      scan(R"({"\u006dodel":"m\u006f","max_tokens":1,)" + std::string(kHello) + "}");
  ASSERT_TRUE(scanned);
  EXPECT_EQ(scanned->model, "mo");
}

TEST(AnthropicScan, needs_no_max_tokens_to_count_tokens) {
  const std::string body = R"({"model":"m",)" + std::string(kHello) + "}";
  EXPECT_TRUE(scan(body, Operation::CountTokens));
  EXPECT_THAT(fault_of(body), testing::HasSubstr("$.max_tokens must be given"));
}

struct WrongBody {
  const char* body;
  const char* param;
};
class AnthropicScanRefuses : public testing::TestWithParam<WrongBody> {};

TEST_P(AnthropicScanRefuses, a_wrong_field_by_its_path) {
  const auto scanned = scan(GetParam().body);
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().kind, FaultKind::InvalidRequest);
  EXPECT_EQ(scanned.error().param, GetParam().param) << scanned.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    Fields, AnthropicScanRefuses,
    testing::Values(
        WrongBody{R"([])", ""},
        WrongBody{R"({"max_tokens":1,"messages":[{"role":"user","content":"x"}]})", "model"},
        WrongBody{R"({"model":"","max_tokens":1,"messages":[{"role":"user","content":"x"}]})",
                  "model"},
        WrongBody{R"({"model":"m","max_tokens":0,"messages":[{"role":"user","content":"x"}]})",
                  "max_tokens"},
        WrongBody{R"({"model":"m","max_tokens":"9","messages":[{"role":"user","content":"x"}]})",
                  "max_tokens"},
        WrongBody{R"({"model":"m","max_tokens":1,"messages":[]})", "messages"},
        WrongBody{R"({"model":"m","max_tokens":1,"messages":"hi"})", "messages"},
        WrongBody{R"({"model":"m","max_tokens":1,"messages":["hi"]})", "messages[0]"},
        WrongBody{R"({"model":"m","max_tokens":1,"messages":[{"content":"x"}]})",
                  "messages[0].role"},
        WrongBody{R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":7}]})",
                  "messages[0].content"},
        WrongBody{R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":["x"]}]})",
                  "messages[0].content[0]"},
        WrongBody{
            R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"text"}]}]})",
            "messages[0].content[0].text"},
        WrongBody{
            R"({"model":"m","max_tokens":1,"system":1,"messages":[{"role":"user","content":"x"}]})",
            "system"},
        WrongBody{
            R"({"model":"m","max_tokens":1,"stream":1,"messages":[{"role":"user","content":"x"}]})",
            "stream"},
        WrongBody{
            R"({"model":"m","max_tokens":1,"tools":{},"messages":[{"role":"user","content":"x"}]})",
            "tools"}));

TEST(AnthropicScan, names_every_problem_at_once) {
  EXPECT_THAT(fault_of(R"({"messages":[{"role":1,"content":2}]})"),
              testing::AllOf(testing::HasSubstr("$.model"), testing::HasSubstr("$.max_tokens"),
                             testing::HasSubstr("$.messages[0].role"),
                             testing::HasSubstr("$.messages[0].content")));
}

TEST(AnthropicTexts, hold_what_people_and_programs_wrote) {
  EXPECT_EQ(texts_of(with(R"("system":"be kind","messages":[{"role":"user","content":"hi"},
      {"role":"assistant","content":[{"type":"text","text":"yes?"},
        {"type":"tool_use","id":"t1","name":"find","input":{"name":"Kim","n":[1,"two"]}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"found"},
        {"type":"tool_result","tool_use_id":"t2","content":[{"type":"text","text":"again"}]}]}])")),
            (Strings{R"("be kind")", R"("hi")", R"("yes?")", R"("Kim")", R"("two")", R"("found")",
                     R"("again")"}));
}

TEST(AnthropicTexts, hold_what_tools_say_of_themselves) {
  EXPECT_EQ(texts_of(with(R"("tools":[{"name":"find","description":"finds",
      "input_schema":{"type":"object","properties":{"q":{"description":"what"}}}}],)" +
                          std::string(kHello))),
            (Strings{R"("finds")", R"("object")", R"("what")", R"("hi")"}));
}

TEST(AnthropicTexts, hold_strings_of_fields_we_do_not_know) {
  EXPECT_EQ(
      texts_of(with(R"("metadata":{"user_id":"a@b.c"},"later":["new"],)" + std::string(kHello))),
      (Strings{R"("a@b.c")", R"("new")", R"("hi")"}));
}

TEST(AnthropicTexts, leave_out_names_and_bytes_nobody_can_read) {
  EXPECT_EQ(texts_of(with(R"("messages":[{"role":"user","content":[
      {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}},
      {"type":"document","title":"plan","source":{"type":"text","media_type":"text/plain","data":"plain"}},
      {"type":"text","text":"see","cache_control":{"type":"ephemeral"}}]},
      {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},
      {"type":"redacted_thinking","data":"c2Vh"}]}])")),
            (Strings{R"("plan")", R"("plain")", R"("see")", R"("hm")"}));
}

TEST(AnthropicTexts, hold_schemas_and_quotes_but_no_words_of_the_protocol) {
  EXPECT_EQ(texts_of(with(R"("output_config":{"effort":"high","format":{"type":"json_schema",
      "schema":{"description":"why"}}},"messages":[{"role":"assistant","content":[{"type":"text",
      "text":"a","citations":[{"type":"char_location","cited_text":"q","encrypted_index":"e"}]}]}])")),
            (Strings{R"("why")", R"("a")", R"("q")"}));
}

TEST(AnthropicForward, changes_the_model_alone) {
  std::vector<chat::Loss> losses;
  const std::string body =
      "{ \"max_tokens\" : 1e2,\n \"x\":[1.50,\"\\u00e9\"],\"model\":\"a\", "
      "\"messages\":[{\"role\":\"user\",\"content\":\"\xEC\x95\x88\"}]}";
  std::string expected = body;
  expected.replace(expected.find("\"a\""), 3, R"("b\"c")");
  EXPECT_EQ(forwarded(body, {.upstream_model = "b\"c"}, losses), expected);
  EXPECT_TRUE(losses.empty());
}

Strings fields_of(const std::vector<chat::Loss>& losses) {
  Strings fields;
  for (const chat::Loss& loss : losses) fields.push_back(loss.field);
  return fields;
}

TEST(AnthropicForward, keeps_unlisted_fields_from_an_engine_and_says_so) {
  std::vector<chat::Loss> losses;
  const std::string body = R"({"secret":1, "model":"a","max_tokens":1 , "mcp_servers":[{}],)" +
                           std::string(kHello) + R"(,"last":null})";
  EXPECT_EQ(forwarded(body, {.upstream_model = "b", .fields = Fields::Listed}, losses),
            R"({"model":"b","max_tokens":1,)" + std::string(kHello) + "}");
  EXPECT_EQ(fields_of(losses), (Strings{"secret", "mcp_servers", "last"}));
}

TEST(AnthropicForward, gives_an_engine_no_address_and_no_hidden_member) {
  std::vector<chat::Loss> losses;
  const std::string body =
      R"({"model":"a","max_tokens":1,"messages":[{"role":"user","audio":1,"content":"hi"},)"
      R"({"role":"user","content":[{"type":"image","source":{"type":"url","url":"http://10.0.0.1"}},)"
      R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"iV"}},)"
      R"({"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"x"},)"
      R"({"type":"image","source":{"type":"url","url":"http://10.0.0.2"}}]}]}]})";
  const std::string sent =
      forwarded(body, {.upstream_model = "a", .fields = Fields::Listed}, losses);
  EXPECT_EQ(
      sent,
      R"({"model":"a","max_tokens":1,"messages":[{"role":"user","content":"hi"},)"
      R"({"role":"user","content":[)"
      R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"iV"}},)"
      R"({"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"x"}]}]}]})");
  EXPECT_EQ(fields_of(losses), (Strings{"messages[0].audio", "messages[1].content[0]",
                                        "messages[1].content[2].content[1]"}));
}

TEST(AnthropicForward, keeps_reasoning_here_that_another_dialect_has_sealed) {
  std::vector<chat::Loss> losses;
  const std::string body =
      R"({"model":"a","max_tokens":1,"x":1,"messages":[{"role":"user","content":"hi"},)"
      R"({"role":"assistant","content":[)"
      R"({"type":"thinking","thinking":"a","signature":"naru1:encrypted:up::e"},)"
      R"({"type":"thinking","thinking":"b","signature":"own"},)"
      R"({"type":"redacted_thinking","data":"naru1:encrypted:up::e"},{"type":"text","text":"c"}]},)"
      R"({"role":"assistant","content":[{"type":"redacted_thinking","data":"naru1:none:up::"}]},)"
      R"({"role":"user","content":"on"}]})";
  const std::string kept =
      R"("messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[)"
      R"({"type":"thinking","thinking":"b","signature":"own"},{"type":"text","text":"c"}]},)"
      R"({"role":"user","content":"on"}]})";
  EXPECT_EQ(forwarded(body, {.upstream_model = "b"}, losses),
            R"({"model":"b","max_tokens":1,"x":1,)" + kept);
  const Strings sealed = {"messages[1].content[0]", "messages[1].content[2]",
                          "messages[2].content[0]"};
  EXPECT_EQ(fields_of(losses), sealed);
  losses.clear();
  EXPECT_EQ(forwarded(body, {.upstream_model = "b", .fields = Fields::Listed}, losses),
            R"({"model":"b","max_tokens":1,)" + kept);
  EXPECT_EQ(fields_of(losses), (Strings{"x", sealed[0], sealed[1], sealed[2]}));
}

TEST(AnthropicForward, keeps_reasoning_here_that_nobody_has_signed) {
  const std::string body =
      R"({"model":"a","max_tokens":1,"messages":[{"role":"user","content":"hi"},)"
      R"({"role":"assistant","content":[{"type":"thinking","thinking":"a","signature":""},)"
      R"({"type":"text","text":"c"}]},)"
      R"({"role":"assistant","content":[{"type":"thinking","thinking":"b"}]},)"
      R"({"role":"user","content":"on"}]})";
  std::vector<chat::Loss> losses;
  EXPECT_EQ(forwarded(body, {.upstream_model = "a"}, losses),
            R"({"model":"a","max_tokens":1,"messages":[{"role":"user","content":"hi"},)"
            R"({"role":"assistant","content":[{"type":"text","text":"c"}]},)"
            R"({"role":"user","content":"on"}]})");
  EXPECT_EQ(fields_of(losses), (Strings{"messages[1].content[0]", "messages[2].content[0]"}));
  losses.clear();
  EXPECT_EQ(forwarded(body, {.upstream_model = "a", .fields = Fields::Listed}, losses), body)
      << "an engine of ours signs nothing";
  EXPECT_EQ(fields_of(losses), Strings{});
}

TEST(AnthropicForward, gives_strict_providers_all_that_their_api_documents) {
  const Forward strict{.upstream_model = "a", .fields = Fields::Documented};
  std::vector<chat::Loss> losses;
  const std::string body =
      R"({"model":"a","max_tokens":1,"service_tier":"auto","output_config":{"effort":"low"},)"
      R"("container":"c","messages":[{"role":"user","content":[)"
      R"({"type":"image","source":{"type":"url","url":"https://a/b.png"}},)"
      R"({"type":"document","source":{"type":"file","file_id":"f"}}]}]})";
  EXPECT_EQ(forwarded(body, strict, losses), body);
  EXPECT_EQ(fields_of(losses), Strings{});
  forwarded(
      R"({"model":"a","max_tokens":1,"future":1,"messages":[{"role":"user","odd":1,"content":)"
      R"([{"type":"thinking","thinking":"a","signature":""},{"type":"text","text":"b"}]}]})",
      strict, losses);
  EXPECT_EQ(fields_of(losses), (Strings{"future", "messages[0].odd", "messages[0].content[0]"}));
}

TEST(AnthropicForward, keeps_settings_of_the_provider_from_an_engine) {
  for (const auto& [tier, lost] :
       {std::pair{"auto", Strings{}}, {"standard_only", {"service_tier"}}}) {
    std::vector<chat::Loss> losses;
    const std::string body =
        fmt::format(R"({{"model":"a","max_tokens":1,"service_tier":"{}",{}}})", tier, kHello);
    EXPECT_EQ(forwarded(body, {.upstream_model = "a", .fields = Fields::Listed}, losses),
              fmt::format(R"({{"model":"a","max_tokens":1,{}}})", kHello));
    EXPECT_EQ(fields_of(losses), lost);
  }
  std::vector<chat::Loss> losses;
  forwarded(R"({"model":"a","max_tokens":1,"output_config":{"effort":"low"},)" +
                std::string(kHello) + "}",
            {.upstream_model = "a", .fields = Fields::Listed}, losses);
  EXPECT_EQ(fields_of(losses), Strings{"output_config"});
}

}  // namespace
}  // namespace naru::dialect
