#include "dialect/anthropic/request/reasoning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/anthropic/anthropic.h"
#include "dialect/anthropic/request/models.h"

namespace naru::dialect {
namespace {

using anthropic_wire::traits_of;
using chat::Reasoning;
using Effort = Reasoning::Effort;
using Strings = std::vector<std::string>;

constexpr const char* kOlder = "claude-sonnet-4-5-20250929";
constexpr const char* kAdaptive = "claude-opus-4-6";

TEST(AnthropicModels, think_adaptively_from_claude_4_6_on) {
  for (const char* model :
       {"claude-opus-4-6", "claude-sonnet-4-6-20260217", "claude-opus-4-7", "claude-opus-4-10",
        "claude-opus-5", "claude-fable-5-1", "us.anthropic.claude-opus-4-6-v1",
        "anthropic/claude-sonnet-4.6", "claude-sonnet-4-6@20260217", "claude-mythos-preview",
        "claude-latest", "claude", "somebody-elses-4-1", ""})
    EXPECT_TRUE(traits_of(model).adapts) << model;
  for (const char* model :
       {"claude-3-7-sonnet-20250219", "claude-3-7-sonnet-latest", "claude-3-haiku-20240307",
        "claude-2.1", "claude-opus-4-20250514", "claude-opus-4-0", "claude-opus-4-1-20250805",
        "claude-sonnet-4-5", "claude-haiku-4-5-20251001", "anthropic/claude-sonnet-4.5",
        "anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4@20250514"})
    EXPECT_FALSE(traits_of(model).adapts) << model;
}

TEST(AnthropicModels, take_system_turns_from_opus_4_8_on) {
  for (const char* model : {"claude-opus-4-8", "claude-opus-4-8-20260528", "claude-opus-5",
                            "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5",
                            "claude-fable-5-1", "claude-mythos-5", "us.anthropic.claude-opus-4-8"})
    EXPECT_TRUE(traits_of(model).system_turns) << model;
  for (const char* model :
       {"claude-opus-4-7", "claude-opus-4-20250514", "claude-sonnet-4-6", "claude-sonnet-5",
        "claude-haiku-4-5-20251001", "claude-mythos-preview", "claude-latest", "somebody-5", ""})
    EXPECT_FALSE(traits_of(model).system_turns) << model;
}

TEST(AnthropicModels, think_as_little_as_each_can) {
  for (const char* model : {"claude-opus-5-5", "claude-fable-5", "claude-fable-5-1",
                            "claude-mythos-5", "claude-mythos-preview"})
    EXPECT_EQ(traits_of(model).least_thinking, "") << model;
  EXPECT_EQ(traits_of("claude-sonnet-5-5").least_thinking, "between_tools");
  for (const char* model : {"claude-opus-5", "claude-opus-4-8", "claude-sonnet-5",
                            "claude-haiku-5-5", "claude-3-7-sonnet-latest", "another", ""})
    EXPECT_EQ(traits_of(model).least_thinking, "disabled") << model;
}

struct Written {
  std::string body;
  Strings lost = {};
  std::string member(std::string_view name) const {
    const auto tree = json::Tree::parse(body);
    const auto value = tree->root().find(name);
    return value ? std::string(value->raw()) : "none";
  }
};

chat::Request asking(const char* model, Reasoning reasoning) {
  chat::Request request{.model = model, .messages = {}};
  request.messages.push_back({.role = chat::Role::User, .parts = {chat::Text{"hi"}}});
  request.reasoning = std::move(reasoning);
  return request;
}

Written write(const chat::Request& request) {
  std::vector<chat::Loss> losses;
  Written written{anthropic().write_request(Operation::Chat, request, losses).value_or("{}")};
  for (const chat::Loss& loss : losses) written.lost.push_back(loss.field);
  return written;
}

TEST(AnthropicWrite, asks_for_as_little_thinking_as_the_model_can) {
  const Reasoning none{.effort = Effort::None};
  const Written off = write(asking("claude-opus-5", none));
  EXPECT_EQ(off.member("thinking"), R"({"type":"disabled"})");
  EXPECT_EQ(off.lost, Strings{});
  const Written always = write(asking("claude-opus-5-5", none));
  EXPECT_EQ(always.member("thinking"), R"({"type":"adaptive"})");
  EXPECT_EQ(always.member("output_config"), R"({"effort":"low"})");
  EXPECT_EQ(always.lost, Strings{"reasoning.effort"});
  const Written between = write(asking("claude-sonnet-5-5", none));
  EXPECT_EQ(between.member("thinking"), R"({"type":"between_tools"})");
  EXPECT_EQ(between.lost, Strings{"reasoning.effort"});
}

struct EffortRow {
  Effort effort;
  const char* adaptive;    // output_config
  const char* adaptively;  // what is lost
  const char* budget;      // thinking of an older model
};

TEST(AnthropicReasoning, says_each_effort_as_its_model_takes_it) {
  for (const EffortRow& row : {
           EffortRow{Effort::Minimal, R"({"effort":"low"})", "reasoning.effort", "1024"},
           EffortRow{Effort::Low, R"({"effort":"low"})", "", "2048"},
           EffortRow{Effort::Medium, R"({"effort":"medium"})", "", "8192"},
           EffortRow{Effort::High, R"({"effort":"high"})", "", "24576"},
           EffortRow{Effort::XHigh, R"({"effort":"xhigh"})", "", "32768"},
           EffortRow{Effort::Max, R"({"effort":"max"})", "", "32768"},
       }) {
    const Written newer = write(asking(kAdaptive, {.effort = row.effort}));
    EXPECT_EQ(newer.member("thinking"), R"({"type":"adaptive"})");
    EXPECT_EQ(newer.member("output_config"), row.adaptive);
    EXPECT_EQ(newer.member("max_tokens"), "4096");
    EXPECT_EQ(newer.lost, *row.adaptively != '\0' ? Strings{row.adaptively} : Strings{});
    const Written older = write(asking(kOlder, {.effort = row.effort}));
    EXPECT_EQ(older.member("thinking"),
              fmt::format(R"({{"type":"enabled","budget_tokens":{}}})", row.budget));
    EXPECT_EQ(older.member("output_config"), "none");
    EXPECT_EQ(older.member("max_tokens"), std::to_string(4096 + std::stoi(row.budget)));
    EXPECT_EQ(older.lost, Strings{});
  }
}

TEST(AnthropicReasoning, leaves_half_of_a_bounded_answer_to_its_words) {
  chat::Request request = asking(kOlder, {.effort = Effort::High});
  request.max_tokens = 5000;
  EXPECT_EQ(write(request).member("thinking"), R"({"type":"enabled","budget_tokens":2500})");
  EXPECT_EQ(write(request).member("max_tokens"), "5000");
  request.max_tokens = 2047;
  EXPECT_EQ(write(request).member("thinking"), "none");
  EXPECT_EQ(write(request).lost, Strings{"reasoning.effort"});
}

TEST(AnthropicReasoning, is_off_where_no_effort_is_wanted) {
  for (const char* model : {kOlder, kAdaptive}) {
    const Written written = write(asking(model, {.effort = Effort::None, .summary = "auto"}));
    EXPECT_EQ(written.member("thinking"), R"({"type":"disabled"})");
    EXPECT_EQ(written.lost, Strings{});
  }
  EXPECT_EQ(write(asking(kAdaptive, {})).member("thinking"), "none");
}

TEST(AnthropicReasoning, shows_itself_where_a_summary_is_wanted) {
  EXPECT_EQ(
      write(asking(kAdaptive, {.effort = Effort::Low, .summary = "detailed"})).member("thinking"),
      R"({"type":"adaptive","display":"summarized"})");
  EXPECT_EQ(write(asking(kAdaptive, {.summary = "auto"})).lost, Strings{"reasoning.summary"});
}

TEST(AnthropicReasoning, gives_way_to_a_tool_that_must_be_called) {
  chat::Request request = asking(kAdaptive, {.effort = Effort::Low});
  request.tools = {{"f", "", ""}};
  for (const auto kind : {chat::ToolChoice::Kind::Any, chat::ToolChoice::Kind::Named}) {
    request.tool_choice = chat::ToolChoice{.kind = kind, .name = "f"};
    EXPECT_EQ(write(request).member("thinking"), "none");
    EXPECT_EQ(write(request).lost, Strings{"reasoning.effort"});
  }
  request.tool_choice = chat::ToolChoice{};
  EXPECT_EQ(write(request).lost, Strings{});
}

TEST(AnthropicReasoning, does_not_begin_within_a_tool_loop_of_an_older_model) {
  for (const bool sealed : {false, true}) {
    chat::Request request = asking(kOlder, {.effort = Effort::Low});
    std::vector<chat::Part> turn{chat::ToolCall{"t", "f", "{}"}};
    if (sealed) turn.insert(turn.begin(), chat::Thinking{"hm", "s", chat::Seal::Signature});
    request.messages.push_back({.role = chat::Role::Assistant, .parts = turn});
    request.messages.push_back(
        {.role = chat::Role::User, .parts = {chat::ToolResult{"t", {chat::Text{"ok"}}}}});
    EXPECT_EQ(write(request).lost, sealed ? Strings{} : Strings{"reasoning.effort"});
    request.model = kAdaptive;
    EXPECT_EQ(write(request).lost, Strings{});
  }
}

TEST(AnthropicReasoning, takes_precedence_over_sampling_it_does_not_go_with) {
  chat::Request request = asking(kAdaptive, {.effort = Effort::Low});
  request.sampling = {.temperature = 0.5, .top_p = 0.9, .top_k = 5};
  EXPECT_EQ(write(request).lost, (Strings{"temperature", "top_p", "top_k"}));
  request.sampling = {.temperature = 1.0, .top_p = 0.99};
  const Written written = write(request);
  EXPECT_EQ(written.lost, Strings{});
  EXPECT_EQ(written.member("temperature"), "1");
  EXPECT_EQ(written.member("top_p"), "0.99");
}

TEST(AnthropicReasoning, is_written_back_as_a_client_of_this_dialect_said_it) {
  for (const char* said :
       {R"("thinking":{"type":"disabled"})", R"("thinking":{"type":"adaptive"})",
        R"("thinking":{"type":"enabled","budget_tokens":1024,"display":"omitted"})",
        R"("thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"max"})",
        R"("thinking":{"type":"between_tools"})", R"("output_config":{"effort":"high"})",
        R"("output_config":{"format":{"type":"json_schema","schema":{"a":1.0}}})"}) {
    for (const char* model : {kOlder, kAdaptive}) {
      const std::string body = fmt::format(
          R"({{"model":"{}","max_tokens":9,"messages":[{{"role":"user","content":"hi"}}],{}}})",
          model, said);
      const auto tree = json::Tree::parse(body);
      const auto request = anthropic().read_request(Operation::Chat, *tree);
      ASSERT_TRUE(request) << body;
      EXPECT_EQ(write(*request).body, body);
      EXPECT_EQ(write(*request).lost, Strings{}) << body;
    }
  }
}

TEST(AnthropicReasoning, needs_a_schema_for_a_form_of_the_answer) {
  using Kind = chat::Format::Kind;
  chat::Request request = asking(kAdaptive, {});
  request.format = {.kind = Kind::Schema, .name = "n", .schema = "{}", .strict = true};
  EXPECT_EQ(write(request).member("output_config"),
            R"({"format":{"type":"json_schema","schema":{}}})");
  EXPECT_EQ(write(request).lost, Strings{});
  request.format.description = "d";
  EXPECT_EQ(write(request).lost, Strings{"response_format"});
  request.format = {.kind = Kind::Json};
  EXPECT_EQ(write(request).lost, Strings{"response_format"});
}

}  // namespace
}  // namespace naru::dialect
