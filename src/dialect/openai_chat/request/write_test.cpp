#include <gtest/gtest.h>

#include "dialect/testing.h"

namespace naru::dialect {
namespace {

using chat::Message;
using chat::Role;
using chat::Seal;
using chat::Text;
using chat::Thinking;
using chat::ToolCall;
using chat::ToolResult;
using testing::Parsed;
using testing::Strings;

struct Written {
  std::string body;
  Strings losses;
};

Written write(const chat::Request& request) {
  std::vector<chat::Loss> losses;
  Written written{openai_chat().write_request(Operation::Chat, request, losses).value(), {}};
  for (const chat::Loss& loss : losses) written.losses.push_back(loss.field);
  EXPECT_TRUE(Parsed(written.body).ok()) << written.body;
  return written;
}

/// `messages` alone, without the request's head and tail, and what they lose.
Written write_messages(std::vector<Message> messages) {
  Written written = write({.model = "m", .messages = std::move(messages)});
  const std::string head = R"({"model":"m","messages":[)";
  EXPECT_TRUE(written.body.starts_with(head)) << written.body;
  written.body = written.body.substr(head.size(), written.body.size() - head.size() - 2);
  return written;
}
std::string messages_of(std::vector<Message> messages) {
  return write_messages(std::move(messages)).body;
}

std::string after_messages(chat::Request request) {
  request.messages = {{.role = Role::User, .parts = {Text{"hi"}}}};
  const std::string body = write(request).body;
  return body.substr(body.find("],") + 2);
}

chat::Request asking(chat::Reasoning reasoning) {
  return {.model = "m", .messages = {}, .reasoning = std::move(reasoning)};
}

const chat::Image kImage{.url = {}, .data = "AA==", .media_type = "image/png", .detail = "low"};
constexpr std::string_view kImagePart =
    R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA==","detail":"low"}})";

chat::Document pdf(std::string name) {
  chat::Document document;
  document.data = "AA==";
  document.media_type = "application/pdf";
  document.name = std::move(name);
  return document;
}

Text refusal(std::string text) {
  Text said;
  said.text = std::move(text);
  said.refusal = true;
  return said;
}

TEST(OpenAiWriteRequest, writes_texts_plainly_and_mixed_parts_as_a_list) {
  EXPECT_EQ(messages_of({{Role::System, {Text{"be\n\"brief\""}}}}),
            R"({"role":"system","content":"be\n\"brief\""})");
  EXPECT_EQ(
      messages_of({{Role::User, {Text{"a"}, kImage}}}),
      fmt::format(R"({{"role":"user","content":[{{"type":"text","text":"a"}},{}]}})", kImagePart));
}

TEST(OpenAiWriteRequest, writes_documents_as_files) {
  EXPECT_EQ(messages_of({{Role::User, {pdf("a.pdf"), pdf("")}}}),
            R"({"role":"user","content":[{"type":"file","file":{"filename":"a.pdf",)"
            R"("file_data":"data:application/pdf;base64,AA=="}},)"
            R"({"type":"file","file":{"filename":"document.pdf",)"
            R"("file_data":"data:application/pdf;base64,AA=="}}]})");
}

TEST(OpenAiWriteRequest, tells_what_of_a_document_stays_behind) {
  chat::Document linked;
  linked.url = "https://a";
  chat::Document plain;
  plain.text = "words";
  plain.context = "a letter";
  plain.cite = true;
  plain.cache = chat::CacheMark::OneHour;
  const Written written = write_messages({{Role::User, {linked, plain}}});
  EXPECT_EQ(written.body, R"({"role":"user","content":[{"type":"text","text":"words"}]})");
  EXPECT_EQ(
      written.losses,
      (Strings{"messages[0].content[0]", "messages[0].content[1]", "messages[0].content[1].context",
               "messages[0].content[1].citations", "messages[0].content[1].cache_control"}));
}

TEST(OpenAiWriteRequest, writes_tool_results_as_messages_of_their_own) {
  EXPECT_EQ(messages_of({{Role::User,
                          {ToolResult{"a", {Text{"1"}}}, ToolResult{"b", {Text{"2"}, Text{"3"}}},
                           ToolResult{"c", {}}, Text{"and"}}}}),
            R"({"role":"tool","tool_call_id":"a","content":"1"},)"
            R"({"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"2"},)"
            R"({"type":"text","text":"3"}]},{"role":"tool","tool_call_id":"c","content":""},)"
            R"({"role":"user","content":"and"})");
}

TEST(OpenAiWriteRequest, sends_images_of_results_behind_the_last_of_them) {
  const Written written = write_messages({{Role::User, {ToolResult{"a", {Text{"1"}, kImage}}}},
                                          {Role::User, {ToolResult{"b", {pdf("b.pdf")}}}},
                                          {Role::Assistant, {Text{"so"}}}});
  EXPECT_EQ(
      written.body,
      fmt::format(R"({{"role":"tool","tool_call_id":"a","content":"1"}},)"
                  R"({{"role":"tool","tool_call_id":"b","content":""}},)"
                  R"({{"role":"user","content":[{},{{"type":"file","file":)"
                  R"({{"filename":"b.pdf","file_data":"data:application/pdf;base64,AA=="}}}}]}},)"
                  R"({{"role":"assistant","content":"so"}})",
                  kImagePart));
  EXPECT_EQ(written.losses,
            (Strings{"messages[0].content[0].content[1]", "messages[1].content[0].content[0]"}));
}

TEST(OpenAiWriteRequest, writes_calls_with_arguments_clients_can_parse) {
  EXPECT_EQ(messages_of({{Role::Assistant, {ToolCall{"c", "f", ""}}}}),
            R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",)"
            R"("function":{"name":"f","arguments":"{}"}}]})");
}

TEST(OpenAiWriteRequest, writes_one_refusal_behind_all_text_apart) {
  EXPECT_EQ(messages_of({{Role::Assistant, {Text{"well"}, refusal("no")}}}),
            R"({"role":"assistant","content":"well","refusal":"no"})");
  EXPECT_EQ(messages_of({{Role::Assistant, {refusal("no")}}}),
            R"({"role":"assistant","content":null,"refusal":"no"})");
  EXPECT_EQ(messages_of({{Role::Assistant, {refusal("no"), Text{"well"}}}}),
            R"({"role":"assistant","content":[{"type":"refusal","refusal":"no"},)"
            R"({"type":"text","text":"well"}]})");
}

TEST(OpenAiWriteRequest, gives_reasoning_back_to_whom_it_came_from) {
  EXPECT_EQ(messages_of({{Role::Assistant, {Thinking{.text = "hm"}, Text{"a"}}}}),
            R"({"role":"assistant","content":"a","reasoning_content":"hm"})");
  const Thinking own{
      .text = "hm", .sealed = "s", .seal = Seal::Signature, .id = {}, .origin = "up"};
  const Thinking hidden{
      .text = {}, .sealed = "e", .seal = Seal::Encrypted, .id = {}, .origin = "up"};
  EXPECT_EQ(messages_of({{Role::Assistant, {own, hidden, Text{"a"}}}}),
            R"({"role":"assistant","content":"a","reasoning_details":[)"
            R"({"type":"reasoning.text","text":"hm","signature":"s","index":0},)"
            R"({"type":"reasoning.encrypted","data":"e","index":1}]})");
}

TEST(OpenAiWriteRequest, takes_no_reasoning_of_other_dialects) {
  const std::vector<Thinking> foreign = {
      {.text = "hm", .sealed = "s", .seal = Seal::Signature},
      {.text = {}, .sealed = "s", .seal = Seal::Redacted, .id = {}, .origin = "up"},
      {.text = {}, .sealed = "s", .seal = Seal::Encrypted, .id = "rs_1", .origin = "up"}};
  for (const Thinking& thinking : foreign) {
    const Written written = write_messages({{Role::Assistant, {thinking, Text{"a"}}}});
    EXPECT_EQ(written.body, R"({"role":"assistant","content":"a"})");
    EXPECT_EQ(written.losses, Strings{"messages[0].content[0]"});
  }
}

TEST(OpenAiWriteRequest, tells_what_it_cannot_carry) {
  Text marked{"a"};
  marked.cache = chat::CacheMark::FiveMinutes;
  marked.citations = {{.url = "https://a"}};
  ToolCall call{"c", "f", "{}"};
  call.cache = chat::CacheMark::FiveMinutes;
  chat::Request request{
      .model = "m",
      .messages = {{Role::Assistant, {marked, call, kImage}},
                   {Role::User, {ToolResult{"c", {Text{"no"}}, true}, ToolCall{"c", "f", ""}}}}};
  request.tools = {{.name = "f",
                    .description = {},
                    .parameters = {},
                    .strict = {},
                    .cache = chat::CacheMark::OneHour}};
  request.sampling.top_k = 5;
  EXPECT_EQ(write(request).losses,
            (Strings{"messages[0].content[0].citations", "messages[0].content[0].cache_control",
                     "messages[0].content[1].cache_control", "messages[0].content[2]",
                     "messages[1].content[0].is_error", "messages[1].content[1]",
                     "tools[0].cache_control", "top_k"}));
}

TEST(OpenAiWriteRequest, tells_inner_fields_that_have_no_place_to_go_back_to) {
  const chat::Request request{.model = "m",
                              .messages = {{.role = Role::User,
                                            .parts = {Text{"a"}},
                                            .extra = {{"content[0].x", "1"}, {"y", "2"}}}},
                              .extra = {{"stream_options.z", "true"}, {"w", "3"}}};
  const Written written = write(request);
  EXPECT_EQ(written.body,
            R"({"model":"m","messages":[{"role":"user","content":"a","y":2}],"w":3})");
  EXPECT_EQ(written.losses, (Strings{"messages[0].content[0].x", "stream_options.z"}));
}

struct Limit {
  std::string_view model;
  std::string_view field;
};
class OpenAiLimit : public ::testing::TestWithParam<Limit> {};
TEST_P(OpenAiLimit, has_the_name_the_model_knows) {
  chat::Request request{.model = std::string(GetParam().model), .messages = {}};
  request.max_tokens = 5;
  EXPECT_EQ(after_messages(request), fmt::format(R"("{}":5}})", GetParam().field));
}
INSTANTIATE_TEST_SUITE_P(Models, OpenAiLimit,
                         ::testing::Values(Limit{"gpt-4o", "max_tokens"},
                                           Limit{"gpt-oss-120b", "max_tokens"},
                                           Limit{"olmo-2", "max_tokens"},
                                           Limit{"o3", "max_completion_tokens"},
                                           Limit{"o4-mini", "max_completion_tokens"},
                                           Limit{"gpt-5.1", "max_completion_tokens"},
                                           Limit{"openai/gpt-5", "max_completion_tokens"},
                                           Limit{"gpt-10", "max_completion_tokens"}));

TEST(OpenAiWriteRequest, writes_sampling_tools_and_stream) {
  chat::Request request{.model = "m", .messages = {}};
  request.tools = {{.name = "f", .description = "does", .parameters = R"({"type":"object"})"},
                   {.name = "g", .description = {}, .parameters = {}, .strict = true},
                   {.name = "h", .description = {}, .parameters = {}, .strict = false}};
  request.tool_choice = chat::ToolChoice{chat::ToolChoice::Kind::Any};
  request.parallel_tools = false;
  request.sampling.temperature = 0.1;
  request.sampling.top_p = 1;
  request.stop = {"x"};
  request.user = "u";
  request.stream = request.stream_usage = true;
  request.extra = {{"x", "1e2"}};
  EXPECT_EQ(after_messages(request),
            R"("tools":[{"type":"function","function":{"name":"f","description":"does",)"
            R"("parameters":{"type":"object"}}},{"type":"function","function":{"name":"g",)"
            R"("strict":true}},{"type":"function","function":{"name":"h"}}],)"
            R"("tool_choice":"required","parallel_tool_calls":false,"stop":["x"],)"
            R"("temperature":0.1,"top_p":1,"user":"u","stream":true,)"
            R"("stream_options":{"include_usage":true},"x":1e2})");
}

TEST(OpenAiWriteRequest, writes_which_tools_are_allowed) {
  chat::Request request{.model = "m", .messages = {}};
  request.tool_choice = {.kind = chat::ToolChoice::Kind::Auto, .name = {}, .allowed = {"f", "g"}};
  EXPECT_EQ(after_messages(request),
            R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[)"
            R"({"type":"function","function":{"name":"f"}},)"
            R"({"type":"function","function":{"name":"g"}}]}}})");
}

TEST(OpenAiWriteRequest, names_a_schema_that_has_no_name) {
  chat::Request request{.model = "m", .messages = {}};
  request.format = {.kind = chat::Format::Kind::Schema, .schema = "{}"};
  EXPECT_EQ(after_messages(request), R"("response_format":{"type":"json_schema","json_schema":)"
                                     R"({"name":"answer","schema":{}}}})");
}

struct Thought {
  chat::Reasoning reasoning;
  std::string_view effort;
  Strings losses = {};
};
class OpenAiEffort : public ::testing::TestWithParam<Thought> {};
TEST_P(OpenAiEffort, is_the_nearest_there_is) {
  const Written written = write(asking(GetParam().reasoning));
  const std::string_view effort = GetParam().effort;
  EXPECT_EQ(written.body, fmt::format(R"({{"model":"m","messages":[]{}{}{}}})",
                                      effort.empty() ? "" : R"(,"reasoning_effort":")", effort,
                                      effort.empty() ? "" : R"(")"));
  EXPECT_EQ(written.losses, GetParam().losses);
}
using Effort = chat::Reasoning::Effort;
using Mode = chat::Reasoning::Mode;
INSTANTIATE_TEST_SUITE_P(
    Words, OpenAiEffort,
    ::testing::Values(
        Thought{{.effort = Effort::None}, "none"}, Thought{{.effort = Effort::XHigh}, "xhigh"},
        Thought{{.effort = Effort::Max}, "max"}, Thought{{.mode = Mode::Off}, ""},
        Thought{{.effort = Effort::Low, .mode = Mode::Off}, "", {"reasoning.effort"}},
        Thought{{.mode = Mode::Budget, .budget = 2048}, "low", {"reasoning.budget"}},
        Thought{{.mode = Mode::Budget, .budget = 2049}, "medium", {"reasoning.budget"}},
        Thought{{.mode = Mode::Budget, .budget = 8193}, "high", {"reasoning.budget"}},
        Thought{{.effort = Effort::Low, .mode = Mode::Budget, .budget = 9000},
                "low",
                {"reasoning.budget"}},
        Thought{{.mode = Mode::Adaptive}, ""},
        Thought{{.effort = Effort::High, .mode = Mode::Adaptive}, "high"},
        Thought{{.effort = Effort::Low, .summary = "auto"}, "low", {"reasoning.summary"}},
        Thought{{.display = "summarized"}, "", {"reasoning.summary"}},
        Thought{{.display = "omitted"}, ""}));

}  // namespace
}  // namespace naru::dialect
