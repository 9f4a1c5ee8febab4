#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/dialect.h"

namespace naru::dialect {
namespace {

using chat::Role;

chat::Request read(std::string_view body) {
  const auto tree = json::Tree::parse(body);
  EXPECT_TRUE(tree) << tree.error().detail;
  auto request = anthropic().read_request(*tree);
  EXPECT_TRUE(request) << request.error().detail;
  return request.value_or(chat::Request{.model = {}, .messages = {}});
}

std::string wrong_path(std::string_view body) {
  const auto tree = json::Tree::parse(body);
  EXPECT_TRUE(tree) << tree.error().detail;
  const auto request = anthropic().read_request(*tree);
  return request ? "none" : request.error().param;
}

/// A request around `members`.
std::string with(std::string_view members) {
  return fmt::format(R"({{"model":"m","max_tokens":9,{}}})", members);
}
/// A request whose one message has the blocks `blocks`.
std::string saying(std::string_view role, std::string_view blocks) {
  return with(fmt::format(R"("messages":[{{"role":"{}","content":[{}]}}])", role, blocks));
}
chat::Part only_part(std::string_view role, std::string_view block) {
  const chat::Request request = read(saying(role, block));
  EXPECT_EQ(request.messages.at(0).parts.size(), 1U);
  return request.messages.at(0).parts.at(0);
}

constexpr std::string_view kHello = R"("messages":[{"role":"user","content":"hi"}])";

TEST(AnthropicRead, puts_the_system_prompt_first) {
  const chat::Request request = read(with(R"("system":"be kind",)" + std::string(kHello)));
  ASSERT_EQ(request.messages.size(), 2U);
  EXPECT_EQ(request.messages[0].role, Role::System);
  EXPECT_EQ(request.messages[0].parts, (std::vector<chat::Part>{chat::Text{"be kind"}}));
  EXPECT_EQ(request.messages[1].parts, (std::vector<chat::Part>{chat::Text{"hi"}}));
}

TEST(AnthropicRead, takes_blocks_of_a_system_prompt_apart) {
  const chat::Request request =
      read(with(R"("system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],)" +
                std::string(kHello)));
  EXPECT_EQ(request.messages[0].parts, (std::vector<chat::Part>{chat::Text{"a"}, chat::Text{"b"}}));
}

TEST(AnthropicRead, keeps_the_order_of_turns) {
  const chat::Request request = read(with(R"("messages":[{"role":"user","content":"1"},
      {"role":"assistant","content":"2"},{"role":"system","content":"3"}])"));
  ASSERT_EQ(request.messages.size(), 3U);
  EXPECT_EQ(request.messages[1].role, Role::Assistant);
  EXPECT_EQ(request.messages[2].role, Role::System);
}

TEST(AnthropicRead, reads_images_by_address_and_by_bytes) {
  EXPECT_EQ(only_part("user", R"({"type":"image","source":{"type":"url","url":"https://a/b"}})"),
            (chat::Part{chat::Image{"https://a/b", "", "", ""}}));
  EXPECT_EQ(only_part("user", R"({"type":"image","source":
      {"type":"base64","media_type":"image/png","data":"iVBO"}})"),
            (chat::Part{chat::Image{"", "iVBO", "image/png", ""}}));
}

TEST(AnthropicRead, keeps_a_calls_input_to_the_byte) {
  EXPECT_EQ(
      only_part("assistant", R"({"type":"tool_use","id":"t1","name":"f","input":{ "a":1.50 }})"),
      (chat::Part{chat::ToolCall{"t1", "f", R"({ "a":1.50 })"}}));
}

TEST(AnthropicRead, reads_results_as_string_and_as_blocks) {
  EXPECT_EQ(only_part("user", R"({"type":"tool_result","tool_use_id":"t1","content":"ok"})"),
            (chat::Part{chat::ToolResult{"t1", "ok", false}}));
  EXPECT_EQ(only_part("user", R"({"type":"tool_result","tool_use_id":"t1","is_error":true,"content":
      [{"type":"text","text":"no"},{"type":"text","text":"way"}]})"),
            (chat::Part{chat::ToolResult{"t1", "no\nway", true}}));
  EXPECT_EQ(only_part("user", R"({"type":"tool_result","tool_use_id":"t1"})"),
            (chat::Part{chat::ToolResult{"t1", "", false}}));
}

TEST(AnthropicRead, keeps_reasoning_with_its_signature) {
  EXPECT_EQ(only_part("assistant", R"({"type":"thinking","thinking":"hm","signature":"c2ln"})"),
            (chat::Part{chat::Thinking{"hm", "c2ln"}}));
}

TEST(AnthropicRead, keeps_blocks_of_its_own_as_they_came) {
  const std::string block = R"({"type":"redacted_thinking","data":"c2Vh"})";
  EXPECT_EQ(only_part("assistant", block), (chat::Part{chat::Opaque{"redacted_thinking", block}}));
}

TEST(AnthropicRead, reads_tools_and_how_they_may_be_called) {
  const chat::Request request = read(with(R"("tools":[{"name":"f","description":"d",
      "input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"f",
      "disable_parallel_tool_use":true},)" +
                                          std::string(kHello)));
  EXPECT_EQ(request.tools, (std::vector<chat::Tool>{{"f", "d", R"({"type":"object"})"}}));
  EXPECT_EQ(request.tool_choice, (chat::ToolChoice{chat::ToolChoice::Kind::Named, "f"}));
  EXPECT_EQ(request.parallel_tools, false);
}

TEST(AnthropicRead, reads_every_kind_of_tool_choice) {
  using Kind = chat::ToolChoice::Kind;
  for (const auto& [word, kind] :
       {std::pair{"auto", Kind::Auto}, {"any", Kind::Any}, {"none", Kind::None}}) {
    const chat::Request request =
        read(with(fmt::format(R"("tool_choice":{{"type":"{}"}},{})", word, kHello)));
    EXPECT_EQ(request.tool_choice->kind, kind) << word;
    EXPECT_FALSE(request.parallel_tools);
  }
}

TEST(AnthropicRead, reads_limits_and_sampling) {
  const chat::Request request =
      read(with(R"("temperature":0.5,"top_p":0.9,"top_k":40,"stop_sequences":["a","b"],
      "metadata":{"user_id":"u1"},"stream":true,)" +
                std::string(kHello)));
  EXPECT_EQ(request.max_tokens, 9);
  EXPECT_EQ(request.temperature, 0.5);
  EXPECT_EQ(request.top_p, 0.9);
  EXPECT_EQ(request.top_k, 40);
  EXPECT_EQ(request.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request.user, "u1");
  EXPECT_TRUE(request.stream);
  EXPECT_TRUE(request.stream_usage);
  EXPECT_TRUE(request.extra.empty());
}

TEST(AnthropicRead, names_what_it_does_not_model_by_its_path) {
  const chat::Request request = read(with(R"("thinking":{"type":"enabled"},
      "system":[{"type":"text","text":"a","cache_control":{}}],
      "tools":[{"type":"web_search_20250305","name":"w"},{"name":"f","input_schema":{},"strict":1}],
      "metadata":{"user_id":"u","team":"t"},
      "messages":[{"role":"user","id":1,"content":[{"type":"text","text":"x","citations":[]},
        {"type":"tool_result","tool_use_id":"t","content":[{"type":"image"}]}]}])"));
  std::vector<std::string> names;
  for (const json::RawField& field : request.extra) names.push_back(field.name);
  EXPECT_THAT(names, testing::UnorderedElementsAre(
                         "thinking", "system[0].cache_control", "tools[0]", "tools[1].strict",
                         "metadata.team", "messages[0].id", "messages[0].content[0].citations",
                         "messages[0].content[1].content[0]"));
}

TEST(AnthropicRead, refuses_a_wrong_field_by_its_path) {
  EXPECT_EQ(wrong_path(saying("robot", "")), "messages[0].role");
  EXPECT_EQ(wrong_path(saying("user", R"({"type":"image"})")), "messages[0].content[0].source");
  EXPECT_EQ(wrong_path(saying("user", R"({"type":"image","source":{"type":"url"}})")),
            "messages[0].content[0].source.url");
  EXPECT_EQ(wrong_path(saying("assistant", R"({"type":"tool_use","id":"t","name":"f","input":1})")),
            "messages[0].content[0].input");
  EXPECT_EQ(wrong_path(with(R"("tools":[{"name":"f"}],)" + std::string(kHello))),
            "tools[0].input_schema");
  EXPECT_EQ(wrong_path(with(R"("tool_choice":{"type":"maybe"},)" + std::string(kHello))),
            "tool_choice.type");
  EXPECT_EQ(wrong_path(with(R"("stop_sequences":[1],)" + std::string(kHello))), "stop_sequences");
  EXPECT_EQ(wrong_path(with(R"("temperature":"hot",)" + std::string(kHello))), "temperature");
}

}  // namespace
}  // namespace naru::dialect
