#include <gtest/gtest.h>

#include "dialect/testing_media.h"

namespace naru::dialect {
namespace {

using testing::Strings;

Strings found_in(const std::string& body) { return testing::media_in(anthropic(), body); }
std::string inlined(const std::string& body) { return testing::with_image(anthropic(), body); }
std::string emptied(const std::string& body) { return testing::without_media(anthropic(), body); }
Strings lost_at_engine(const std::string& body) {
  return testing::lost_at_engine(anthropic(), body);
}

TEST(AnthropicMedia, are_images_by_address_in_messages_and_results) {
  const std::string body =
      R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"see"},)"
      R"({"type":"image","source":{"type":"url","url":"https://a/x.png"}}]},)"
      R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[)"
      R"({"type":"image","source":{"type":"url","url":"http://b"}}]}]}]})";
  EXPECT_EQ(
      found_in(body),
      (Strings{R"(messages[0].content[1] https://a/x.png {"type":"url","url":"https://a/x.png"})",
               R"(messages[1].content[0].content[0] http://b {"type":"url","url":"http://b"})"}));
}

TEST(AnthropicMedia, are_none_where_nothing_is_elsewhere) {
  for (const char* block :
       {R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}})",
        R"({"type":"image","source":{"type":"file","file_id":"f"}})", R"({"type":"image"})",
        R"({"type":"image","source":"https://a"})",
        R"({"type":"document","source":{"type":"url","url":"https://a"}})", "7"})
    EXPECT_EQ(found_in(fmt::format(R"({{"messages":[{{"content":[{}]}}]}})", block)), Strings{})
        << block;
  for (const char* body : {"{}", R"({"messages":[{"content":"https://a"},1]})", "[]"})
    EXPECT_EQ(found_in(body), Strings{}) << body;
}

TEST(AnthropicMedia, come_along_where_the_address_stood) {
  const std::string head = R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[)";
  EXPECT_EQ(
      inlined(head + R"({"type":"image","source":{"type":"url","url":"https://a"}}]}]})"),
      head +
          R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}]})");
}

TEST(AnthropicMedia, reach_an_engine_only_when_they_come_along) {
  const std::string body =
      R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://a"}}]}]})";
  EXPECT_EQ(lost_at_engine(body), Strings{"messages[0].content[0]"});
  EXPECT_EQ(lost_at_engine(inlined(body)), Strings{});
  EXPECT_EQ(lost_at_engine(emptied(body)), Strings{});
}

}  // namespace
}  // namespace naru::dialect
