#include <gtest/gtest.h>

#include "dialect/testing_media.h"

namespace naru::dialect {
namespace {

using testing::Strings;

Strings found_in(const std::string& body) { return testing::media_in(openai_chat(), body); }
std::string inlined(const std::string& body) { return testing::with_image(openai_chat(), body); }
std::string emptied(const std::string& body) { return testing::without_media(openai_chat(), body); }
Strings lost_at_engine(const std::string& body) {
  return testing::lost_at_engine(openai_chat(), body);
}

TEST(OpenAiChatMedia, are_images_by_address_wherever_a_message_has_parts) {
  const std::string body =
      R"({"model":"m","messages":[{"role":"user","content":"https://no/image.png"},)"
      R"({"role":"user","content":[{"type":"text","text":"see"},)"
      R"({"type":"image_url","image_url":{"url":"https://a/x\u002Epng","detail":"low"}}]},)"
      R"({"role":"tool","tool_call_id":"c","content":[{"type":"image_url","image_url":"http://b"}]}]})";
  EXPECT_EQ(found_in(body),
            (Strings{R"(messages[1].content[1] https://a/x.png "https://a/x\u002Epng")",
                     R"(messages[2].content[0] http://b "http://b")"}));
}

TEST(OpenAiChatMedia, are_none_where_nothing_is_elsewhere) {
  for (const char* part : {R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}})",
                           R"({"type":"image_url","image_url":{}})", R"({"type":"image_url"})",
                           R"({"type":"image_url","image_url":{"url":7}})",
                           R"({"type":"text","text":"https://a"})", "7"})
    EXPECT_EQ(found_in(fmt::format(R"({{"messages":[{{"content":[{}]}}]}})", part)), Strings{})
        << part;
  for (const char* body :
       {"{}", R"({"messages":{"content":[{"type":"image_url","image_url":"h"}]}})",
        R"({"messages":[1]})", "[]"})
    EXPECT_EQ(found_in(body), Strings{}) << body;
}

TEST(OpenAiChatMedia, come_along_where_the_address_stood) {
  const std::string head = R"({"model":"m","messages":[{"role":"user","content":[)";
  EXPECT_EQ(
      inlined(head + R"({"type":"image_url","image_url":{"url":"https://a","detail":"low"}}]}]})"),
      head +
          R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}]}]})");
  EXPECT_EQ(inlined(head + R"({"type":"image_url","image_url":"https://a"}]}]})"),
            head + R"({"type":"image_url","image_url":"data:image/png;base64,AAAA"}]}]})");
}

TEST(OpenAiChatMedia, reach_an_engine_only_when_they_come_along) {
  const std::string body =
      R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a"}}]}]})";
  EXPECT_EQ(lost_at_engine(body), Strings{"messages[0].content[0]"});
  EXPECT_EQ(lost_at_engine(inlined(body)), Strings{});
  EXPECT_EQ(lost_at_engine(emptied(body)), Strings{});
}

}  // namespace
}  // namespace naru::dialect
