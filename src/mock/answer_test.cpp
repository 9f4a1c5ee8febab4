#include "mock/answer.h"

#include <gtest/gtest.h>

namespace naru::mock {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kChat =
    R"({"model":"m","messages":[{"role":"user","content":"two words"}])";

Ask chat(std::string_view more = "") {
  return read_ask(Call::OpenAiChat, "/v1/chat/completions", fmt::format("{}{}}}", kChat, more));
}
Ask streamed_chat() { return chat(R"(,"stream":true)"); }
Ask messages(std::string_view more = "") {
  return read_ask(Call::AnthropicMessages, "/v1/messages", fmt::format("{}{}}}", kChat, more));
}
Ask streamed_messages() { return messages(R"(,"stream":true)"); }

Plan planned(std::string_view controls) {
  Plan plan;
  const auto read = read_controls(controls, plan);
  EXPECT_TRUE(read) << read.error().detail;
  return plan;
}
Answer answer(const Ask& ask, std::string_view controls = "") {
  return compose(ask, planned(controls), "id");
}
std::string bytes(const Answer& answer) {
  std::string all;
  for (const Piece& piece : answer.pieces) all += piece.bytes;
  return all;
}
std::size_t count(std::string_view text, std::string_view word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++found;
  return found;
}
std::string header(const Answer& answer, std::string_view name) {
  for (const net::Header& line : answer.headers)
    if (line.name == name) return line.value;
  return "";
}

TEST(MockAsk, finds_calls_by_method_and_path) {
  EXPECT_EQ(find_call("POST", "/v1/messages", true), Call::AnthropicMessages);
  EXPECT_EQ(find_call("GET", "/v1/messages", true), Call::Unknown);
  EXPECT_EQ(find_call("GET", "/v1/models", true), Call::AnthropicModels);
  EXPECT_EQ(find_call("GET", "/v1/models/a/b", false), Call::OpenAiModel);
}

TEST(MockAsk, splits_controls_off_the_model) {
  const Ask ask = read_ask(Call::OpenAiChat, "", R"({"model":"m?status=503"})");
  EXPECT_EQ(ask.model, "m");
  EXPECT_EQ(ask.controls, "status=503");
}

TEST(MockAsk, counts_texts_to_embed) {
  const auto inputs = [](std::string_view body) {
    return read_ask(Call::OpenAiEmbed, "", body).inputs;
  };
  EXPECT_EQ(inputs(R"({"input":"a"})"), 1U);
  EXPECT_EQ(inputs(R"({"input":["a","b"]})"), 2U);
  EXPECT_EQ(inputs(R"({"input":[1,2,3]})"), 1U);
  EXPECT_EQ(inputs(R"({"input":[[1,2],[3]]})"), 2U);
}

TEST(MockAsk, says_when_a_body_is_unreadable) {
  EXPECT_FALSE(read_ask(Call::OpenAiChat, "", "{} x").readable);
  EXPECT_FALSE(read_ask(Call::OpenAiChat, "", "[]").readable);
  EXPECT_TRUE(read_ask(Call::OpenAiModels, "", "").readable);
}

TEST(MockPlan, reads_controls_with_units_and_escapes) {
  const Plan plan = planned("status=429&retry_after=2&spacing=100ms&text=a%26b&usage=false");
  EXPECT_EQ(plan.status, 429U);
  EXPECT_EQ(plan.spacing, milliseconds(100));
  EXPECT_EQ(plan.text, "a&b");
  EXPECT_FALSE(plan.usage);
}

TEST(MockPlan, names_what_is_wrong_with_controls) {
  Plan plan;
  const auto read = read_controls("statsu=1&spacing=5", plan);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().detail.find("statsu"), std::string::npos);
  EXPECT_NE(read.error().detail.find("spacing"), std::string::npos);
}

TEST(MockAnswer, is_the_same_for_the_same_arguments) {
  EXPECT_EQ(bytes(answer(streamed_chat())), bytes(answer(streamed_chat())));
}

TEST(MockAnswer, tells_whole_text_plain_and_streamed) {
  EXPECT_EQ(count(bytes(answer(chat(), "text=one%20two")), R"("content":"one two")"), 1U);
  const std::string stream = bytes(answer(streamed_chat(), "text=one%20two"));
  EXPECT_EQ(count(stream, R"("content":"one")"), 1U);
  EXPECT_EQ(count(stream, R"("content":" two")"), 1U);
}

TEST(MockAnswer, ends_a_stream_once) {
  EXPECT_EQ(count(bytes(answer(streamed_chat())), "data: [DONE]\n\n"), 1U);
  EXPECT_EQ(count(bytes(answer(streamed_messages())), "event: message_stop\n"), 1U);
}

TEST(MockAnswer, gives_usage_in_an_openai_stream_only_when_asked) {
  EXPECT_EQ(count(bytes(answer(streamed_chat())), "usage"), 0U);
  const Ask asked = chat(R"(,"stream":true,"stream_options":{"include_usage":true})");
  const std::string stream = bytes(answer(asked, "input_tokens=7&output_tokens=3"));
  EXPECT_EQ(count(stream, R"("usage":{"prompt_tokens":7,"completion_tokens":3)"), 1U);
  EXPECT_GT(count(stream, R"("usage":null)"), 1U);
  EXPECT_EQ(count(bytes(answer(asked, "usage=false")), "usage"), 0U);
}

TEST(MockAnswer, counts_words_as_tokens) {
  const std::string body = bytes(answer(messages(), "text=a%20b%20c"));
  EXPECT_EQ(count(body, R"("input_tokens":2)"), 1U);
  EXPECT_EQ(count(body, R"("output_tokens":3)"), 1U);
}

TEST(MockAnswer, makes_as_many_chunks_as_asked) {
  for (const std::uint32_t chunks : {1U, 3U, 50U}) {
    const Answer made = answer(streamed_messages(), fmt::format("chunks={}", chunks));
    EXPECT_EQ(count(bytes(made), "text_delta"), chunks);
  }
}

TEST(MockAnswer, keeps_characters_whole_in_chunks) {
  const Ask ask = streamed_chat();
  const Plan plan = planned("chunks=3&text=%EB%82%98%EB%A3%A8%EC%9E%90");
  EXPECT_EQ(tell(ask, plan, "").chunks, (std::vector<std::string>{"나", "루", "자"}));
}

TEST(MockAnswer, cuts_bytes_where_told_and_loses_none) {
  const std::string whole = bytes(answer(streamed_chat()));
  const Answer finely = answer(streamed_chat(), "cut_every=1");
  EXPECT_EQ(finely.pieces.size(), whole.size());
  EXPECT_EQ(bytes(finely), whole);
  const Answer once = answer(streamed_chat(), "cut_at=10");
  EXPECT_EQ(once.pieces.front().bytes, whole.substr(0, 10));
  EXPECT_EQ(bytes(once), whole);
}

TEST(MockAnswer, keeps_waits_before_their_bytes_when_cut) {
  std::vector<Piece> pieces{{"ab"}, {"cd", milliseconds(5)}};
  const auto finer = cut(std::move(pieces), planned("cut_every=1"));
  ASSERT_EQ(finer.size(), 4U);
  EXPECT_EQ(finer[2].wait, milliseconds(5));
  EXPECT_EQ(finer[3].wait, milliseconds(0));
}

TEST(MockAnswer, lays_errors_in_each_providers_shape) {
  const Answer openai = answer(streamed_chat(), "status=429&retry_after=3");
  EXPECT_EQ(openai.status, 429);
  EXPECT_EQ(header(openai, "retry-after"), "3");
  EXPECT_EQ(header(openai, "content-type"), "application/json");
  EXPECT_EQ(count(bytes(openai), R"("code":"rate_limit_exceeded")"), 1U);
  const Answer anthropic = answer(messages(), "status=529");
  EXPECT_EQ(count(bytes(anthropic), R"({"type":"error","error":{"type":"overloaded_error")"), 1U);
}

struct EndingCase {
  std::string_view controls;
  std::size_t content;
  std::size_t terminals;
  std::size_t errors;
  After after;
};
constexpr EndingCase kEndings[] = {
    {"chunks=4", 4, 1, 0, After::Finish},
    {"chunks=4&ending=no_end", 4, 0, 0, After::Finish},
    {"chunks=4&ending=doubled", 4, 2, 0, After::Finish},
    {"chunks=4&ending=error&after=2", 2, 0, 1, After::Finish},
    {"chunks=4&ending=cut&after=1", 1, 0, 0, After::Cut},
    {"chunks=4&ending=stall&after=0", 0, 0, 0, After::Stall},
};

TEST(MockAnswer, ends_badly_as_told) {
  for (const EndingCase& row : kEndings) {
    const Answer made = answer(streamed_messages(), row.controls);
    const std::string stream = bytes(made);
    EXPECT_EQ(count(stream, "text_delta"), row.content) << row.controls;
    EXPECT_EQ(count(stream, "event: message_stop"), row.terminals) << row.controls;
    EXPECT_EQ(count(stream, "event: error"), row.errors) << row.controls;
    EXPECT_EQ(made.after, row.after) << row.controls;
  }
}

TEST(MockAnswer, embeds_as_floats_and_base64) {
  const auto body = [](std::string_view more) {
    const std::string json = fmt::format(R"({{"model":"m","input":"a"{}}})", more);
    return bytes(answer(read_ask(Call::OpenAiEmbed, "", json)));
  };
  EXPECT_EQ(count(body(""), R"("embedding":[-0.5,-0.3125,)"), 1U);
  // -0.5 and -0.3125 are BF000000 and BEA00000, lowest byte first.
  EXPECT_EQ(count(body(R"(,"encoding_format":"base64")"), R"("embedding":"AAAAvwAAoL4)"), 1U);
}

TEST(MockAnswer, sends_any_body_and_type_in_place_of_ours) {
  const Answer made = answer(chat(), "body=%7Bbroken&content_type=text/html");
  EXPECT_EQ(bytes(made), "{broken");
  EXPECT_EQ(header(made, "content-type"), "text/html");
}

}  // namespace
}  // namespace naru::mock
