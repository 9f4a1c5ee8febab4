#include <gtest/gtest.h>

#include "dialect/testing_events.h"

namespace naru::dialect {
namespace {

using chat::StopReason;
using testing::Parsed;

struct Scanned {
  std::string model;
  AnswerFacts facts;
  std::optional<Fault> fault = {};
};

Scanned scan(const std::string& body, Operation operation = Operation::Chat) {
  const Parsed parsed(body);
  Scanned scanned;
  const auto span = openai_chat().scan_answer(operation, parsed.tree(), scanned.facts);
  if (!span) scanned.fault = span.error();
  if (span && *span) scanned.model = body.substr((*span)->begin, (*span)->end - (*span)->begin);
  return scanned;
}

std::string answer(std::string_view message, std::string_view stop, std::string_view more = "") {
  return fmt::format(R"({{"id":"c","object":"chat.completion","created":5,"model":"up","choices":[)"
                     R"({{"index":0,"message":{},"finish_reason":{}}}]{}}})",
                     message, stop, more);
}

chat::Choice read_choice(std::string_view message, std::string_view stop) {
  const Parsed parsed(answer(message, stop));
  const auto response = openai_chat().read_answer(parsed.tree());
  EXPECT_TRUE(response) << response.error().detail;
  return response ? response->choices.at(0) : chat::Choice{};
}

chat::Usage usage_of(std::string_view usage) {
  return scan(answer(R"({"content":"a"})", R"("stop")", fmt::format(R"(,"usage":{})", usage)))
      .facts.usage;
}

TEST(OpenAiAnswer, tells_model_text_stop_and_usage) {
  const Scanned scanned = scan(
      answer(R"({"content":"안녕 hi","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]})",
             R"("tool_calls")",
             R"(,"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10})"));
  EXPECT_EQ(scanned.model, R"("up")");
  EXPECT_EQ(scanned.facts.upstream_model, "up");
  EXPECT_EQ(scanned.facts.stop, StopReason::ToolUse);
  EXPECT_TRUE(scanned.facts.usage_reported);
  EXPECT_EQ(scanned.facts.usage, (chat::Usage{.input = 7, .output = 3}));
  EXPECT_EQ(scanned.facts.delivered.hangul, 6);
  EXPECT_EQ(scanned.facts.delivered.ascii, 5);
}

TEST(OpenAiAnswer, counts_no_token_twice) {
  EXPECT_EQ(usage_of(R"({"prompt_tokens":19,"completion_tokens":7,"total_tokens":26,)"
                     R"("prompt_tokens_details":{"cached_tokens":12},)"
                     R"("completion_tokens_details":{"reasoning_tokens":3}})"),
            (chat::Usage{.input = 7, .cache_read = 12, .output = 7, .reasoning = 3}));
}

TEST(OpenAiAnswer, adds_reasoning_where_only_the_total_tells_of_it) {
  EXPECT_EQ(usage_of(R"({"prompt_tokens":10,"completion_tokens":2,"total_tokens":17,)"
                     R"("completion_tokens_details":{"reasoning_tokens":5}})"),
            (chat::Usage{.input = 10, .output = 7, .reasoning = 5}));
}

TEST(OpenAiAnswer, survives_senseless_counts) {
  EXPECT_EQ(
      usage_of(R"({"prompt_tokens":-5,"completion_tokens":"x","prompt_tokens_details":null})"),
      chat::Usage{});
  EXPECT_EQ(usage_of(R"({"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":9}})"),
            (chat::Usage{.cache_read = 5}));
  EXPECT_FALSE(scan(answer("{}", "null", R"(,"usage":null)")).facts.usage_reported);
}

TEST(OpenAiAnswer, has_no_usage_where_nothing_is_counted) {
  for (const std::string_view usage :
       {"{}", R"({"prompt_tokens":null,"completion_tokens":null})", R"({"total_tokens":5})"}) {
    const std::string body =
        answer(R"({"content":"a"})", R"("stop")", fmt::format(R"(,"usage":{})", usage));
    EXPECT_FALSE(scan(body).facts.usage_reported) << usage;
    EXPECT_FALSE(openai_chat().read_answer(Parsed(body).tree())->usage) << usage;
  }
  EXPECT_FALSE(scan(R"({"data":[],"usage":{"prompt_tokens":0,"total_tokens":0}})", Operation::Embed)
                   .facts.usage_reported);
}

/// As llama-server answers with several choices.
std::string several(std::string_view more) {
  return fmt::format(
      R"({{"model":"up","choices":[{{"text":"a","message":{{"content":"a"}}}},{{"text":"b",)"
      R"("message":{{"content":"b"}}}}],"usage":{{"prompt_tokens":5,"completion_tokens":3}}{}}})",
      more);
}

TEST(OpenAiAnswer, does_not_take_an_engines_count_of_one_choice_for_that_of_all) {
  const std::string engine = several(R"(,"timings":{"predicted_n":3})");
  const AnswerFacts chat = scan(engine).facts;
  EXPECT_FALSE(chat.usage_reported);
  EXPECT_EQ(chat.usage, (chat::Usage{.input = 5}));  // the choices share their prompt
  const AnswerFacts prompts = scan(engine, Operation::Complete).facts;
  EXPECT_FALSE(prompts.usage_reported);
  EXPECT_EQ(prompts.usage, chat::Usage{});  // they may have prompts of their own
  EXPECT_FALSE(openai_chat().read_answer(Parsed(engine).tree())->usage);
  EXPECT_TRUE(scan(several("")).facts.usage_reported);
  EXPECT_EQ(scan(several("")).facts.usage, (chat::Usage{.input = 5, .output = 3}));
}

TEST(OpenAiAnswer, reads_completions_and_embeddings) {
  const Scanned text = scan(R"({"model":"up","choices":[{"text":"abc","finish_reason":"length"}]})",
                            Operation::Complete);
  EXPECT_EQ(text.facts.stop, StopReason::MaxTokens);
  EXPECT_EQ(text.facts.delivered.ascii, 3);
  const Scanned vector = scan(
      R"({"model":"up","data":[{"embedding":"AAAA"}],"usage":{"prompt_tokens":4,"total_tokens":4}})",
      Operation::Embed);
  EXPECT_EQ(vector.model, R"("up")");
  EXPECT_EQ(vector.facts.usage.input, 4);
}

TEST(OpenAiAnswer, refuses_what_is_no_answer) {
  EXPECT_EQ(scan("[]").fault->kind, FaultKind::UpstreamInvalid);
  EXPECT_EQ(scan("{}").fault->kind, FaultKind::UpstreamInvalid);
  EXPECT_EQ(scan(R"({"choices":[]})").fault->kind, FaultKind::UpstreamInvalid);
  EXPECT_EQ(scan(R"({"choices":[]})", Operation::Embed).fault->kind, FaultKind::UpstreamInvalid);
}

TEST(OpenAiAnswer, finds_an_error_that_came_as_success) {
  EXPECT_EQ(scan(R"({"error":{"message":"x","type":"server_error"}})").fault->kind,
            FaultKind::UpstreamFailed);
  EXPECT_EQ(scan(answer(R"({"content":"a"})", R"("error")")).fault->kind,
            FaultKind::UpstreamFailed);
}

struct Stop {
  std::string_view message;
  std::string_view word;
  StopReason stop;
};
class OpenAiStop : public ::testing::TestWithParam<Stop> {};
TEST_P(OpenAiStop, is_one_of_the_closed_set) {
  EXPECT_EQ(read_choice(GetParam().message, GetParam().word).stop, GetParam().stop);
}
constexpr std::string_view kSays = R"({"content":"a"})";
constexpr std::string_view kCalls =
    R"({"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]})";
INSTANTIATE_TEST_SUITE_P(Words, OpenAiStop,
                         ::testing::Values(Stop{kSays, R"("stop")", StopReason::EndTurn},
                                           Stop{kSays, R"("length")", StopReason::MaxTokens},
                                           Stop{kSays, R"("content_filter")", StopReason::Refusal},
                                           Stop{kSays, R"("a_new_word")", StopReason::EndTurn},
                                           Stop{kSays, "null", StopReason::EndTurn},
                                           Stop{kCalls, R"("tool_calls")", StopReason::ToolUse},
                                           Stop{kCalls, R"("function_call")", StopReason::ToolUse},
                                           Stop{kCalls, R"("stop")", StopReason::ToolUse},
                                           Stop{kCalls, R"("length")", StopReason::MaxTokens},
                                           Stop{R"({"refusal":"no"})", R"("stop")",
                                                StopReason::Refusal}));

TEST(OpenAiAnswer, reads_parts_in_the_order_a_stream_gives_them) {
  const chat::Choice choice = read_choice(
      R"({"content":"b","reasoning":"a","tool_calls":[{"function":{"name":"f","arguments":""}}]})",
      R"("tool_calls")");
  EXPECT_EQ(choice.parts, (std::vector<chat::Part>{chat::Thinking{"a", ""}, chat::Text{"b"},
                                                   chat::ToolCall{"call_0_0", "f", ""}}));
}

TEST(OpenAiAnswer, refuses_content_it_cannot_carry) {
  const Parsed parsed(answer(R"({"content":[{"type":"hologram"}]})", R"("stop")"));
  EXPECT_EQ(openai_chat().read_answer(parsed.tree()).error().kind, FaultKind::UpstreamInvalid);
}

TEST(OpenAiAnswer, is_written_as_the_sdks_type_it) {
  const chat::Response response{
      .id = "chatcmpl-1",
      .model = "m",
      .created_s = 5,
      .choices = {{.parts = {chat::Thinking{"hm", "s"}, chat::Text{"a"}, chat::Text{"b"}},
                   .stop = StopReason::StopSequence}},
      .usage = chat::Usage{.input = 1, .cache_read = 2, .cache_write_5m = 3, .output = 4}};
  EXPECT_EQ(openai_chat().write_answer(response),
            R"({"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"m","choices":[)"
            R"({"index":0,"message":{"role":"assistant","content":"ab","refusal":null,)"
            R"("reasoning_content":"hm"},"logprobs":null,"finish_reason":"stop"}],)"
            R"("usage":{"prompt_tokens":6,"completion_tokens":4,"total_tokens":10,)"
            R"("prompt_tokens_details":{"cached_tokens":2},)"
            R"("completion_tokens_details":{"reasoning_tokens":0}}})");
}

TEST(OpenAiAnswer, writes_a_call_without_content_as_null) {
  const chat::Response response{
      .id = "i", .model = "m", .choices = {{.parts = {chat::ToolCall{"c", "f", ""}}}}};
  const std::string body = openai_chat().write_answer(response);
  EXPECT_NE(body.find(R"("content":null)"), std::string::npos);
  EXPECT_NE(body.find(R"("function":{"name":"f","arguments":"{}"})"), std::string::npos);
}

}  // namespace
}  // namespace naru::dialect
