#include <gtest/gtest.h>

#include "dialect/testing.h"

namespace naru::dialect {
namespace {

using chat::Message;
using chat::Role;
using chat::Text;
using chat::ToolCall;
using chat::ToolResult;
using testing::Parsed;
using testing::Strings;

Result<chat::Request> read(const std::string& body) {
  const Parsed parsed(body);
  return openai_chat().read_request(parsed.tree());
}

Result<chat::Request> read_with(std::string_view members) {
  return read(
      fmt::format(R"({{"model":"m","messages":[{{"role":"user","content":"hi"}}],{}}})", members));
}

/// The one message of a request that holds only `message`.
Message read_message(std::string_view message) {
  const auto request = read(fmt::format(R"({{"model":"m","messages":[{}]}})", message));
  EXPECT_TRUE(request) << request.error().detail;
  return request ? request->messages.at(0) : Message{};
}

struct Written {
  std::string body;
  Strings losses;
};

Written write(const chat::Request& request) {
  std::vector<chat::Loss> losses;
  Written written{openai_chat().write_request(request, losses).value(), {}};
  for (const chat::Loss& loss : losses) written.losses.push_back(loss.field);
  EXPECT_TRUE(Parsed(written.body).ok()) << written.body;
  return written;
}

/// What is written of a request with `messages` alone, without its head and tail.
std::string messages_of(std::vector<Message> messages) {
  const std::string body = write({.model = "m", .messages = std::move(messages)}).body;
  const std::string head = R"({"model":"m","messages":[)";
  EXPECT_TRUE(body.starts_with(head)) << body;
  return body.substr(head.size(), body.size() - head.size() - 2);
}

std::string after_messages(chat::Request request) {
  request.messages = {{.role = Role::User, .parts = {Text{"hi"}}}};
  const std::string body = write(request).body;
  return body.substr(body.find("],") + 2);
}

TEST(OpenAiRequest, is_read_whole) {
  const auto request = read(testing::file("src/dialect/openai_chat/corpus/openai_chat_request/all.json"));
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->model, "o4-mini");
  EXPECT_EQ(request->messages.size(), 6U);
  EXPECT_EQ(request->tools,
            (std::vector<chat::Tool>{
                {"look", "looks", R"({"type":"object","properties":{"a":{"type":"number"}}})"}}));
  EXPECT_EQ(request->tool_choice, (chat::ToolChoice{chat::ToolChoice::Kind::Named, "look"}));
  EXPECT_EQ(request->parallel_tools, false);
  EXPECT_EQ(request->max_tokens, 100);
  EXPECT_EQ(request->temperature, 0.5);
  EXPECT_EQ(request->top_k, 40);
  EXPECT_EQ(request->stop, (Strings{"a", "b"}));
  EXPECT_EQ(request->user, "u1");
  EXPECT_TRUE(request->stream);
  EXPECT_FALSE(request->stream_usage);
}

TEST(OpenAiRequest, keeps_what_is_not_modelled_and_forgets_what_says_nothing) {
  const auto request = read_with(
      R"("seed":1e2,"n":1,"logprobs":false,"store":null,"n2":2,"response_format":{"type":"text"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->extra, (std::vector<json::RawField>{{"seed", "1e2"}, {"n2", "2"}}));
  EXPECT_EQ(read_with(R"("n":2)")->extra, (std::vector<json::RawField>{{"n", "2"}}));
}

TEST(OpenAiRequest, reads_each_role) {
  EXPECT_EQ(read_message(R"({"role":"system","content":"a"})"),
            (Message{Role::System, {Text{"a"}}}));
  EXPECT_EQ(read_message(R"({"role":"developer","content":"a"})"),
            (Message{Role::Developer, {Text{"a"}}}));
  EXPECT_EQ(read_message(R"({"role":"user","name":"n","content":"a"})"),
            (Message{Role::User, {Text{"a"}}, "n"}));
  EXPECT_EQ(
      read_message(
          R"({"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]})"),
      (Message{Role::User, {ToolResult{"c", "ab"}}}));
  EXPECT_EQ(read(R"({"model":"m","messages":[{"role":"narrator","content":"a"}]})").error().param,
            "messages[0].role");
}

TEST(OpenAiRequest, reads_an_assistants_turn_in_order) {
  const Message message = read_message(
      R"({"role":"assistant","content":"let me","reasoning_content":"hm","refusal":null,)"
      R"("tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]})");
  EXPECT_EQ(message,
            (Message{Role::Assistant,
                     {chat::Thinking{"hm", ""}, Text{"let me"}, ToolCall{"c", "f", "{}"}}}));
}

TEST(OpenAiRequest, reads_the_older_functions_as_tools) {
  const auto request =
      read(R"({"model":"m","functions":[{"name":"f"}],"function_call":{"name":"f"},"messages":[)"
           R"({"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},)"
           R"({"role":"function","name":"f","content":"1"}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->tools.at(0).name, "f");
  EXPECT_EQ(request->tool_choice->name, "f");
  EXPECT_EQ(request->messages.at(0).parts, (std::vector<chat::Part>{ToolCall{"f", "f", "{}"}}));
  EXPECT_EQ(request->messages.at(1).parts, (std::vector<chat::Part>{ToolResult{"f", "1"}}));
}

TEST(OpenAiRequest, reads_images_by_address_and_by_bytes) {
  const Message message = read_message(
      R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b.png","detail":"low"}},)"
      R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]})");
  EXPECT_EQ(
      message.parts,
      (std::vector<chat::Part>{
          chat::Image{.url = "https://a/b.png", .data = {}, .media_type = {}, .detail = "low"},
          chat::Image{.url = {}, .data = "AA==", .media_type = "image/png", .detail = {}}}));
}

TEST(OpenAiRequest, keeps_parts_of_other_kinds_by_the_byte) {
  const Message message =
      read_message(R"({"role":"user","content":[{"type":"file", "file":{"file_id":"f"}}]})");
  EXPECT_EQ(message.parts, (std::vector<chat::Part>{chat::Opaque{
                               "file", R"({"type":"file", "file":{"file_id":"f"}})"}}));
}

TEST(OpenAiRequest, keeps_inner_fields_it_does_not_model_by_their_path) {
  const auto request = read(
      R"({"model":"m","tools":[{"type":"function","function":{"name":"f","strict":true}},)"
      R"({"type":"function","function":{"name":"g","strict":false}}],"messages":[{"role":"user",)"
      R"("content":[{"type":"text","text":"a","cache_control":{}}]},{"role":"assistant",)"
      R"("tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"},"extra_content":1}]}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->extra, (std::vector<json::RawField>{{"tools[0].function.strict", "true"}}));
  EXPECT_EQ(request->messages.at(0).extra,
            (std::vector<json::RawField>{{"content[0].cache_control", "{}"}}));
  EXPECT_EQ(request->messages.at(1).extra,
            (std::vector<json::RawField>{{"tool_calls[0].extra_content", "1"}}));
  EXPECT_EQ(write(*request).losses,
            (Strings{"messages[0].content[0].cache_control",
                     "messages[1].tool_calls[0].extra_content", "tools[0].function.strict"}));
}

TEST(OpenAiRequest, names_each_field_it_cannot_read) {
  EXPECT_EQ(read_with(R"("temperature":3)").error().param, "temperature");
  EXPECT_EQ(read_with(R"("tools":[{"type":"web_search"}])").error().param, "tools[0].type");
  EXPECT_EQ(read_with(R"("tools":[{"type":"function","function":{}}])").error().param,
            "tools[0].function.name");
  EXPECT_EQ(read_with(R"("tool_choice":"sometimes")").error().param, "tool_choice");
}

TEST(OpenAiRequest, writes_texts_plainly_and_mixed_parts_as_a_list) {
  EXPECT_EQ(messages_of({{Role::System, {Text{"be\n\"brief\""}}}}),
            R"({"role":"system","content":"be\n\"brief\""})");
  EXPECT_EQ(
      messages_of(
          {{Role::User,
            {Text{"a"},
             chat::Image{.url = {}, .data = "AA==", .media_type = "image/png", .detail = "low"}}}}),
      R"({"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url",)"
      R"("image_url":{"url":"data:image/png;base64,AA==","detail":"low"}}]})");
}

TEST(OpenAiRequest, writes_tool_results_as_messages_of_their_own) {
  EXPECT_EQ(messages_of({{Role::User, {ToolResult{"a", "1"}, ToolResult{"b", "2"}, Text{"and"}}}}),
            R"({"role":"tool","tool_call_id":"a","content":"1"},)"
            R"({"role":"tool","tool_call_id":"b","content":"2"},{"role":"user","content":"and"})");
}

TEST(OpenAiRequest, writes_calls_with_arguments_clients_can_parse) {
  EXPECT_EQ(messages_of({{Role::Assistant, {ToolCall{"c", "f", ""}}}}),
            R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",)"
            R"("function":{"name":"f","arguments":"{}"}}]})");
}

TEST(OpenAiRequest, tells_what_it_cannot_carry) {
  const chat::Request request{
      .model = "m",
      .messages = {{Role::Assistant, {chat::Thinking{"hm", "sig"}, Text{"a"}}},
                   {Role::User, {ToolResult{"c", "no", true}, ToolCall{"c", "f", ""}}}},
      .top_k = 5};
  EXPECT_EQ(write(request).losses,
            (Strings{"messages[0].content[0]", "messages[1].content[0].is_error",
                     "messages[1].content[1]", "top_k"}));
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

TEST(OpenAiRequest, writes_sampling_tools_and_stream) {
  chat::Request request{.model = "m", .messages = {}};
  request.tools = {{"f", "does", R"({"type":"object"})"}, {"g", "", ""}};
  request.tool_choice = chat::ToolChoice{chat::ToolChoice::Kind::Any};
  request.parallel_tools = false;
  request.temperature = 0.1;
  request.top_p = 1;
  request.stop = {"x"};
  request.user = "u";
  request.stream = request.stream_usage = true;
  request.extra = {{"seed", "1e2"}};
  EXPECT_EQ(after_messages(request),
            R"("tools":[{"type":"function","function":{"name":"f","description":"does",)"
            R"("parameters":{"type":"object"}}},{"type":"function","function":{"name":"g"}}],)"
            R"("tool_choice":"required","parallel_tool_calls":false,"temperature":0.1,"top_p":1,)"
            R"("stop":["x"],"user":"u","stream":true,"stream_options":{"include_usage":true},)"
            R"("seed":1e2})");
}

TEST(OpenAiRequest, survives_its_own_round_trip) {
  const auto first = read(testing::file("src/dialect/openai_chat/corpus/openai_chat_request/all.json"));
  ASSERT_TRUE(first);
  chat::Request request = *first;
  for (Message& message : request.messages)  // reasoning is a loss, told above
    std::erase_if(message.parts, [](const chat::Part& part) {
      return std::holds_alternative<chat::Thinking>(part);
    });
  std::erase_if(request.extra, [](const json::RawField& field) {
    return field.name.find('[') != std::string::npos;
  });
  request.top_k.reset();
  request.stream_usage = true;
  const auto second = read(write(request).body);
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_EQ(*second, request);
}

}  // namespace
}  // namespace naru::dialect
