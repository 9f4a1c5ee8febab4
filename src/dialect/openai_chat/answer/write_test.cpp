#include <gtest/gtest.h>

#include "dialect/openai_chat/answer/stream_checker.h"
#include "dialect/testing_events.h"

namespace naru::dialect {
namespace {

using chat::StopReason;
using testing::Strings;

const WriterOptions kOptions{.public_model = "m", .answer_id = "chatcmpl-1", .created_s = 5};

struct Written {
  std::string body;
  Strings losses;
};

Written write(const chat::Response& response, const WriterOptions& options = kOptions) {
  std::vector<chat::Loss> losses;
  Written written{openai_chat().write_answer(response, options, losses), {}};
  for (const chat::Loss& loss : losses) written.losses.push_back(loss.field);
  return written;
}

chat::Response answer(std::vector<chat::Part> parts, StopReason stop = StopReason::EndTurn) {
  return {
      .id = "theirs", .model = "theirs", .choices = {{.parts = std::move(parts), .stop = stop}}};
}

openai_chat_client::ClientChoice shown(const chat::Response& response) {
  return openai_chat_client::read_plain(write(response).body).choices.at(0);
}

chat::Text refusal(std::string text) {
  chat::Text said;
  said.text = std::move(text);
  said.refusal = true;
  return said;
}

TEST(OpenAiWriteAnswer, is_as_the_sdks_type_it) {
  chat::Response response =
      answer({chat::Thinking{"hm"}, chat::Text{"a"}, chat::Text{"b"}}, StopReason::StopSequence);
  response.usage = chat::Usage{
      .input = 1, .cache_read = 2, .cache_write_5m = 3, .cache_write_1h = 4, .output = 4};
  response.service_tier = "flex";
  EXPECT_EQ(write(response).body,
            R"({"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"m","choices":[)"
            R"({"index":0,"message":{"role":"assistant","content":"ab","refusal":null,)"
            R"("reasoning_content":"hm"},"logprobs":null,"finish_reason":"stop"}],)"
            R"("usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,)"
            R"("prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":7},)"
            R"("completion_tokens_details":{"reasoning_tokens":0}},"service_tier":"flex"})");
}

TEST(OpenAiWriteAnswer, writes_a_call_without_content_as_null) {
  const std::string body = write(answer({chat::ToolCall{"c", "f", ""}})).body;
  EXPECT_NE(body.find(R"("content":null)"), std::string::npos);
  EXPECT_NE(body.find(R"("function":{"name":"f","arguments":"{}"})"), std::string::npos);
}

struct Stop {
  StopReason stop;
  bool refuses;
  std::string_view word;
};
class OpenAiFinish : public ::testing::TestWithParam<Stop> {};
TEST_P(OpenAiFinish, is_a_word_of_the_closed_set) {
  const chat::Text text = GetParam().refuses ? refusal("no") : chat::Text{"a"};
  const chat::Response response = answer({text}, GetParam().stop);
  EXPECT_EQ(shown(response).finish_reason, GetParam().word);
  const auto writer = openai_chat().make_writer(kOptions);
  std::string bytes;
  std::vector<chat::Loss> losses;
  for (const chat::Event& event : testing::events_of(response, 1))
    writer->write(event, bytes, losses);
  EXPECT_EQ(openai_chat_client::read_stream(bytes).choices.at(0).finish_reason, GetParam().word);
}
INSTANTIATE_TEST_SUITE_P(Words, OpenAiFinish,
                         ::testing::Values(Stop{StopReason::EndTurn, false, "stop"},
                                           Stop{StopReason::MaxTokens, false, "length"},
                                           Stop{StopReason::StopSequence, false, "stop"},
                                           Stop{StopReason::ToolUse, false, "tool_calls"},
                                           Stop{StopReason::Pause, false, "length"},
                                           Stop{StopReason::Refusal, false, "content_filter"},
                                           Stop{StopReason::Refusal, true, "stop"},
                                           Stop{StopReason::MaxTokens, true, "length"}));

TEST(OpenAiWriteAnswer, shows_a_refusal_in_its_own_place) {
  const auto choice = shown(answer({refusal("no")}, StopReason::Refusal));
  EXPECT_EQ(choice.refusal, "no");
  EXPECT_EQ(choice.content, "");
}

TEST(OpenAiWriteAnswer, shows_log_probabilities_of_text_and_refusal) {
  chat::Text text{"a"};
  text.logprobs = R"([{"token":"a"}])";
  chat::Text more{"b"};
  more.logprobs = R"([{"token":"b"}])";
  EXPECT_EQ(shown(answer({text, more})).logprobs,
            (Strings{R"({"token":"a"})", R"({"token":"b"})"}));
}

chat::Text citing(std::string words, std::vector<chat::Citation> citations) {
  chat::Text text;
  text.text = std::move(words);
  text.citations = std::move(citations);
  return text;
}

constexpr std::string_view kOwn =
    R"({"type":"url_citation","url_citation":{"start_index":0,"end_index":1,"url":"https://o","title":"o"}})";
constexpr std::string_view kOfResponses =
    R"({"type":"url_citation","start_index":1,"end_index":2,"url":"https://r","title":"r"})";

TEST(OpenAiWriteAnswer, cites_addresses_with_the_extent_of_the_text) {
  const chat::Response response = answer(
      {chat::Text{"가나"},
       citing("다😀c",
              {{.url = "https://a", .title = "t", .quote = "q"},
               {.url = "https://r", .title = "r", .quote = {}, .raw = std::string(kOfResponses)},
               {.url = "https://o", .title = "o", .quote = {}, .raw = std::string(kOwn)}})});
  EXPECT_EQ(shown(response).annotations,
            (Strings{R"({"type":"url_citation","url_citation":{"start_index":2,"end_index":5,)"
                     R"("url":"https://a","title":"t"}})",
                     R"({"type":"url_citation","url_citation":{"start_index":3,"end_index":4,)"
                     R"("url":"https://r","title":"r"}})",
                     std::string(kOwn)}));
}

TEST(OpenAiWriteAnswer, tells_what_it_cannot_show_in_both_ways) {
  const chat::Citation passage{
      .url = {}, .title = {}, .quote = {}, .raw = R"({"type":"char_location"})"};
  chat::Response response =
      answer({citing("a", {{.url = "https://a"}, passage}), chat::Opaque{"odd", "{}"}});
  response.choices.push_back(response.choices.front());
  const Strings lost = {"answer.content[0].citations[1]", "answer.content[1]",
                        "answer.choices[1].content[0].citations[1]",
                        "answer.choices[1].content[1]"};
  EXPECT_EQ(write(response).losses, lost);
  const auto writer = openai_chat().make_writer(kOptions);
  std::string bytes;
  std::vector<chat::Loss> losses;
  for (const chat::Event& event : testing::events_of(response, 1))
    writer->write(event, bytes, losses);
  Strings fields;
  for (const chat::Loss& loss : losses) fields.push_back(loss.field);
  EXPECT_EQ(fields, lost);
  EXPECT_EQ(openai_chat_client::read_stream(bytes).choices.at(0).annotations.size(), 1U);
}

}  // namespace
}  // namespace naru::dialect
