#include <gtest/gtest.h>

#include "dialect/testing.h"

namespace naru::dialect {
namespace {

struct Answer {
  const Dialect* dialect;
  std::string prefix;
  std::string rest;  // of a plain answer, behind its id
};
const Answer kAnswers[] = {
    {&openai_chat(), "chatcmpl-", R"("choices":[{"message":{"content":"a"}}]})"},
    {&openai_responses(), "resp_", R"("output":[]})"},
    {&anthropic(), "msg_", R"("type":"message","content":[]})"},
};

/// The id a client is told for the one the upstream gave, both as JSON.
std::string told_id(const Answer& answer, std::string_view id, bool kept = false) {
  AnswerFacts facts;
  const auto told = translate_answer(
      {answer.dialect, answer.dialect}, fmt::format(R"({{"id":{},{})", id, answer.rest),
      {.public_model = "m", .answer_id = answer.prefix + "naru", .kept = kept}, facts);
  EXPECT_TRUE(told) << id;
  const auto tree = json::Tree::parse(*told, json::kFromUpstream);
  return std::string(tree->root().find("id")->raw());
}

TEST(TranslateAnswer, gives_its_own_id_for_one_that_its_dialect_never_gives) {
  for (const Answer& answer : kAnswers) {
    const std::string ours = fmt::format("\"{}naru\"", answer.prefix);
    const std::string theirs = fmt::format("\"{}AZaz09_-.:=\"", answer.prefix);
    EXPECT_EQ(told_id(answer, theirs), theirs);
    for (const std::string& id :
         {std::string("5"), std::string("\"\""), std::string("null"), std::string("{}"),
          std::string("\"elsewhere-1\""), fmt::format("\"{}\"", answer.prefix),
          fmt::format("\"{}\\ud800\"", answer.prefix), fmt::format("\"{}a/b c\"", answer.prefix),
          fmt::format("\"{}{}\"", answer.prefix, std::string(128, 'a'))})
      EXPECT_EQ(told_id(answer, id), ours) << id;
  }
}

TEST(TranslateAnswer, keeps_an_answer_under_its_own_id) {
  EXPECT_EQ(told_id(kAnswers[1], R"("resp_theirs")", true), R"("resp_naru")");
}

}  // namespace
}  // namespace naru::dialect
