#include <gtest/gtest.h>

#include "dialect/testing.h"

namespace naru::dialect {
namespace {

using testing::Parsed;

const Ends kSame{&openai_chat(), &openai_chat()};
const WriterOptions kOptions{.public_model = "public", .answer_id = "id", .created_s = 1};

/// The reason a client of the same dialect is told for the one its upstream gave.
std::string told_stop(const Dialect& dialect, std::string_view body) {
  AnswerFacts facts;
  const auto answer = translate_answer({&dialect, &dialect}, body, kOptions, facts);
  if (!answer) return answer.error().detail;
  const Parsed parsed(*answer);
  const auto choices = parsed.root().find("choices");
  const auto holder = choices ? *choices->begin() : parsed.root();
  return std::string(holder.find(choices ? "finish_reason" : "stop_reason")->raw());
}

TEST(TranslateAnswer, lets_no_foreign_reason_through) {
  for (const auto& [said, told] :
       {std::pair{R"("stop")", R"("stop")"}, std::pair{R"("function_call")", R"("function_call")"},
        std::pair{R"("eos")", R"("stop")"}, std::pair{R"("max_tokens")", R"("length")"},
        std::pair{R"("zzz")", R"("stop")"}, std::pair{"5", R"("stop")"}})
    EXPECT_EQ(
        told_stop(openai_chat(),
                  fmt::format(R"({{"id":"chatcmpl-1","choices":[{{"message":{{"content":"a"}},)"
                              R"("finish_reason":{}}}]}})",
                              said)),
        told);
  for (const auto& [said, told] :
       {std::pair{R"("pause_turn")", R"("pause_turn")"}, std::pair{R"("stop")", R"("end_turn")"},
        std::pair{"5", R"("end_turn")"}})
    EXPECT_EQ(told_stop(anthropic(), fmt::format(R"({{"id":"msg_1","type":"message","content":[],)"
                                                 R"("stop_reason":{}}})",
                                                 said)),
              told);
}

TEST(SameStream, lets_no_foreign_reason_through) {
  const std::string chunk =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":";
  EXPECT_EQ(testing::stream(kSame, kOptions, chunk + "\"eos\"}]}\n\n").bytes,
            chunk + "\"stop\"}]}\n\n");
  EXPECT_EQ(testing::stream(kSame, kOptions, chunk + "null}]}\n\n").bytes, chunk + "null}]}\n\n");
}

TEST(TranslateAnswer, refuses_a_call_that_nobody_could_answer) {
  AnswerFacts facts;
  const Ends ends{&openai_chat(), &anthropic()};
  for (const std::string_view call : {R"({"type":"tool_use","id":"c","input":{}})",
                                      R"({"type":"tool_use","name":"f","input":{}})"}) {
    const auto answer =
        translate_answer(ends, fmt::format(R"({{"id":"m","type":"message","content":[{}]}})", call),
                         kOptions, facts);
    ASSERT_FALSE(answer) << call;
    EXPECT_EQ(answer.error().kind, FaultKind::UpstreamInvalid);
  }
  const testing::Streamed streamed = testing::stream(
      ends, kOptions,
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n"
      "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
      "\"content_block\":{\"type\":\"tool_use\",\"id\":\"c\",\"input\":{}}}\n\n");
  ASSERT_TRUE(streamed.fault);
  EXPECT_EQ(streamed.fault->kind, FaultKind::UpstreamInvalid);
}

}  // namespace
}  // namespace naru::dialect
