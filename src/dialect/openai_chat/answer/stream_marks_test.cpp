#include <gtest/gtest.h>

#include "dialect/openai_chat/answer/stream_checker.h"
#include "dialect/testing_events.h"

// What stands beside the words of a stream: seals, sources, log probabilities, the unknown.
namespace naru::dialect {
namespace {

using testing::Strings;
using Parts = std::vector<chat::Part>;

/// A chunk with one choice of `delta`, and `more` members of that choice.
std::string chunk(std::string_view delta, std::string_view more = "") {
  return fmt::format(
      "data: {{\"service_tier\":\"flex\",\"choices\":[{{\"index\":0,\"delta\":{}{}}}]}}\n\n", delta,
      more);
}

const std::string& end() {
  static const std::string kEnd = chunk("{}", R"(,"finish_reason":"stop")") + "data: [DONE]\n\n";
  return kEnd;
}

chat::Response told_by(const std::string& chunks) {
  std::optional<Fault> fault;
  const auto events = testing::read_events(openai_chat(), chunks + end(), &fault);
  EXPECT_FALSE(fault) << fault->detail;
  EXPECT_EQ(testing::broken_rule(events), "");
  return testing::collect(events);
}

Parts parts_of(const std::string& chunks) { return told_by(chunks).choices.at(0).parts; }

Strings lost_in(const std::string& chunks) {
  Strings fields;
  for (const chat::Loss& loss : told_by(chunks).losses) fields.push_back(loss.field);
  return fields;
}

chat::Thinking thought(std::string text, std::string sealed, chat::Seal seal) {
  return {.text = std::move(text), .sealed = std::move(sealed), .seal = seal};
}

chat::Text text_with(std::string words, std::string logprobs) {
  chat::Text text;
  text.text = std::move(words);
  text.logprobs = std::move(logprobs);
  return text;
}

constexpr std::string_view kSigned =
    R"({{"reasoning_details":[{{"type":"reasoning.text","text":"{}","signature":"s","index":{}}}]}})";

TEST(OpenAiSeals, close_the_reasoning_that_was_told) {
  EXPECT_EQ(parts_of(chunk(R"({"reasoning_content":"h"})") + chunk(R"({"reasoning_content":"m"})") +
                     chunk(fmt::format(kSigned, "hm", 0)) + chunk(R"({"reasoning_content":"so"})") +
                     chunk(fmt::format(kSigned, "so", 1)) + chunk(R"({"content":"a"})")),
            (Parts{thought("hm", "s", chat::Seal::Signature),
                   thought("so", "s", chat::Seal::Signature), chat::Text{"a"}}));
}

TEST(OpenAiSeals, are_read_where_details_come_in_pieces_beside_the_reasoning) {
  const auto piece = [](std::string_view text) {
    return chunk(fmt::format(
        R"({{"reasoning":"{}","reasoning_details":[{{"type":"reasoning.text","text":"{}","index":0}}]}})",
        text, text));
  };
  const std::string seal =
      chunk(R"({"content":"a","reasoning_details":[{"type":"reasoning.text","signature":"s"}]})");
  EXPECT_EQ(parts_of(piece("h") + piece("m") + seal),
            (Parts{thought("hm", "s", chat::Seal::Signature), chat::Text{"a"}}));
}

TEST(OpenAiSeals, are_read_where_details_alone_tell_the_reasoning) {
  const auto piece = [](std::string_view rest) {
    return chunk(fmt::format(R"({{"reasoning_details":[{{"type":{}}}]}})", rest));
  };
  EXPECT_EQ(parts_of(piece(R"("reasoning.summary","summary":"h")") +
                     piece(R"("reasoning.summary","summary":"m")") +
                     piece(R"("reasoning.encrypted","data":"e")")),
            (Parts{chat::Thinking{"hm"}, thought("", "e", chat::Seal::Encrypted)}));
}

TEST(OpenAiSeals, close_no_other_reasoning) {
  EXPECT_EQ(lost_in(chunk(R"({"reasoning_content":"hm"})") + chunk(fmt::format(kSigned, "m", 1))),
            Strings{"answer.reasoning_details"});
  EXPECT_EQ(lost_in(chunk(R"({"reasoning_content":"hm"})") + chunk(R"({"content":"a"})") +
                    chunk(fmt::format(kSigned, "hm", 0))),
            Strings{"answer.reasoning_details"});
}

constexpr std::string_view kCited =
    R"({"type":"url_citation","url_citation":{"start_index":0,"end_index":1,"url":"https://a","title":"t"}})";

TEST(OpenAiSources, belong_to_the_open_text) {
  const std::string cites = chunk(fmt::format(R"({{"annotations":[{}]}})", kCited));
  chat::Text text{"a"};
  text.citations = {{.url = "https://a", .title = "t", .quote = {}, .raw = std::string(kCited)}};
  EXPECT_EQ(parts_of(chunk(R"({"content":"a"})") + cites), Parts{text});
  EXPECT_EQ(lost_in(cites), Strings{"answer.annotations"});
}

TEST(OpenAiLogprobs, belong_to_the_text_of_their_chunk) {
  const auto said = [](std::string_view text, std::string_view list) {
    return chunk(fmt::format(R"({{"content":"{}"}})", text),
                 fmt::format(R"(,"logprobs":{{"content":{},"refusal":null}})", list));
  };
  EXPECT_EQ(parts_of(said("", "[]") + said("a", R"([{"token":"a"}])") +
                     said("b", R"([{"token":"b"},{"token":"c"}])")),
            (Parts{text_with("ab", R"([{"token":"a"},{"token":"b"},{"token":"c"}])")}));
}

TEST(OpenAiLogprobs, wait_for_the_text_of_a_token_that_shows_none_yet) {
  const std::string silent =
      chunk(R"({"content":""})", R"(,"logprobs":{"content":[{"token":"\ud83d"}]})");
  EXPECT_EQ(parts_of(silent + chunk(R"({"content":"a"})")),
            (Parts{text_with("a", "[{\"token\":\"\uFFFD\"}]")}));
  EXPECT_EQ(parts_of(chunk(R"({"content":"a"})") + silent),
            (Parts{text_with("a", "[{\"token\":\"\uFFFD\"}]")}));
  EXPECT_EQ(lost_in(silent), Strings{"answer.logprobs"});
}

TEST(OpenAiLogprobs, of_a_refusal_are_its_own) {
  chat::Text refusal = text_with("no", R"([{"token":"no"}])");
  refusal.refusal = true;
  EXPECT_EQ(parts_of(chunk(R"({"content":"a"})") +
                     chunk(R"({"refusal":"no"})", R"(,"logprobs":{"refusal":[{"token":"no"}]})")),
            (Parts{chat::Text{"a"}, refusal}));
}

TEST(OpenAiUnknown, is_told_once_however_often_it_comes) {
  EXPECT_EQ(lost_in(chunk(R"({"audio":{"data":"AA"},"content":[{"type":"hologram"}]})") +
                    chunk(R"({"audio":{"data":"AA"},"content":"a"})")),
            (Strings{"answer.content[0]", "answer.audio"}));
}

TEST(OpenAiUnknown, call_of_another_kind_does_not_break_the_stream) {
  const std::string custom = chunk(
      R"({"tool_calls":[{"index":0,"id":"c","type":"custom","custom":{"name":"f","input":"x"}}]})");
  const chat::Response response = told_by(
      custom + custom + chunk(R"({"tool_calls":[{"index":1,"id":"d","function":{"name":"g"}}]})"));
  EXPECT_EQ(response.choices.at(0).parts, (Parts{chat::ToolCall{"d", "g", ""}}));
  EXPECT_EQ(response.losses.size(), 1U);
  EXPECT_EQ(response.losses.at(0).field, "answer.tool_calls[0]");
}

TEST(OpenAiTier, is_told_with_the_start) { EXPECT_EQ(told_by("").service_tier, "flex"); }

TEST(OpenAiUnknown, is_a_loss_of_the_answers_facts_on_a_crossing) {
  const testing::Streamed streamed =
      testing::stream({&anthropic(), &openai_chat()}, {.public_model = "m", .answer_id = "i"},
                      chunk(R"({"audio":{"data":"AA"},"content":"a"})") + end());
  Strings fields;
  for (const chat::Loss& loss : streamed.facts.losses) fields.push_back(loss.field);
  EXPECT_EQ(fields, (Strings{"answer.service_tier", "answer.audio", "answer.usage"}));
}

/// Each sample that is whole is a message a client can hold, told as our own writer tells it.
TEST(OpenAiChecker, finds_nothing_in_what_we_write_of_any_sample) {
  const std::string folder = "src/dialect/openai_chat/corpus/openai_chat_stream/";
  for (const std::string& name : testing::files_in(folder)) {
    std::optional<Fault> fault;
    const auto events = testing::read_events(openai_chat(), testing::file(folder + name), &fault);
    if (fault) continue;
    SCOPED_TRACE(name);
    const auto writer =
        openai_chat().make_writer({.public_model = "m", .answer_id = "i", .stream_usage = true});
    std::string bytes;
    std::vector<chat::Loss> losses;
    for (const chat::Event& event : events)
      if (!std::holds_alternative<chat::Ping>(event)) writer->write(event, bytes, losses);
    const auto message = openai_chat_client::read_stream(bytes);
    EXPECT_EQ(message.choices.size(), testing::collect(events).choices.size());
  }
}

}  // namespace
}  // namespace naru::dialect
