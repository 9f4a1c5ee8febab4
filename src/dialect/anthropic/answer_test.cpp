#include <gtest/gtest.h>

#include "dialect/anthropic/stream_checker.h"

namespace naru::dialect {
namespace {

using anthropic_wire::ClientMessage;
using anthropic_wire::read_plain;
using Parts = std::vector<chat::Part>;

constexpr std::string_view kAnswer =
    R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[)"
    R"({"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"text","text":"안녕"},)"
    R"({"type":"server_tool_use","id":"s","name":"web","input":{}},)"
    R"({"type":"tool_use","id":"t1","name":"f","input":{"a": 1}}],"stop_reason":"tool_use",)"
    R"("stop_sequence":null,"usage":{"input_tokens":10,"cache_read_input_tokens":4,)"
    R"("cache_creation_input_tokens":7,"cache_creation":{"ephemeral_5m_input_tokens":2,)"
    R"("ephemeral_1h_input_tokens":5},"output_tokens":9,)"
    R"("output_tokens_details":{"thinking_tokens":3}}})";
constexpr chat::Usage kUsage{.input = 10,
                             .cache_read = 4,
                             .cache_write_5m = 2,
                             .cache_write_1h = 5,
                             .output = 9,
                             .reasoning = 3};

struct Scanned {
  std::optional<json::Span> model;
  AnswerFacts facts;
  std::optional<Fault> fault;
};

Scanned scan(std::string_view body, Operation operation = Operation::Chat) {
  const auto tree = json::Tree::parse(body);
  EXPECT_TRUE(tree) << body;
  Scanned scanned;
  auto model = anthropic().scan_answer(operation, *tree, scanned.facts);
  if (model)
    scanned.model = *model;
  else
    scanned.fault = model.error();
  return scanned;
}

Result<chat::Response> read(std::string_view body) {
  const auto tree = json::Tree::parse(body);
  EXPECT_TRUE(tree) << body;
  return anthropic().read_answer(*tree);
}

chat::Usage usage_of(std::string_view usage) {
  return scan(fmt::format(R"({{"content":[],"usage":{}}})", usage)).facts.usage;
}

std::string written_stop(Parts parts, chat::StopReason stop, std::string sequence = {}) {
  chat::Response response{.id = "i", .model = "m", .choices = {}};
  response.choices.push_back({std::move(parts), stop, std::move(sequence)});
  return read_plain(anthropic().write_answer(response)).stop_reason;
}

TEST(AnthropicAnswer, tells_model_usage_and_stop_on_the_byte_path) {
  const Scanned scanned = scan(kAnswer);
  ASSERT_TRUE(scanned.model);
  EXPECT_EQ(kAnswer.substr(scanned.model->begin, scanned.model->end - scanned.model->begin),
            R"("claude-x")");
  EXPECT_EQ(scanned.facts.upstream_model, "claude-x");
  EXPECT_EQ(scanned.facts.usage, kUsage);
  EXPECT_TRUE(scanned.facts.usage_reported);
  EXPECT_EQ(scanned.facts.stop, chat::StopReason::ToolUse);
}

TEST(AnthropicAnswer, counts_what_it_delivers_by_script) {
  const chat::Tally tally = scan(kAnswer).facts.delivered;
  EXPECT_EQ(tally.hangul, 6);                                           // bytes of two characters
  EXPECT_EQ(tally.ascii, std::ssize(std::string("hm{\"a\": 1}")) + 2);  // and the empty input
}

TEST(AnthropicAnswer, takes_cache_writes_of_unknown_life_for_short_ones) {
  EXPECT_EQ(usage_of(R"({"cache_creation_input_tokens":7})").cache_write_5m, 7);
  EXPECT_EQ(usage_of(R"({"cache_creation_input_tokens":7,"cache_creation":null})").cache_write_5m,
            7);
  const chat::Usage split = usage_of(
      R"({"cache_creation_input_tokens":9,"cache_creation":{"ephemeral_1h_input_tokens":7}})");
  EXPECT_EQ(split.cache_write_1h, 7);
  EXPECT_EQ(split.cache_write_5m, 2);
}

TEST(AnthropicAnswer, believes_no_impossible_count) {
  EXPECT_EQ(usage_of(R"({"input_tokens":-5,"output_tokens":"9"})"), chat::Usage{});
  EXPECT_LE(usage_of(R"({"input_tokens":9223372036854775807,
      "cache_read_input_tokens":9223372036854775807})")
                .prompt(),
            4'000'000'000'000);
  EXPECT_EQ(
      usage_of(R"({"output_tokens":2,"output_tokens_details":{"thinking_tokens":5}})").reasoning,
      2);
}

TEST(AnthropicAnswer, counts_nothing_as_used_by_counting) {
  const Scanned scanned = scan(R"({"input_tokens":31})", Operation::CountTokens);
  EXPECT_FALSE(scanned.fault);
  EXPECT_TRUE(scanned.facts.usage_reported);
  EXPECT_EQ(scanned.facts.usage, chat::Usage{});
  EXPECT_EQ(scan(R"({"tokens":31})", Operation::CountTokens).fault->kind,
            FaultKind::UpstreamInvalid);
}

TEST(AnthropicAnswer, takes_an_error_under_status_200_for_one) {
  EXPECT_EQ(
      scan(R"({"type":"error","error":{"type":"overloaded_error","message":"busy"}})").fault->kind,
      FaultKind::Overloaded);
  EXPECT_EQ(scan(R"([1])").fault->kind, FaultKind::UpstreamInvalid);
}

TEST(AnthropicAnswer, reads_what_other_dialects_can_show) {
  const auto response = read(kAnswer);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->id, "msg_1");
  EXPECT_EQ(response->usage, kUsage);
  ASSERT_EQ(response->choices.size(), 1U);
  EXPECT_EQ(response->choices[0].parts, (Parts{chat::Thinking{"hm", "c2ln"}, chat::Text{"안녕"},
                                               chat::ToolCall{"t1", "f", R"({"a": 1})"}}));
  EXPECT_EQ(response->choices[0].stop, chat::StopReason::ToolUse);
}

TEST(AnthropicAnswer, knows_a_met_stop_sequence_whatever_it_is_called) {
  const auto response = read(R"({"content":[],"stop_reason":"end_turn","stop_sequence":"o"})");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->choices[0].stop, chat::StopReason::StopSequence);
  EXPECT_EQ(response->choices[0].stop_sequence, "o");
}

TEST(AnthropicAnswer, refuses_what_is_no_message) {
  for (const char* body :
       {"{}", R"({"stop_reason":"end_turn"})", R"({"content":"hi"})", R"({"content":null})"}) {
    const auto response = read(body);
    ASSERT_FALSE(response) << body;
    EXPECT_EQ(response.error().kind, FaultKind::UpstreamInvalid) << body;
    ASSERT_TRUE(scan(body).fault) << body;
    EXPECT_EQ(scan(body).fault->kind, FaultKind::UpstreamInvalid) << body;
    EXPECT_EQ(scan(body).fault->origin, Origin::Upstream) << body;
  }
  EXPECT_EQ(read(R"({"content":[1],"stop_reason":"end_turn"})").error().kind,
            FaultKind::UpstreamInvalid);
}

TEST(AnthropicAnswer, without_a_reason_to_stop_has_ended_its_turn) {
  for (const char* rest : {"", R"(,"stop_reason":null)"}) {
    const std::string text = fmt::format(R"({{"content":[{{"type":"text","text":"a"}}]{}}})", rest);
    EXPECT_EQ(read(text)->choices[0].stop, chat::StopReason::EndTurn) << text;
    EXPECT_EQ(scan(text).facts.stop, chat::StopReason::EndTurn) << text;
    const std::string call =
        fmt::format(R"({{"content":[{{"type":"tool_use","id":"t","name":"f"}}]{}}})", rest);
    EXPECT_EQ(read(call)->choices[0].stop, chat::StopReason::ToolUse) << call;
    EXPECT_EQ(scan(call).facts.stop, chat::StopReason::ToolUse) << call;
  }
}

TEST(AnthropicAnswer, has_reported_usage_only_where_its_output_is_counted) {
  const auto facts = [](std::string_view usage, std::string_view content = "") {
    return scan(fmt::format(R"({{"content":[{}],"usage":{}}})", content, usage)).facts;
  };
  EXPECT_FALSE(facts("{}").usage_reported);
  EXPECT_FALSE(facts(R"({"input_tokens":null,"output_tokens":null})").usage_reported);
  EXPECT_FALSE(facts(R"({"input_tokens":5})").usage_reported);
  EXPECT_EQ(facts(R"({"input_tokens":5})").usage.input, 5);
  EXPECT_TRUE(facts(R"({"output_tokens":0})").usage_reported);
  EXPECT_FALSE(read(R"({"content":[],"usage":{}})")->usage);
}

TEST(AnthropicAnswer, writes_every_field_clients_demand) {
  chat::Response response{.id = "msg_9", .model = "public", .choices = {}, .usage = kUsage};
  response.choices.push_back({{chat::Text{""}, chat::Text{"hi"}, chat::ToolCall{"t", "f", ""}}});
  EXPECT_EQ(
      anthropic().write_answer(response),
      R"({"id":"msg_9","type":"message","role":"assistant","model":"public","content":[{"type":"text","text":"hi"},{"type":"tool_use","id":"t","name":"f","input":{}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":7,"cache_read_input_tokens":4,"cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":5},"output_tokens":9,"output_tokens_details":{"thinking_tokens":3}}})");
}

TEST(AnthropicAnswer, writes_stops_that_fit_what_was_said) {
  using chat::StopReason;
  const Parts text{chat::Text{"x"}};
  const Parts call{chat::ToolCall{"t", "f", "{}"}};
  EXPECT_EQ(written_stop(text, StopReason::EndTurn), "end_turn");
  EXPECT_EQ(written_stop(text, StopReason::ToolUse), "end_turn");
  EXPECT_EQ(written_stop(call, StopReason::EndTurn), "tool_use");
  EXPECT_EQ(written_stop(call, StopReason::MaxTokens), "max_tokens");
  EXPECT_EQ(written_stop(text, StopReason::StopSequence, "o"), "stop_sequence");
  EXPECT_EQ(written_stop(text, StopReason::Refusal), "refusal");
  EXPECT_EQ(written_stop(text, StopReason::Pause), "pause_turn");
}

TEST(AnthropicAnswer, is_whole_without_any_choice) {
  const ClientMessage message =
      read_plain(anthropic().write_answer(chat::Response{.id = "i", .model = "m", .choices = {}}));
  EXPECT_EQ(message.stop_reason, "end_turn");
  EXPECT_TRUE(message.blocks.empty());
}

}  // namespace
}  // namespace naru::dialect
