#include "mock/answer.h"

#include "base/json.h"
#include "base/text.h"
#include "mock/answers_for_test.h"
#include "net/http/content_coding.h"

namespace naru::mock {
namespace {

using namespace testing;
using std::chrono::milliseconds;

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

TEST(MockAnswer, joins_events_into_a_write_where_nothing_waits_between_them) {
  const Answer made = answer(streamed_chat(), "cut_every=1000000&chunks=100");
  EXPECT_EQ(made.pieces.size(), 1U);
  const Answer paced = answer(streamed_chat(), "cut_every=1000000&chunks=100&spacing=1ms");
  EXPECT_EQ(paced.pieces.size(), 100U);  // the head's event goes with the first
}

TEST(MockAnswer, cuts_within_characters_and_line_ends) {
  std::size_t characters = 0;
  for (const Piece& piece : answer(streamed_chat(), "cut_within=character").pieces)
    characters += is_utf8(piece.bytes) ? 0 : 1;
  EXPECT_EQ(characters, 3U);  // around two characters that stand side by side
  const Answer made = answer(streamed_chat(), "cut_within=line_end&line_end=crlf&chunks=1");
  for (std::size_t i = 0; i + 1 < made.pieces.size(); ++i)
    EXPECT_TRUE(made.pieces[i].bytes.ends_with('\r') || made.pieces[i + 1].bytes.starts_with('d'))
        << i;
  EXPECT_EQ(count(bytes(made), "\r\n"), count(bytes(made), "\n"));
}

TEST(MockAnswer, drips_at_the_pace_it_is_told) {
  const Answer made = answer(chat(), "bytes_a_second=50B");
  std::chrono::microseconds all{0};
  for (const Piece& piece : made.pieces) {
    EXPECT_LE(piece.bytes.size(), 5U);
    all += piece.wait;
  }
  EXPECT_EQ(all, milliseconds(1000 * bytes(made).size() / 50));
  EXPECT_TRUE(made.streams);
}

TEST(MockAnswer, breaks_an_event_and_ends_in_order) {
  const std::string stream = bytes(answer(streamed_messages(), "ending=malformed&after=1"));
  const std::size_t broken = stream.rfind("event: content_block_delta");
  const std::string_view event =
      std::string_view(stream).substr(broken, stream.find("\n\n", broken) - broken);
  EXPECT_FALSE(event.ends_with('}'));
  EXPECT_EQ(count(stream, "event: message_stop"), 1U);
  const std::string body = bytes(answer(messages(), "ending=malformed"));
  EXPECT_FALSE(json::Tree::parse(body));
}

TEST(MockAnswer, sends_an_error_under_the_status_of_success) {
  const Answer made = answer(chat(), "ending=error");
  EXPECT_EQ(made.status, 200);
  EXPECT_EQ(count(bytes(made), R"({"error":{"message")"), 1U);
}

TEST(MockAnswer, fills_up_the_last_event_before_the_ending) {
  const Answer made = answer(streamed_chat(), "chunks=4&after=2&ending=cut&event_bytes=100KiB");
  EXPECT_GT(made.pieces.back().bytes.size(), 100U << 10);
  EXPECT_LT(made.pieces[1].bytes.size(), 1000U);
}

TEST(MockAnswer, compresses_each_event_by_itself) {
  for (const std::string_view more : {"", "&cut_every=7"}) {
    const Answer plain = answer(streamed_chat());
    const Answer made = answer(streamed_chat(), fmt::format("gzip=true{}", more));
    EXPECT_EQ(header(made, "content-encoding"), "gzip");
    if (more.empty()) EXPECT_EQ(made.pieces.size(), plain.pieces.size());
    auto decoder = net::ContentDecoder::make("gzip");
    ASSERT_TRUE(decoder);
    std::string unpacked;
    ASSERT_TRUE((*decoder)->feed(bytes(made), unpacked, 1 << 20));
    EXPECT_TRUE((*decoder)->finish());
    EXPECT_EQ(unpacked, bytes(plain));
  }
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
    {"chunks=4&ending=failed&after=2", 2, 0, 1, After::Finish},
    {"chunks=4&ending=half_close&after=1", 1, 0, 0, After::HalfClose},
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
