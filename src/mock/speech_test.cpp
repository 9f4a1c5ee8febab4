#include "base/json.h"
#include "base/text.h"
#include "mock/answers_for_test.h"

/// What answers say beside text, and how the Responses API says all of it.
namespace naru::mock {
namespace {

using namespace testing;

/// The `data` of each event; fails where one is no JSON.
std::vector<std::string> events_of(std::string_view stream) {
  std::vector<std::string> events;
  for (const std::string_view line : split(stream, '\n')) {
    if (!line.starts_with("data: ") || line.ends_with("[DONE]")) continue;
    events.emplace_back(line.substr(6));
    EXPECT_TRUE(json::Tree::parse(events.back())) << line;
  }
  return events;
}
std::string text_at(std::string_view json, std::string_view name) {
  const auto tree = json::Tree::parse(json);
  if (!tree) return "";
  const auto value = tree->root().find(name);
  return value ? std::string(value->text()) : "";
}
/// All that stands under `name` in events of `type`, one behind the other.
std::string told(std::string_view stream, std::string_view type, std::string_view name) {
  std::string all;
  for (const std::string& event : events_of(stream))
    if (text_at(event, "type") == type) all += text_at(event, name);
  return all;
}
std::vector<std::string> types_of(std::string_view stream) {
  std::vector<std::string> types;
  for (const std::string& event : events_of(stream)) types.push_back(text_at(event, "type"));
  return types;
}

constexpr std::string_view kTool = "tool=look_up&arguments=%7B%22place%22:%22Seoul%20(나루)%22%7D";
constexpr std::string_view kArguments = "{\"place\":\"Seoul (나루)\"}";

TEST(MockResponses, streams_the_events_of_one_text_in_order) {
  const std::string stream = bytes(answer(streamed_response(), "text=a%20b"));
  EXPECT_EQ(types_of(stream),
            (std::vector<std::string>{"response.created", "response.in_progress",
                                      "response.output_item.added", "response.content_part.added",
                                      "response.output_text.delta", "response.output_text.delta",
                                      "response.output_text.done", "response.content_part.done",
                                      "response.output_item.done", "response.completed"}));
  EXPECT_EQ(told(stream, "response.output_text.delta", "delta"), "a b");
  EXPECT_EQ(told(stream, "response.output_text.done", "text"), "a b");
}

TEST(MockResponses, numbers_events_from_nought_without_a_gap) {
  const std::string stream =
      bytes(answer(streamed_response(), fmt::format("thinking=so%20so&{}", kTool)));
  std::size_t number = 0;
  for (const std::string& event : events_of(stream))
    EXPECT_EQ(count(event, fmt::format("\"sequence_number\":{},", number++)), 1U) << event;
  EXPECT_GT(number, 20U);
}

TEST(MockResponses, numbers_an_error_behind_what_came) {
  for (const std::string_view ending : {"error", "failed"}) {
    const auto events = events_of(bytes(
        answer(streamed_response(), fmt::format("text=a%20b%20c&after=2&ending={}", ending))));
    EXPECT_EQ(count(events.back(), "\"sequence_number\":6,"), 1U) << events.back();
  }
}

TEST(MockResponses, ends_badly_in_both_ways_it_knows) {
  const std::string error = bytes(answer(streamed_response(), "ending=error&after=1"));
  EXPECT_EQ(types_of(error).back(), "error");
  const std::string failed =
      bytes(answer(streamed_response(), "ending=failed&after=1&type=rate_limit_exceeded"));
  EXPECT_EQ(types_of(failed).back(), "response.failed");
  EXPECT_EQ(count(failed, R"("error":{"code":"rate_limit_exceeded","message":)"), 1U);
  EXPECT_EQ(count(failed, R"("status":"failed")"), 1U);
}

TEST(MockResponses, answers_plain_with_usage_in_detail) {
  const std::string body = bytes(answer(response(), "thinking=x%20y&text=a"));
  EXPECT_TRUE(json::Tree::parse(body)) << body;
  EXPECT_EQ(text_at(body, "status"), "completed");
  EXPECT_EQ(count(body, R"("usage":{"input_tokens":2,"input_tokens_details":{"cached_tokens":0},)"
                        R"("output_tokens":3,"output_tokens_details":{"reasoning_tokens":2},)"
                        R"("total_tokens":5})"),
            1U);
  EXPECT_EQ(count(bytes(answer(response(), "usage=false")), R"("usage":null)"), 1U);
}

TEST(MockResponses, counts_input_tokens) {
  const Ask ask = read_ask(Call::OpenAiInputTokens, "", R"({"model":"m","input":"a b c"})");
  EXPECT_EQ(bytes(answer(ask)), R"({"object":"response.input_tokens","input_tokens":3})");
  EXPECT_EQ(find_call("POST", "/v1/responses/input_tokens", false), Call::OpenAiInputTokens);
}

TEST(MockTool, is_called_in_fragments_behind_the_text) {
  const std::string chat_stream = bytes(answer(streamed_chat(), kTool));
  EXPECT_EQ(count(chat_stream, R"("function":{"name":"look_up","arguments":""})"), 1U);
  EXPECT_EQ(count(chat_stream, R"("finish_reason":"tool_calls")"), 1U);
  EXPECT_GT(count(chat_stream, R"([{"index":0,"function":{"arguments":)"), 2U);
  const std::string messages_stream = bytes(answer(streamed_messages(), kTool));
  EXPECT_EQ(count(messages_stream, R"("stop_reason":"tool_use")"), 1U);
  EXPECT_EQ(count(messages_stream, R"("index":1,"content_block":{"type":"tool_use")"), 1U);
  const std::string response_stream = bytes(answer(streamed_response(), kTool));
  EXPECT_EQ(told(response_stream, "response.function_call_arguments.delta", "delta"), kArguments);
  EXPECT_EQ(told(response_stream, "response.function_call_arguments.done", "arguments"),
            kArguments);
}

TEST(MockTool, is_called_without_a_text_if_there_is_none) {
  const std::string controls = fmt::format("text=&{}", kTool);
  EXPECT_EQ(count(bytes(answer(chat(), controls)), R"("content":null,"tool_calls":[)"), 1U);
  EXPECT_EQ(count(bytes(answer(messages(), controls)), R"("content":[{"type":"tool_use")"), 1U);
  EXPECT_EQ(count(bytes(answer(response(), controls)), R"("type":"message")"), 0U);
  EXPECT_EQ(count(bytes(answer(streamed_messages(), controls)), R"("type":"text")"), 0U);
}

TEST(MockThinking, comes_before_the_text_with_its_seal) {
  const std::string stream = bytes(answer(streamed_messages(), "thinking=hm%20hm"));
  EXPECT_EQ(count(stream, "thinking_delta"), 2U);
  EXPECT_EQ(count(stream, "signature_delta"), 1U);
  EXPECT_LT(stream.find("signature_delta"), stream.find("text_delta"));
  events_of(stream);
  EXPECT_EQ(count(bytes(answer(chat(), "thinking=hm%20hm")), R"("reasoning_tokens":2)"), 1U);
}

}  // namespace
}  // namespace naru::mock
