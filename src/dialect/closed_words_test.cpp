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

TEST(TranslateAnswer, lets_no_foreign_role_through) {
  for (const auto& [dialect, body, told] : {
           std::tuple{
               &openai_chat(),
               R"({"id":"chatcmpl-1","choices":[{"message":{"role":"tool","content":"a"}}]})",
               R"({"id":"chatcmpl-1","choices":[{"message":{"role":"assistant","content":"a"}}]})"},
           std::tuple{&anthropic(), R"({"id":"msg_1","type":"message","role":5,"content":[]})",
                      R"({"id":"msg_1","type":"message","role":"assistant","content":[]})"},
       }) {
    AnswerFacts facts;
    EXPECT_EQ(translate_answer({dialect, dialect}, body, kOptions, facts).value_or(""), told);
  }
}

TEST(TranslateAnswer, refuses_items_whose_status_or_role_nobody_knows) {
  for (const std::string_view item : {R"({"type":"message","role":"tool","content":[]})",
                                      R"({"type":"message","status":"done","content":[]})",
                                      R"({"type":"function_call","status":"failed"})"})
    for (const Dialect* client : all_dialects()) {
      AnswerFacts facts;
      const std::string body =
          fmt::format(R"({{"id":"resp_1","status":"completed","output":[{}]}})", item);
      const auto answer = translate_answer({client, &openai_responses()}, body, kOptions, facts);
      ASSERT_FALSE(answer) << client->name() << " " << item;
      EXPECT_EQ(answer.error().kind, FaultKind::UpstreamInvalid);
    }
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

struct Crossed {
  std::string body;
  std::optional<Fault> fault = {};
  testing::Strings lost = {};
};
Crossed cross(const Dialect& client, const Dialect& upstream, const std::string& body) {
  const Parsed parsed(body);
  EXPECT_TRUE(parsed.ok()) << body;
  std::vector<chat::Loss> losses;
  const auto scan = client.scan_request(Operation::Chat, parsed.tree());
  EXPECT_TRUE(scan) << scan.error().detail;
  auto written = translate_request({&client, &upstream}, parsed.tree(), *scan,
                                   {.upstream_model = "m"}, losses);
  if (!written) return {.body = {}, .fault = written.error()};
  Crossed crossed{.body = *written};
  for (const chat::Loss& loss : losses) crossed.lost.push_back(loss.field);
  return crossed;
}

std::string chat_request(std::string_view part, std::string_view rest = {}) {
  return fmt::format(R"({{"model":"m","messages":[{{"role":"user","content":[{}]}}]{}}})", part,
                     rest);
}
std::string responses_request(std::string_view part, std::string_view rest = {}) {
  return fmt::format(R"({{"model":"m","input":[{{"role":"user","content":[{}]}}]{}}})", part, rest);
}
std::string anthropic_request(std::string_view part, std::string_view rest = {}) {
  return fmt::format(
      R"({{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":[{}]}}]{}}})", part,
      rest);
}
constexpr std::string_view kChatText = R"({"type":"text","text":"a"})";  // Anthropic's too
constexpr std::string_view kInputText = R"({"type":"input_text","text":"a"})";

TEST(TranslateRequest, refuses_words_that_the_clients_dialect_forbids) {
  struct Case {
    const Dialect* client;
    const Dialect* upstream;
    std::string body;
    std::string_view path;
    std::string_view said;
  };
  const Dialect* const chat = &openai_chat();
  const Dialect* const responses = &openai_responses();
  const Dialect* const claude = &anthropic();
  constexpr std::string_view kTiers = R"(,"service_tier":"best")";
  for (const Case& one : {
           Case{chat, claude,
                chat_request(
                    R"({"type":"image_url","image_url":{"url":"https://a/b","detail":"huge"}})"),
                "messages[0].content[0].image_url.detail",
                "is 'huge'; it must be one of auto, low"},
           Case{chat, responses, chat_request(kChatText, kTiers), "service_tier", "is 'best'"},
           Case{chat, claude, chat_request(kChatText, R"(,"verbosity":"loud")"), "verbosity",
                "is 'loud'"},
           Case{chat, responses,
                chat_request(kChatText, R"(,"response_format":{"type":"json_schema",)"
                                        R"("json_schema":{"name":"n","schema":[1]}})"),
                "response_format.json_schema.schema", "must be an object"},
           Case{chat, responses, R"({"model":"m","messages":[{"role":"boss","content":"a"}]})",
                "messages[0].role", "is 'boss'"},
           Case{responses, chat,
                responses_request(
                    R"({"type":"input_image","image_url":"https://a/b","detail":"huge"})"),
                "input[0].content[0].detail", "is 'huge'"},
           Case{responses, claude, responses_request(kInputText, kTiers), "service_tier",
                "is 'best'"},
           Case{responses, chat, R"({"model":"m","input":[{"role":"boss","content":"a"}]})",
                "input[0].role", "is 'boss'"},
           Case{claude, chat, anthropic_request(kChatText, R"(,"service_tier":"flex")"),
                "service_tier", "is 'flex'"},
           Case{claude, chat,
                anthropic_request(R"({"type":"image","source":{"type":"base64",)"
                                  R"("media_type":"image/bmp","data":"AA=="}})"),
                "messages[0].content[0].source.media_type", "is 'image/bmp'"},
           Case{claude, responses,
                anthropic_request(R"({"type":"document","source":{"type":"base64",)"
                                  R"("media_type":"text/html","data":"AA=="}})"),
                "messages[0].content[0].source.media_type", "is 'text/html'"},
       }) {
    const Crossed crossed = cross(*one.client, *one.upstream, one.body);
    ASSERT_TRUE(crossed.fault) << one.body;
    EXPECT_EQ(crossed.fault->kind, FaultKind::InvalidRequest);
    EXPECT_EQ(crossed.fault->param, one.path);
    EXPECT_NE(crossed.fault->detail.find(one.said), std::string::npos) << crossed.fault->detail;
  }
}

TEST(TranslateRequest, leaves_words_of_its_own_dialect_to_the_provider) {
  const std::string body =
      chat_request(R"({"type":"image_url","image_url":{"url":"https://a/b","detail":"huge"}})",
                   R"(,"service_tier":"best")");
  EXPECT_EQ(cross(openai_chat(), openai_chat(), body).body, body);
}

TEST(TranslateRequest, names_words_that_the_upstreams_dialect_alone_lacks) {
  const Crossed detail = cross(
      openai_responses(), openai_chat(),
      responses_request(R"({"type":"input_image","image_url":"https://a/b","detail":"original"})"));
  EXPECT_EQ(detail.lost, testing::Strings{"messages[0].content[0].detail"});
  EXPECT_NE(detail.body.find(R"("detail":"high")"), std::string::npos);

  const Crossed tier = cross(openai_responses(), openai_chat(),
                             responses_request(kInputText, R"(,"service_tier":"ultrafast")"));
  EXPECT_EQ(tier.lost, testing::Strings{"service_tier"});
  EXPECT_EQ(tier.body.find("service_tier"), std::string::npos);

  const auto image = [](std::string_view type) {
    return cross(openai_chat(), anthropic(),
                 chat_request(fmt::format(R"({},{{"type":"image_url","image_url":)"
                                          R"({{"url":"data:{};base64,AA=="}}}})",
                                          kChatText, type)));
  };
  EXPECT_EQ(image("image/bmp").lost, testing::Strings{"messages[0].content[1]"});
  EXPECT_EQ(image("").lost, testing::Strings{"messages[0].content[1]"});
  EXPECT_EQ(image("image/JPG").lost, testing::Strings{});
  EXPECT_NE(image("image/JPG").body.find(R"("media_type":"image/jpeg")"), std::string::npos);
}

}  // namespace
}  // namespace naru::dialect
