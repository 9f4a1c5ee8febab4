#include <gtest/gtest.h>

#include "dialect/anthropic/answer/stream_checker.h"
#include "dialect/testing.h"

/// Anthropic on one side of a stream, whichever dialect is on the other.
namespace naru::dialect {
namespace {

using anthropic_wire::StreamChecker;
using testing::Streamed;

const Ends kFromOpenAi{&anthropic(), &openai_chat(), Operation::Chat};
const Ends kToOpenAi{&openai_chat(), &anthropic(), Operation::Chat};
const Ends kSame{&anthropic(), &anthropic(), Operation::Chat};
const WriterOptions kOptions{
    .public_model = "public", .answer_id = "msg_1", .created_s = 7, .stream_usage = true};
constexpr const char* kOpenAiFolder = "src/dialect/openai_chat/corpus/openai_chat_stream/";
constexpr const char* kAnthropicFolder = "src/dialect/anthropic/corpus/anthropic_stream/";

std::string test_name(const ::testing::TestParamInfo<std::string>& one) {
  return one.param.substr(0, one.param.find('.'));
}

class AnthropicFromOpenAi : public ::testing::TestWithParam<std::string> {};

TEST_P(AnthropicFromOpenAi, is_grammatical_to_the_end_or_to_the_fault) {
  const std::string bytes = testing::file(kOpenAiFolder + GetParam());
  const Streamed got = testing::stream(kFromOpenAi, kOptions, bytes);
  StreamChecker client;
  client.feed(got.all());
  EXPECT_EQ(client.ended(), !got.fault);
  if (client.ended()) EXPECT_EQ(client.message().usage.back(), got.facts.usage.output);
}

INSTANTIATE_TEST_SUITE_P(Samples, AnthropicFromOpenAi,
                         ::testing::ValuesIn(testing::files_in(kOpenAiFolder)), test_name);

class AnthropicSample : public ::testing::TestWithParam<std::string> {
 protected:
  const std::string bytes_ = testing::file(kAnthropicFolder + GetParam());
};

TEST_P(AnthropicSample, means_the_same_cut_at_any_byte) {
  for (const Ends& ends : {kSame, kToOpenAi}) {
    const Streamed whole = testing::stream(ends, kOptions, bytes_);
    for (std::size_t at = 1; at < bytes_.size(); at += 3) {
      const std::array<std::string_view, 2> chunks = {std::string_view(bytes_).substr(0, at),
                                                      std::string_view(bytes_).substr(at)};
      const Streamed cut = testing::stream(ends, kOptions, chunks);
      ASSERT_EQ(cut.all(), whole.all()) << "cut at " << at;
      ASSERT_EQ(cut.fault.has_value(), whole.fault.has_value()) << "cut at " << at;
      ASSERT_EQ(cut.facts.usage, whole.facts.usage) << "cut at " << at;
    }
  }
}

TEST_P(AnthropicSample, cut_short_anywhere_is_a_fault_or_whole) {
  for (const Ends& ends : {kSame, kToOpenAi}) {
    for (std::size_t at = 0; at < bytes_.size(); at += 3) {
      const Streamed got = testing::stream(ends, kOptions, std::string_view(bytes_).substr(0, at));
      ASSERT_NE(got.fault.has_value(), !got.terminal.empty()) << "cut at " << at;
    }
  }
}

/// `text` with its first string behind `key` replaced.
std::string with_string(std::string text, std::string_view key, std::string_view value) {
  const std::size_t at = text.find(key) + key.size();
  return text.replace(at, text.find('"', at) - at, value);
}

TEST_P(AnthropicSample, keeps_every_byte_but_the_model_and_an_id_of_another_form) {
  const Streamed got = testing::stream(kSame, kOptions, bytes_);
  if (got.fault) return;
  std::string expected = with_string(bytes_, R"("model":")", "public");
  if (!bytes_.contains(R"("id":"msg_)")) expected = with_string(expected, R"("id":")", "msg_1");
  EXPECT_TRUE(got.all().starts_with(expected)) << got.all();
}

INSTANTIATE_TEST_SUITE_P(Samples, AnthropicSample,
                         ::testing::ValuesIn(testing::files_in(kAnthropicFolder)), test_name);

TEST(AnthropicCrossing, knows_the_prompt_but_no_usage_of_a_stream_that_never_counts_its_output) {
  const std::string text = testing::file(std::string(kAnthropicFolder) + "text");
  const std::size_t at = text.find(R"("usage":{)", text.find("message_delta"));
  std::string uncounted = text;
  uncounted.replace(at, text.find('}', at) + 1 - at, R"("usage":{})");
  for (const Ends& ends : {kSame, kToOpenAi}) {
    const Streamed whole = testing::stream(ends, kOptions, text);
    EXPECT_TRUE(whole.facts.usage_reported);
    const Streamed got = testing::stream(ends, kOptions, uncounted);
    EXPECT_FALSE(got.fault);
    EXPECT_FALSE(got.facts.usage_reported);
    EXPECT_FALSE(got.facts.counted);
    EXPECT_GT(got.facts.usage.prompt(), 0);
    EXPECT_EQ(got.facts.usage.prompt(), whole.facts.usage.prompt());
  }
}

const chat::Response kReasoned = [] {
  chat::Response response{.id = "msg_1", .model = "c", .choices = {}, .usage = chat::Usage{}};
  response.choices.push_back(
      {.parts = {chat::Thinking{"hm", "c2ln", chat::Seal::Signature},
                 chat::Thinking{"", "c2Vh", chat::Seal::Redacted}, chat::Text{"so"}}});
  return response;
}();

/// The request in which a client of this dialect sends back an answer.
std::string next_turn(std::string_view answer) {
  const testing::Parsed message{std::string(answer)};
  return fmt::format(R"({{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"go"}},)"
                     R"({{"role":"assistant","content":{}}},{{"role":"user","content":"on"}}]}})",
                     message.root().find("content")->raw());
}

TEST(AnthropicCrossing, gives_reasoning_back_to_the_upstream_that_made_it) {
  WriterOptions options = kOptions;
  options.upstream = "up";
  std::vector<chat::Loss> losses;
  const std::string body = next_turn(anthropic().write_answer(kReasoned, options, losses));
  const testing::Parsed parsed(body);
  const auto request = anthropic().read_request(Operation::Chat, parsed.tree());
  ASSERT_TRUE(request) << request.error().detail;
  std::vector<chat::Part> expected = kReasoned.choices.front().parts;
  for (const std::size_t at : {0U, 1U}) std::get<chat::Thinking>(expected[at]).origin = "up";
  EXPECT_EQ(request->messages.at(1).parts, expected);
  const auto written = anthropic().write_request(Operation::Chat, *request, losses);
  ASSERT_TRUE(written);
  EXPECT_NE(written->find(R"({"type":"thinking","thinking":"hm","signature":"c2ln"})"),
            std::string::npos);
  EXPECT_NE(written->find(R"({"type":"redacted_thinking","data":"c2Vh"})"), std::string::npos);
  EXPECT_TRUE(losses.empty());
}

TEST(AnthropicCrossing, carries_a_call_to_an_openai_client) {
  const Streamed got =
      testing::stream(kToOpenAi, kOptions, testing::file(std::string(kAnthropicFolder) + "call"));
  EXPECT_FALSE(got.fault);
  EXPECT_NE(got.bytes.find(R"("name":"f")"), std::string::npos) << got.bytes;
  EXPECT_NE(got.bytes.find(R"({\"a\":1})"), std::string::npos) << got.bytes;
}

}  // namespace
}  // namespace naru::dialect
