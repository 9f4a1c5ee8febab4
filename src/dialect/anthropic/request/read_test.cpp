#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/anthropic/anthropic.h"

namespace naru::dialect {
namespace {

using chat::CacheMark;
using chat::Role;

chat::Request read(std::string_view body) {
  const auto tree = json::Tree::parse(body);
  EXPECT_TRUE(tree) << tree.error().detail;
  auto request = anthropic().read_request(Operation::Chat, *tree);
  EXPECT_TRUE(request) << request.error().detail;
  return request.value_or(chat::Request{.model = {}, .messages = {}});
}

std::string wrong_path(std::string_view body) {
  const auto tree = json::Tree::parse(body);
  EXPECT_TRUE(tree) << tree.error().detail;
  const auto request = anthropic().read_request(Operation::Chat, *tree);
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

/// A document with one of its texts.
chat::Document document(std::string chat::Document::* source, std::string text) {
  chat::Document made;
  made.*source = std::move(text);
  return made;
}

constexpr std::string_view kHello = R"("messages":[{"role":"user","content":"hi"}])";

TEST(AnthropicRead, takes_a_count_for_a_question_without_bounds) {
  const auto tree =
      json::Tree::parse(R"({"model":"m","messages":[{"role":"user","content":"a"}]})");
  const auto request = anthropic().read_request(Operation::CountTokens, *tree);
  ASSERT_TRUE(request);
  EXPECT_FALSE(request->max_tokens);
}

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
            (chat::Part{chat::ToolResult{"t1", {chat::Text{"ok"}}}}));
  EXPECT_EQ(only_part("user", R"({"type":"tool_result","tool_use_id":"t1","is_error":true,"content":
      [{"type":"text","text":"no"},{"type":"text","text":"way"}]})"),
            (chat::Part{chat::ToolResult{"t1", {chat::Text{"no"}, chat::Text{"way"}}, true}}));
  EXPECT_EQ(only_part("user", R"({"type":"tool_result","tool_use_id":"t1"})"),
            (chat::Part{chat::ToolResult{"t1", {}}}));
}

TEST(AnthropicRead, reads_every_block_a_result_may_hold) {
  const chat::Part part = only_part("user", R"({"type":"tool_result","tool_use_id":"t1",
      "cache_control":{"type":"ephemeral"},"content":[
      {"type":"image","source":{"type":"url","url":"u"}},
      {"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"}},
      {"type":"search_result","source":"s","title":"t","content":[]}]})");
  const auto& result = std::get<chat::ToolResult>(part);
  EXPECT_EQ(result.cache, CacheMark::FiveMinutes);
  ASSERT_EQ(result.parts.size(), 3U);
  EXPECT_EQ(result.parts[0], chat::ResultPart(chat::Image{"u", "", "", ""}));
  EXPECT_EQ(result.parts[1], chat::ResultPart(document(&chat::Document::text, "d")));
  EXPECT_EQ(std::get<chat::Opaque>(result.parts[2]).type, "search_result");
}

TEST(AnthropicRead, reads_documents_of_every_source) {
  const auto of = [](std::string_view source) {
    return only_part("user", fmt::format(R"({{"type":"document","source":{}}})", source));
  };
  EXPECT_EQ(of(R"({"type":"base64","media_type":"application/pdf","data":"JVBE"})"),
            (chat::Part{chat::Document{"", "JVBE", "application/pdf", "", "", ""}}));
  EXPECT_EQ(of(R"({"type":"url","url":"https://a/b.pdf"})"),
            (chat::Part{document(&chat::Document::url, "https://a/b.pdf")}));
  EXPECT_EQ(of(R"({"type":"text","media_type":"text/plain","data":"plain"})"),
            (chat::Part{document(&chat::Document::text, "plain")}));
  for (const char* source :
       {R"({"type":"file","file_id":"f"})", R"({"type":"content","content":"a"})"})
    EXPECT_TRUE(std::holds_alternative<chat::Opaque>(of(source))) << source;
}

TEST(AnthropicRead, reads_what_is_said_of_a_document) {
  EXPECT_EQ(only_part("user", R"({"type":"document","source":{"type":"url","url":"u"},
      "title":"plan","context":"old","citations":{"enabled":true},
      "cache_control":{"type":"ephemeral","ttl":"1h"}})"),
            (chat::Part{chat::Document{"u", "", "", "", "plan", "old", true, CacheMark::OneHour}}));
}

TEST(AnthropicRead, reads_marks_of_the_cache_by_their_life) {
  const auto mark = [](std::string_view mark) {
    const chat::Request request = read(
        saying("user", fmt::format(R"({{"type":"text","text":"a","cache_control":{}}})", mark)));
    return std::pair(std::get<chat::Text>(request.messages[0].parts[0]).cache,
                     request.extra.size());
  };
  EXPECT_EQ(mark(R"({"type":"ephemeral"})"), std::pair(CacheMark::FiveMinutes, 0UL));
  EXPECT_EQ(mark(R"({"type":"ephemeral","ttl":"5m"})"), std::pair(CacheMark::FiveMinutes, 0UL));
  EXPECT_EQ(mark(R"({"type":"ephemeral","ttl":"1h"})"), std::pair(CacheMark::OneHour, 0UL));
  EXPECT_EQ(mark("null"), std::pair(CacheMark::None, 0UL));
  EXPECT_EQ(mark(R"({"type":"ephemeral","ttl":"1d"})"), std::pair(CacheMark::None, 1UL));
  EXPECT_EQ(mark(R"({"type":"eternal"})"), std::pair(CacheMark::None, 1UL));
}

TEST(AnthropicRead, keeps_reasoning_with_its_seal) {
  const auto thinking = [](std::string_view block) {
    return std::get<chat::Thinking>(only_part("assistant", block));
  };
  EXPECT_EQ(thinking(R"({"type":"thinking","thinking":"hm","signature":"c2ln"})"),
            (chat::Thinking{"hm", "c2ln", chat::Seal::Signature}));
  EXPECT_EQ(thinking(R"({"type":"thinking","thinking":"hm","signature":""})"),
            (chat::Thinking{"hm"}));
  EXPECT_EQ(thinking(R"({"type":"redacted_thinking","data":"c2Vh"})"),
            (chat::Thinking{"", "c2Vh", chat::Seal::Redacted}));
  EXPECT_EQ(
      thinking(R"({"type":"thinking","thinking":"hm","signature":"naru1:encrypted:up:rs_1:e"})"),
      (chat::Thinking{"hm", "e", chat::Seal::Encrypted, "rs_1", "up"}));
  EXPECT_EQ(thinking(R"({"type":"redacted_thinking","data":"naru1:signature:up::s"})"),
            (chat::Thinking{"", "s", chat::Seal::Signature, "", "up"}));
}

TEST(AnthropicRead, keeps_blocks_of_its_own_as_they_came) {
  const std::string block = R"({"type":"server_tool_use","id":"s","name":"w","input":{}})";
  EXPECT_EQ(only_part("assistant", block), (chat::Part{chat::Opaque{"server_tool_use", block}}));
  const std::string image = R"({"type":"image","source":{"type":"file","file_id":"f"}})";
  EXPECT_EQ(only_part("user", image), (chat::Part{chat::Opaque{"image", image}}));
}

chat::Reasoning reasoning_of(std::string_view members) {
  return read(with(fmt::format("{},{}", members, kHello))).reasoning;
}

TEST(AnthropicRead, keeps_apart_all_that_is_said_of_reasoning) {
  using Mode = chat::Reasoning::Mode;
  using Effort = chat::Reasoning::Effort;
  EXPECT_EQ(reasoning_of(R"("thinking":{"type":"disabled"})"),
            (chat::Reasoning{.mode = Mode::Off}));
  EXPECT_EQ(reasoning_of(R"("thinking":{"type":"enabled","budget_tokens":2048})"),
            (chat::Reasoning{.mode = Mode::Budget, .budget = 2048}));
  EXPECT_EQ(
      reasoning_of(R"("thinking":{"type":"adaptive","display":"omitted"},
                            "output_config":{"effort":"xhigh"})"),
      (chat::Reasoning{.effort = Effort::XHigh, .mode = Mode::Adaptive, .display = "omitted"}));
  EXPECT_EQ(reasoning_of(R"("output_config":{"effort":"low"})"),
            (chat::Reasoning{.effort = Effort::Low, .mode = Mode::EffortAlone}));
}

TEST(AnthropicRead, reads_the_form_the_answer_must_have) {
  const chat::Request request = read(
      with(R"("output_config":{"format":{"type":"json_schema","schema":{"type": "object"}}},)" +
           std::string(kHello)));
  EXPECT_EQ(request.format,
            (chat::Format{.kind = chat::Format::Kind::Schema, .schema = R"({"type": "object"})"}));
  EXPECT_TRUE(request.extra.empty());
}

TEST(AnthropicRead, reads_the_service_tier_in_openais_words) {
  for (const auto& [word, tier] : {std::pair{"auto", "auto"}, {"standard_only", "default"}})
    EXPECT_EQ(read(with(fmt::format(R"("service_tier":"{}",{})", word, kHello))).service_tier,
              tier);
}

TEST(AnthropicRead, reads_sources_in_what_the_model_said_before) {
  const chat::Part part = only_part("assistant", R"({"type":"text","text":"a","citations":[
      {"type":"web_search_result_location","url":"https://a","title":null,"cited_text":"q"},
      {"type":"char_location","cited_text":"c"}]})");
  const auto& text = std::get<chat::Text>(part);
  ASSERT_EQ(text.citations.size(), 2U);
  EXPECT_EQ(text.citations[0].url, "https://a");
  EXPECT_EQ(text.citations[0].quote, "q");
  EXPECT_EQ(text.citations[1],
            (chat::Citation{"", "", "", R"({"type":"char_location","cited_text":"c"})"}));
}

TEST(AnthropicRead, reads_tools_and_how_they_may_be_called) {
  const chat::Request request = read(with(R"("tools":[{"name":"f","description":"d",
      "input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"f",
      "disable_parallel_tool_use":true},)" +
                                          std::string(kHello)));
  EXPECT_EQ(request.tools, (std::vector<chat::Tool>{{"f", "d", R"({"type":"object"})", false}}));
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
  EXPECT_EQ(request.sampling.temperature, 0.5);
  EXPECT_EQ(request.sampling.top_p, 0.9);
  EXPECT_EQ(request.sampling.top_k, 40);
  EXPECT_EQ(request.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request.user, "u1");
  EXPECT_TRUE(request.stream);
  EXPECT_TRUE(request.stream_usage);
  EXPECT_TRUE(request.extra.empty());
}

TEST(AnthropicRead, reads_strict_and_cached_tools) {
  const chat::Request request = read(with(
      R"("tools":[{"type":"custom","name":"f","input_schema":{},"strict":true,
      "cache_control":{"type":"ephemeral","ttl":"1h"}}],)" +
      std::string(kHello)));
  EXPECT_EQ(request.tools, (std::vector<chat::Tool>{{"f", "", "{}", true, CacheMark::OneHour}}));
}

TEST(AnthropicRead, names_what_it_does_not_model_by_its_path) {
  const chat::Request request = read(with(R"("thinking":{"type":"enabled"},"container":null,
      "system":[{"type":"text","text":"a","cache_control":{}}],
      "output_config":{"effort":"none","format":{"type":"xml"},"x":1},
      "tools":[{"type":"web_search_20250305","name":"w"},{"name":"f","input_schema":{},"x":1}],
      "metadata":{"user_id":"u","team":"t"},"tool_choice":{"type":"auto","x":1},
      "messages":[{"role":"user","id":1,"content":[{"type":"text","text":"x","x":1},
        {"type":"tool_use","id":"t","name":"f","input":{},"caller":{"type":"direct"}},
        {"type":"document","source":{"type":"url","url":"u","x":1},"citations":{"x":1}},
        {"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"a","x":1}]}]}])"));
  std::vector<std::string> names;
  for (const json::RawField& field : request.extra) names.push_back(field.name);
  EXPECT_THAT(
      names,
      testing::UnorderedElementsAre(
          "thinking", "system[0].cache_control", "output_config.effort", "output_config.format",
          "output_config.x", "tools[0]", "tools[1].x", "metadata.team", "tool_choice.x",
          "messages[0].id", "messages[0].content[0].x", "messages[0].content[2].source.x",
          "messages[0].content[2].citations.x", "messages[0].content[3].content[0].x"));
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
  EXPECT_EQ(
      wrong_path(with(R"("thinking":{"type":"enabled","budget_tokens":0},)" + std::string(kHello))),
      "thinking.budget_tokens");
  EXPECT_EQ(wrong_path(saying("user", R"({"type":"document","source":{"type":"base64"}})")),
            "messages[0].content[0].source.data");
  EXPECT_EQ(wrong_path(saying("assistant", R"({"type":"redacted_thinking"})")),
            "messages[0].content[0].data");
  EXPECT_EQ(wrong_path(saying("assistant", R"({"type":"text","text":"a","citations":[1]})")),
            "messages[0].content[0].citations");
}

}  // namespace
}  // namespace naru::dialect
