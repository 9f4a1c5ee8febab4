#include "cli/chat/conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace naru::cli {
namespace {

using testing::HasSubstr;

constexpr std::string_view kStream =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
    ": ping\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"나루\"}}]}\r\n\r\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" is a ferry\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n"
    "data: [DONE]\n\n";

/// What a reader of these bytes hears, fed `step` bytes at a time.
struct Heard {
  std::string text;
  std::string fault;
  bool ended = false;
};
Heard hear(std::string_view bytes, std::size_t step) {
  Heard heard;
  AnswerReader reader;
  for (; !bytes.empty() && heard.fault.empty(); bytes.remove_prefix(std::min(step, bytes.size())))
    if (const auto fed =
            reader.feed(bytes.substr(0, step), [&](std::string_view text) { heard.text += text; });
        !fed)
      heard.fault = fed.error().detail;
  EXPECT_EQ(heard.text, reader.text());
  heard.ended = reader.ended();
  return heard;
}

TEST(AnswerReader, hears_the_same_however_the_stream_is_cut) {
  for (std::size_t step = 1; step <= kStream.size(); ++step) {
    const Heard heard = hear(kStream, step);
    ASSERT_EQ(heard.text, "나루 is a ferry") << step;
    ASSERT_TRUE(heard.ended) << step;
  }
}

TEST(AnswerReader, knows_a_stream_that_is_not_complete) {
  EXPECT_FALSE(hear(kStream.substr(0, kStream.size() - 5), 100).ended);
}

TEST(AnswerReader, gives_what_an_error_event_says) {
  EXPECT_EQ(
      hear("data: {\"error\":{\"message\":\"the engine ended\",\"type\":\"x\"}}\n\n", 7).fault,
      "the engine ended");
}

TEST(AnswerReader, says_of_an_event_that_it_is_no_json) {
  EXPECT_THAT(hear("data: {\"choices\":\n\n", 100).fault, HasSubstr("is no JSON"));
}

TEST(WriteChat, keeps_every_turn_in_its_order) {
  EXPECT_EQ(write_chat("smollm2", {{"system", "be \"brief\""}, {"user", "안녕"}}),
            "{\"model\":\"smollm2\",\"stream\":true,\"messages\":["
            "{\"role\":\"system\",\"content\":\"be \\\"brief\\\"\"},"
            "{\"role\":\"user\",\"content\":\"안녕\"}]}");
}

}  // namespace
}  // namespace naru::cli
