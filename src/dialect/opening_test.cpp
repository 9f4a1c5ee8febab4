#include "dialect/opening.h"

#include <gtest/gtest.h>

#include "dialect/testing.h"

namespace naru::dialect {
namespace {

/// `KEY|INSTRUCTIONS|FIRST` of what is said.
std::string opening_of(const Dialect& dialect, const std::string& body) {
  const testing::Parsed parsed(body);
  const Opening opening = dialect.opening(parsed.tree());
  std::string instructions;
  for (const json::ValueView one : opening.instructions)
    instructions += fmt::format("({})", said_in(one, 100));
  return fmt::format("{}|{}|{}", opening.cache_key, instructions,
                     opening.first ? said_in(*opening.first, 100) : "-");
}

TEST(Opening, of_a_chat_is_what_stands_before_the_users_second_word) {
  EXPECT_EQ(opening_of(openai_chat(), R"({"prompt_cache_key":"k","messages":[)"
                                      R"({"role":"developer","content":"a"},)"
                                      R"({"role":"system","content":[{"type":"text","text":"b"}]},)"
                                      R"({"role":"user","content":"c"},)"
                                      R"({"role":"user","content":"d"}]})"),
            "k|(a)(b)|c");
  EXPECT_EQ(opening_of(openai_chat(), R"({"messages":[{"role":"system","content":"a"}]})"),
            "|(a)|-");
}

TEST(Opening, of_a_completion_is_its_prompt) {
  EXPECT_EQ(opening_of(openai_chat(), R"({"prompt":"once"})"), "||once");
  EXPECT_EQ(opening_of(openai_chat(), R"({"prompt":[1,2]})"), "||-");
  EXPECT_EQ(opening_of(openai_chat(), R"({"input":"embed me"})"), "||-");
}

TEST(Opening, of_a_message_begins_with_its_system_wherever_that_stands) {
  EXPECT_EQ(opening_of(anthropic(), R"({"messages":[{"role":"user","content":[)"
                                    R"({"type":"text","text":"b","cache_control":{"type":"x"}},)"
                                    R"({"type":"image","source":{"type":"url","url":"c"}}]}],)"
                                    R"("system":[{"type":"text","text":"a"}]})"),
            "|(a)|bc");
}

TEST(Opening, of_a_response_is_the_same_for_a_string_and_for_items) {
  EXPECT_EQ(opening_of(openai_responses(), R"({"input":"b","instructions":"a"})"), "|(a)|b");
  EXPECT_EQ(opening_of(openai_responses(),
                       R"({"instructions":"a","prompt_cache_key":"k","input":[)"
                       R"({"type":"message","id":"msg_1","role":"user","content":)"
                       R"([{"type":"input_text","text":"b"}]},{"role":"user","content":"c"}]})"),
            "k|(a)|b");
}

TEST(Opening, is_none_of_what_has_another_form) {
  for (const char* body : {"[]", "7", R"({"messages":7,"system":{},"input":{}})"})
    for (const Dialect* dialect : all_dialects()) {
      const std::string opening = opening_of(*dialect, body);
      EXPECT_TRUE(opening.ends_with("|-")) << dialect->name() << ' ' << body << ' ' << opening;
    }
}

TEST(Opening, is_cut_at_its_bound) {
  const testing::Parsed parsed(R"([{"text":"ab"},{"text":"cd"},{"text":"ef"}])");
  EXPECT_EQ(said_in(parsed.tree().root(), 3), "abc");
  EXPECT_EQ(said_in(parsed.tree().root(), 0), "");
}

}  // namespace
}  // namespace naru::dialect
