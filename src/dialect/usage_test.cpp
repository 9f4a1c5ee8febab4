#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/testing.h"

namespace naru::dialect {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A report of zero tokens beside words is none: the ledger estimates, and no client of another
// dialect is shown the zeros as if they were counted.

const WriterOptions kOptions{.public_model = "up", .answer_id = "id", .stream_usage = true};

std::string plain(std::string_view said, int output) {
  return fmt::format(
      R"({{"id":"chatcmpl-1","model":"up","choices":[{{"message":{{"content":"{}"}},)"
      R"("finish_reason":"stop"}}],"usage":{{"prompt_tokens":7,"completion_tokens":{}}}}})",
      said, output);
}

std::string streamed(std::string_view said, int output, bool usage_first = false) {
  const std::string usage = fmt::format(
      R"(data: {{"id":"chatcmpl-1","model":"up","choices":[],"usage":{{"prompt_tokens":7,)"
      R"("completion_tokens":{}}}}})"
      "\n\n",
      output);
  const std::string words = fmt::format(
      R"(data: {{"id":"chatcmpl-1","model":"up","choices":[{{"index":0,"delta":{{"content":"{}"}},)"
      R"("finish_reason":"stop"}}]}})"
      "\n\n",
      said);
  return (usage_first ? usage + words : words + usage) + "data: [DONE]\n\n";
}

struct Told {
  std::string text;
  AnswerFacts facts;
  bool loses_usage() const {
    return std::ranges::any_of(facts.losses,
                               [](const chat::Loss& loss) { return loss.field == "answer.usage"; });
  }
};
std::vector<Told> told_to(const Dialect& client, std::string_view said, int output) {
  const Ends ends{&client, &openai_chat()};
  Told whole;
  whole.text = translate_answer(ends, plain(said, output), kOptions, whole.facts).value_or("");
  std::vector<Told> told{whole};
  for (const bool usage_first : {false, true}) {
    const testing::Streamed got =
        testing::stream(ends, kOptions, streamed(said, output, usage_first));
    told.push_back({got.all(), got.facts});
  }
  return told;
}

TEST(CrossedUsage, is_unknown_where_words_are_said_to_have_cost_nothing) {
  for (const Told& told : told_to(openai_responses(), "hello", 0)) {
    EXPECT_THAT(told.text, HasSubstr(R"("usage":null)"));
    EXPECT_THAT(told.text, Not(HasSubstr("output_tokens")));
    EXPECT_FALSE(told.facts.usage_reported);
  }
  for (const Told& told : told_to(anthropic(), "hello", 0)) {
    EXPECT_TRUE(told.loses_usage()) << "this dialect has no word for it";
    EXPECT_FALSE(told.facts.usage_reported);
  }
}

TEST(CrossedUsage, is_told_where_it_is_counted_or_nothing_was_said) {
  for (const auto& [said, output] : {std::pair{"hello", 3}, {"", 0}})
    for (const Dialect* client : {&openai_responses(), &anthropic()})
      for (const Told& told : told_to(*client, said, output)) {
        EXPECT_THAT(told.text, HasSubstr(R"("input_tokens":7)"));
        EXPECT_THAT(told.text, HasSubstr(fmt::format(R"("output_tokens":{})", output)));
        EXPECT_FALSE(told.loses_usage());
      }
}

TEST(SameUsage, goes_on_as_it_came) {
  AnswerFacts facts;
  const auto told =
      translate_answer({&openai_chat(), &openai_chat()}, plain("hello", 0), kOptions, facts);
  EXPECT_EQ(*told, plain("hello", 0));
  EXPECT_FALSE(facts.usage_reported);
  const testing::Streamed got =
      testing::stream({&openai_chat(), &openai_chat()}, kOptions, streamed("hello", 0));
  EXPECT_EQ(got.all(), streamed("hello", 0));
}

}  // namespace
}  // namespace naru::dialect
