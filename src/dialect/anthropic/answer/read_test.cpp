#include <gtest/gtest.h>

#include "dialect/anthropic/answer/stream_checker.h"

namespace naru::dialect {
namespace {

using anthropic_wire::ClientMessage;
using anthropic_wire::read_plain;
using Parts = std::vector<chat::Part>;
using Strings = std::vector<std::string>;
using chat::Seal;

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

const WriterOptions kOptions{.public_model = "public", .answer_id = "msg_9"};

struct Scanned {
  std::vector<Patch> patches;
  AnswerFacts facts;
  std::optional<Fault> fault;
};

Scanned scan(std::string_view body, Operation operation = Operation::Chat) {
  const auto tree = json::Tree::parse(body);
  EXPECT_TRUE(tree) << body;
  Scanned scanned;
  auto patches = anthropic().scan_answer(operation, *tree, kOptions, scanned.facts);
  if (patches)
    scanned.patches = *patches;
  else
    scanned.fault = patches.error();
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

struct Written {
  std::string body;
  Strings lost;  // fields
};

Written write(const chat::Response& response, const WriterOptions& options = kOptions) {
  std::vector<chat::Loss> losses;
  Written written{anthropic().write_answer(response, options, losses), {}};
  for (const chat::Loss& loss : losses) written.lost.push_back(loss.field);
  return written;
}

chat::Response saying(Parts parts) {
  chat::Response response{.id = "i", .model = "m", .choices = {}, .usage = chat::Usage{}};
  response.choices.push_back({.parts = std::move(parts)});
  return response;
}

std::string written_stop(Parts parts, chat::StopReason stop, std::string sequence = {}) {
  chat::Response response = saying(std::move(parts));
  response.choices.front().stop = stop;
  response.choices.front().stop_sequence = std::move(sequence);
  return read_plain(write(response).body).stop_reason;
}

/// The blocks a client is shown, as `ClientMessage` names them.
Strings shown(Parts parts, const WriterOptions& options = kOptions) {
  return read_plain(write(saying(std::move(parts)), options).body).blocks;
}

TEST(AnthropicAnswer, tells_model_usage_and_stop_on_the_byte_path) {
  const Scanned scanned = scan(kAnswer);
  ASSERT_EQ(scanned.patches.size(), 1U);
  const Patch& patch = scanned.patches.front();
  EXPECT_EQ(kAnswer.substr(patch.begin, patch.end - patch.begin), R"("claude-x")");
  EXPECT_EQ(patch.with, R"("public")");
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

TEST(AnthropicAnswer, refuses_a_call_that_nobody_can_answer) {
  for (const std::string_view names :
       {R"("name":"f")", R"("id":5,"name":"f")", R"("id":"","name":"f")", R"("id":"t")"}) {
    const auto fault =
        scan(fmt::format(R"({{"content":[{{"type":"tool_use",{},"input":{{}}}}]}})", names)).fault;
    ASSERT_TRUE(fault) << names;
    EXPECT_EQ(fault->kind, FaultKind::UpstreamInvalid) << names;
  }
}

TEST(AnthropicAnswer, carries_any_input_of_a_call_that_says_something) {
  const auto arguments = [](std::string_view input) {
    const auto response = read(fmt::format(
        R"({{"content":[{{"type":"tool_use","id":"t","name":"f","input":{}}}]}})", input));
    return std::get<chat::ToolCall>(response->choices[0].parts.at(0)).arguments;
  };
  EXPECT_EQ(arguments("[1,2]"), "[1,2]");
  EXPECT_EQ(arguments(R"("a")"), R"("a")");
  EXPECT_EQ(arguments("null"), "{}");
}

TEST(AnthropicAnswer, reads_what_other_dialects_can_show) {
  const auto response = read(kAnswer);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->id, "msg_1");
  EXPECT_EQ(response->usage, kUsage);
  ASSERT_EQ(response->choices.size(), 1U);
  EXPECT_EQ(response->choices[0].parts,
            (Parts{chat::Thinking{"hm", "c2ln", Seal::Signature}, chat::Text{"안녕"},
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

TEST(AnthropicAnswer, names_each_block_that_has_no_place_elsewhere) {
  const auto response = read(
      R"({"content":[{"type":"server_tool_use","id":"s","name":"w","input":{}},{"type":"text",)"
      R"("text":"a"},{"type":"web_search_tool_result","tool_use_id":"s","content":[]}],)"
      R"("container":{"id":"c"},"stop_details":null,"stop_reason":"end_turn"})");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->choices[0].parts, Parts{chat::Text{"a"}});
  Strings fields;
  for (const chat::Loss& loss : response->losses) fields.push_back(loss.field);
  EXPECT_EQ(fields, (Strings{"answer.content[0]", "answer.content[2]", "answer.container"}));
  EXPECT_EQ(response->losses[0].reason,
            "a block of type 'server_tool_use' has no place in an answer of another dialect");
}

TEST(AnthropicAnswer, reads_reasoning_by_its_seal) {
  const auto only = [](std::string_view block) {
    return read(fmt::format(R"({{"content":[{}]}})", block))->choices[0].parts.at(0);
  };
  EXPECT_EQ(only(R"({"type":"thinking","thinking":"","signature":"s"})"),
            (chat::Part{chat::Thinking{"", "s", Seal::Signature}}));
  EXPECT_EQ(only(R"({"type":"thinking","thinking":"hm","signature":""})"),
            (chat::Part{chat::Thinking{"hm"}}));
  EXPECT_EQ(only(R"({"type":"redacted_thinking","data":"d"})"),
            (chat::Part{chat::Thinking{"", "d", Seal::Redacted}}));
}

constexpr std::string_view kWebCitation =
    R"({"type":"web_search_result_location","url":"https://a","title":"A","cited_text":"q",)"
    R"("encrypted_index":"e"})";
constexpr std::string_view kPageCitation =
    R"({"type":"page_location","cited_text":"q","document_index":0,"start_page_number":1})";

TEST(AnthropicAnswer, reads_sources_of_the_web_by_address_and_others_as_they_came) {
  const auto response =
      read(fmt::format(R"({{"content":[{{"type":"text","text":"a","citations":[{},{}]}}]}})",
                       kWebCitation, kPageCitation));
  ASSERT_TRUE(response);
  const auto& text = std::get<chat::Text>(response->choices[0].parts.at(0));
  EXPECT_EQ(text.citations,
            (std::vector<chat::Citation>{{"https://a", "A", "q", std::string(kWebCitation)},
                                         {"", "", "", std::string(kPageCitation)}}));
}

TEST(AnthropicAnswer, tells_the_service_tier_in_the_words_of_each_side) {
  const auto tier = [](std::string_view word) {
    return read(fmt::format(R"({{"content":[],"usage":{{"output_tokens":1,"service_tier":{}}}}})",
                            word))
        ->service_tier;
  };
  EXPECT_EQ(tier(R"("standard")"), "default");
  EXPECT_EQ(tier(R"("priority")"), "priority");
  EXPECT_EQ(tier(R"("batch")"), "default");
  EXPECT_EQ(tier("null"), "");
  chat::Response response = saying({});
  response.service_tier = "default";
  EXPECT_NE(write(response).body.find(R"("service_tier":"standard")"), std::string::npos);
  response.service_tier = "flex";
  EXPECT_EQ(write(response).body.find("service_tier"), std::string::npos);
  EXPECT_EQ(write(response).lost, Strings{"answer.service_tier"});
}

TEST(AnthropicAnswer, writes_every_field_clients_demand) {
  chat::Response response =
      saying({chat::Text{""}, chat::Text{"hi"}, chat::ToolCall{"t", "f", ""}});
  response.usage = kUsage;
  EXPECT_EQ(
      write(response).body,
      R"({"id":"msg_9","type":"message","role":"assistant","model":"public","content":[{"type":"text","text":"hi"},{"type":"tool_use","id":"t","name":"f","input":{}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":7,"cache_read_input_tokens":4,"cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":5},"output_tokens":9,"output_tokens_details":{"thinking_tokens":3}}})");
}

TEST(AnthropicAnswer, shows_reasoning_of_its_own_as_it_came) {
  EXPECT_EQ(shown({chat::Thinking{"hm", "s", Seal::Signature}}), Strings{"thinking:hm:s"});
  EXPECT_EQ(shown({chat::Thinking{"", "s", Seal::Signature}}), Strings{"thinking::s"});
  EXPECT_EQ(shown({chat::Thinking{"", "d", Seal::Redacted}}), Strings{"redacted_thinking:d"});
  EXPECT_EQ(shown({chat::Thinking{"hm"}}), Strings{"thinking:hm:"});
  EXPECT_EQ(shown({chat::Thinking{}}), Strings{});
}

TEST(AnthropicAnswer, wraps_the_seal_of_reasoning_that_crosses) {
  WriterOptions crossing = kOptions;
  crossing.upstream = "up";
  EXPECT_EQ(shown({chat::Thinking{"hm", "e", Seal::Encrypted, "rs_1"}}, crossing),
            Strings{"thinking:hm:naru1:encrypted:up:rs_1:e"});
  EXPECT_EQ(shown({chat::Thinking{"", "e", Seal::Encrypted, "rs_1"}}, crossing),
            Strings{"redacted_thinking:naru1:encrypted:up:rs_1:e"});
  EXPECT_EQ(shown({chat::Thinking{"", "s", Seal::Signature}}, crossing),
            Strings{"redacted_thinking:naru1:signature:up::s"});
  EXPECT_EQ(shown({chat::Thinking{"hm"}}, crossing), Strings{"thinking:hm:"});
}

TEST(AnthropicAnswer, shows_sources_with_an_address_or_of_its_own) {
  const Written written =
      write(saying({chat::Text{.text = "a",
                               .citations = {{"https://b", "B"},
                                             {"", "", "", R"({"type":"file_citation"})"},
                                             {"", "", "", std::string(kPageCitation)}}}}));
  EXPECT_EQ(written.lost, Strings{"answer.content[0].citations[1]"});
  EXPECT_EQ(
      read_plain(written.body).blocks,
      (Strings{fmt::format(
          R"(text:a:{{"type":"web_search_result_location","url":"https://b","title":"B","cited_text":"","encrypted_index":""}}:{})",
          kPageCitation)}));
}

TEST(AnthropicAnswer, names_what_it_has_no_place_for) {
  chat::Response response = saying({chat::Text{.text = "a", .logprobs = "[{}]"},
                                    chat::Opaque{"audio", "{}"}, chat::Image{"u", "", "", ""}});
  response.choices.push_back({.parts = {chat::Text{"b"}}});
  const Written written = write(response);
  EXPECT_EQ(written.lost, (Strings{"answer.content[0].logprobs", "answer.content[1]",
                                   "answer.content[2]", "answer.choices[1]"}));
  EXPECT_EQ(read_plain(written.body).blocks, Strings{"text:a"});
}

TEST(AnthropicAnswer, names_usage_that_nobody_reports) {
  chat::Response response = saying({chat::Text{"a"}});
  response.usage.reset();
  EXPECT_EQ(write(response).lost, Strings{"answer.usage"});
}

TEST(AnthropicAnswer, counts_tokens_both_ways) {
  EXPECT_EQ(anthropic().write_count(31), R"({"input_tokens":31})");
  const auto count = [](std::string_view body) {
    const auto tree = json::Tree::parse(body);
    return anthropic().read_count(*tree);
  };
  EXPECT_EQ(count(R"({"input_tokens":31})"), 31);
  EXPECT_EQ(count(R"({"input_tokens":-1})").error().kind, FaultKind::UpstreamInvalid);
  EXPECT_EQ(count(R"({"type":"error","error":{"type":"overloaded_error"}})").error().kind,
            FaultKind::Overloaded);
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
      read_plain(write(chat::Response{.id = "i", .model = "m", .choices = {}}).body);
  EXPECT_EQ(message.stop_reason, "end_turn");
  EXPECT_TRUE(message.blocks.empty());
}

}  // namespace
}  // namespace naru::dialect
