#include "gateway/route/prefix_key.h"

#include <gtest/gtest.h>

#include "base/check.h"

namespace naru::gateway {
namespace {

using dialect::Operation;

constexpr std::int64_t kKey = 7;

std::optional<std::uint64_t> key_in(std::string_view dialect, const std::string& body,
                                    std::int64_t key_id = kKey,
                                    Operation operation = Operation::Chat, char pepper = 'p') {
  const security::KeyHasher hasher{Secret(std::string(32, pepper))};
  const auto tree = json::Tree::parse(body);
  NARU_CHECK(tree.has_value(), "the test's body is JSON");
  return prefix_key(hasher, dialect::find_dialect(dialect)->opening(*tree), operation, key_id);
}
std::optional<std::uint64_t> chat_key(const std::string& messages, const std::string& more = "") {
  return key_in("openai_chat", R"({"model":"m","messages":[)" + messages + "]" + more + "}");
}

const std::string kSystem = R"({"role":"system","content":"be brief"},)";
const std::string kFirst = R"({"role":"user","content":"why is the sky blue?"})";
const std::string kLater =
    R"(,{"role":"assistant","content":"scattering"},{"role":"user","content":"more"})";

TEST(PrefixKey, stays_the_same_turn_by_turn) {
  const auto key = chat_key(kSystem + kFirst);
  ASSERT_TRUE(key);
  EXPECT_EQ(chat_key(kSystem + kFirst + kLater), key);
  EXPECT_EQ(chat_key(kSystem + kFirst + kLater, R"(,"temperature":1,"user":"u","tools":[])"), key);
}

TEST(PrefixKey, differs_with_instructions_and_with_the_first_words) {
  const auto key = chat_key(kSystem + kFirst);
  EXPECT_NE(chat_key(kFirst), key);
  EXPECT_NE(chat_key(kSystem + R"({"role":"user","content":"why is the sky red?"})"), key);
}

TEST(PrefixKey, is_of_what_is_said_not_of_its_form) {
  const auto marked = [](const char* mark) {
    return fmt::format(R"({{"system":"be brief","messages":[{{"role":"user","content":)"
                       R"([{{"type":"text","text":"hi"{}}}]}}]}})",
                       mark);
  };
  const auto key = key_in("anthropic", marked(R"(,"cache_control":{"type":"ephemeral"})"));
  ASSERT_TRUE(key);
  EXPECT_EQ(key_in("anthropic", marked("")), key) << "the mark moves on with each turn";
  EXPECT_EQ(
      key_in("anthropic", R"({"messages":[{"role":"user","content":"hi"}],"system":"be brief"})"),
      key);
}

TEST(PrefixKey, tells_pictures_apart) {
  const auto picture = [](const char* url) {
    return fmt::format(R"({{"role":"user","content":[{{"type":"text","text":"what is it?"}},)"
                       R"({{"type":"image_url","image_url":{{"url":"{}"}}}}]}})",
                       url);
  };
  EXPECT_NE(chat_key(picture("data:image/png;base64,AAAA")),
            chat_key(picture("data:image/png;base64,BBBB")));
}

TEST(PrefixKey, is_the_clients_own_where_it_gives_one) {
  const std::string own = R"(,"prompt_cache_key":"conversation-1")";
  const auto key = chat_key(kSystem + kFirst, own);
  EXPECT_NE(key, chat_key(kSystem + kFirst));
  EXPECT_EQ(chat_key(R"({"role":"user","content":"a summary of it all"})", own), key);
  const std::string body = R"({"messages":[],"prompt_cache_key":"conversation-1"})";
  EXPECT_NE(key_in("openai_chat", body, 7), key_in("openai_chat", body, 8))
      << "two callers may use the same word";
}

TEST(PrefixKey, counts_the_first_words_whatever_stands_before_them) {
  const std::string long_system =
      R"({"role":"system","content":")" + std::string(4 * kInstructionBytes, 'x') + R"("},)";
  EXPECT_NE(chat_key(long_system + kFirst),
            chat_key(long_system + R"({"role":"user","content":"hi"})"));
}

TEST(PrefixKey, has_a_bound) {
  const auto long_words = [](const char* end) {
    return R"({"role":"user","content":")" + std::string(kFirstWordsBytes, 'x') + end + R"("})";
  };
  EXPECT_EQ(chat_key(long_words("a")), chat_key(long_words("b")));
}

TEST(PrefixKey, is_of_the_head_of_a_prompt_that_grows) {
  const auto prompt_key = [](const std::string& prompt) {
    return key_in("openai_chat", R"({"prompt":")" + prompt + R"("})", kKey, Operation::Complete);
  };
  const std::string head(kPromptBytes, 'x');
  EXPECT_EQ(prompt_key(head + " and more"), prompt_key(head + " and something else"));
  EXPECT_NE(prompt_key(head), prompt_key("y" + head));
}

TEST(PrefixKey, is_none_where_nothing_is_said) {
  EXPECT_EQ(chat_key(R"({"role":"user","content":""})"), std::nullopt);
  EXPECT_EQ(key_in("openai_chat", R"({"model":"m","input":["a"]})", kKey, Operation::Embed),
            std::nullopt);
}

TEST(PrefixKey, cannot_be_reckoned_without_the_pepper) {
  const std::string body = R"({"messages":[{"role":"user","content":"hi"}]})";
  EXPECT_NE(key_in("openai_chat", body, kKey, Operation::Chat, 'a'),
            key_in("openai_chat", body, kKey, Operation::Chat, 'b'));
}

}  // namespace
}  // namespace naru::gateway
