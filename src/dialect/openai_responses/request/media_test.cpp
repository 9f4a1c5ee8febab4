#include <gtest/gtest.h>

#include "dialect/testing_media.h"

namespace naru::dialect {
namespace {

using testing::Strings;

Strings found_in(const std::string& body) { return testing::media_in(openai_responses(), body); }
std::string inlined(const std::string& body) {
  return testing::with_image(openai_responses(), body);
}
std::string emptied(const std::string& body) {
  return testing::without_media(openai_responses(), body);
}
Strings lost_at_engine(const std::string& body) {
  return testing::lost_at_engine(openai_responses(), body);
}

TEST(OpenAiResponsesMedia, are_images_by_address_in_messages_and_outputs) {
  const std::string body =
      R"({"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"see"},)"
      R"({"type":"input_image","image_url":"https://a/x.png","detail":"low"}]},)"
      R"({"type":"function_call_output","call_id":"c","output":[{"type":"input_image","image_url":"http://b"}]}]})";
  EXPECT_EQ(found_in(body), (Strings{R"(input[0].content[1] https://a/x.png "https://a/x.png")",
                                     R"(input[1].output[0] http://b "http://b")"}));
}

TEST(OpenAiResponsesMedia, are_none_where_nothing_is_elsewhere) {
  for (const char* part : {R"({"type":"input_image","image_url":"data:image/png;base64,AA"})",
                           R"({"type":"input_image","image_url":null,"file_id":"f"})",
                           R"({"type":"input_image","image_url":{"url":"https://a"}})",
                           R"({"type":"input_file","file_url":"https://a"})", "7"})
    EXPECT_EQ(found_in(fmt::format(R"({{"input":[{{"role":"user","content":[{}]}}]}})", part)),
              Strings{})
        << part;
  for (const char* body : {"{}", R"({"input":"https://a"})", R"({"input":[1]})", "[]"})
    EXPECT_EQ(found_in(body), Strings{}) << body;
}

TEST(OpenAiResponsesMedia, come_along_where_the_address_stood) {
  const std::string head = R"({"model":"m","input":[{"role":"user","content":[)";
  EXPECT_EQ(
      inlined(head + R"({"type":"input_image","image_url":"https://a","detail":"low"}]}]})"),
      head +
          R"({"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"low"}]}]})");
}

TEST(OpenAiResponsesMedia, reach_an_engine_only_when_they_come_along) {
  const std::string body =
      R"({"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"https://a"}]}]})";
  EXPECT_EQ(lost_at_engine(body), Strings{"input[0].content[0]"});
  EXPECT_EQ(lost_at_engine(inlined(body)), Strings{});
  EXPECT_EQ(lost_at_engine(emptied(body)), Strings{});
}

}  // namespace
}  // namespace naru::dialect
