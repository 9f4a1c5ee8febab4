#include <gtest/gtest.h>

#include "dialect/seals.h"
#include "dialect/testing.h"

namespace naru::dialect {
namespace {

using chat::Message;
using chat::Role;
using chat::Text;
using chat::Thinking;
using chat::ToolCall;
using chat::ToolResult;
using testing::Parsed;
using testing::Strings;
using Parts = std::vector<chat::Part>;
using Raws = std::vector<json::RawField>;

Result<chat::Request> read(const std::string& body) {
  const Parsed parsed(body);
  return openai_chat().read_request(Operation::Chat, parsed.tree());
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

Parts parts_of(std::string_view content) {
  return read_message(fmt::format(R"({{"role":"user","content":[{}]}})", content)).parts;
}

Text refusal(std::string text) {
  Text said;
  said.text = std::move(text);
  said.refusal = true;
  return said;
}

TEST(OpenAiReadRequest, takes_the_whole) {
  const auto request =
      read(testing::file("src/dialect/openai_chat/corpus/openai_chat_request/all.json"));
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->model, "o4-mini");
  EXPECT_EQ(request->messages.size(), 6U);
  EXPECT_EQ(request->tools,
            (std::vector<chat::Tool>{{.name = "look",
                                      .description = "looks",
                                      .parameters = R"({"type":"object","properties":)"
                                                    R"({"a":{"type":"number"}}})",
                                      .strict = true}}));
  EXPECT_EQ(request->tool_choice, (chat::ToolChoice{chat::ToolChoice::Kind::Named, "look"}));
  EXPECT_EQ(request->parallel_tools, false);
  EXPECT_EQ(request->max_tokens, 100);
  EXPECT_EQ(request->sampling, (chat::Sampling{.temperature = 0.5,
                                               .top_p = 0.9,
                                               .top_k = 40,
                                               .seed = 100,
                                               .logit_bias = R"({"50256":-100})"}));
  EXPECT_EQ(request->stop, (Strings{"a", "b"}));
  EXPECT_EQ(request->format.kind, chat::Format::Kind::Json);
  EXPECT_EQ(request->user, "u1");
  EXPECT_TRUE(request->stream);
  EXPECT_FALSE(request->stream_usage);
  EXPECT_EQ(request->extra, (Raws{{"chat_template_kwargs", R"({"enable_thinking":false})"},
                                  {"grammar", R"("root ::= x")"},
                                  {"unknown", R"({"deep":["text"]})"}}));
}

TEST(OpenAiReadRequest, takes_settings_of_the_account_and_the_answer) {
  const auto request =
      read_with(R"("n":3,"verbosity":"low","reasoning_effort":"minimal","safety_identifier":"s",)"
                R"("metadata":{"a":"b"},"service_tier":"flex","prompt_cache_key":"k",)"
                R"("prompt_cache_retention":"24h","logprobs":true,"top_logprobs":2,"seed":-7,)"
                R"("frequency_penalty":-1.5,"presence_penalty":2)");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->choices, 3);
  EXPECT_EQ(request->verbosity, "low");
  EXPECT_EQ(request->reasoning, (chat::Reasoning{.effort = chat::Reasoning::Effort::Minimal}));
  EXPECT_EQ(request->safety_id, "s");
  EXPECT_EQ(request->metadata, R"({"a":"b"})");
  EXPECT_EQ(request->service_tier, "flex");
  EXPECT_EQ(request->cache_key, "k");
  EXPECT_EQ(request->cache_retention, "24h");
  EXPECT_EQ(request->sampling, (chat::Sampling{.frequency_penalty = -1.5,
                                               .presence_penalty = 2,
                                               .seed = -7,
                                               .logprobs = true,
                                               .top_logprobs = 2}));
  EXPECT_EQ(request->extra, Raws{});
}

class OpenAiDefault : public ::testing::TestWithParam<std::string_view> {};
TEST_P(OpenAiDefault, says_nothing) {
  const auto request = read_with(GetParam());
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(*request, *read_with(R"("store":null)"));
}
INSTANTIATE_TEST_SUITE_P(Fields, OpenAiDefault,
                         ::testing::Values(R"("n":1)", R"("logprobs":false)", R"("store":false)",
                                           R"("presence_penalty":0.0)", R"("frequency_penalty":0)",
                                           R"("top_logprobs":0)",
                                           R"("response_format":{"type":"text"})",
                                           R"("modalities":["text"])", R"("logit_bias":{})",
                                           R"("metadata":{})", R"("top_k":-1)",
                                           R"("stream_options":{"include_obfuscation":false})",
                                           R"("tools":[])", R"("reasoning_effort":null)"));

TEST(OpenAiReadRequest, keeps_what_is_not_modelled) {
  const auto request = read_with(
      R"("n2":2,"store":true,"reasoning_effort":"ultra","response_format":{"type":"grammar"},)"
      R"("stream_options":{"include_usage":true,"include_obfuscation":true})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->extra, (Raws{{"response_format", R"({"type":"grammar"})"},
                                  {"reasoning_effort", R"("ultra")"},
                                  {"stream_options.include_obfuscation", "true"},
                                  {"n2", "2"},
                                  {"store", "true"}}));
}

TEST(OpenAiReadRequest, reads_each_form_of_an_answer) {
  using Kind = chat::Format::Kind;
  EXPECT_EQ(read_with(R"("response_format":{"type":"json_object"})")->format,
            (chat::Format{.kind = Kind::Json}));
  EXPECT_EQ(read_with(R"("response_format":{"type":"json_schema","json_schema":{"name":"n",)"
                      R"("description":"d","schema":{"type":"object"},"strict":true}})")
                ->format,
            (chat::Format{.kind = Kind::Schema,
                          .name = "n",
                          .description = "d",
                          .schema = R"({"type":"object"})",
                          .strict = true}));
}

TEST(OpenAiReadRequest, reads_each_choice_of_tools) {
  using Kind = chat::ToolChoice::Kind;
  const auto choice = [](std::string_view value) {
    return read_with(fmt::format(R"("tool_choice":{})", value))->tool_choice.value();
  };
  EXPECT_EQ(choice(R"("required")"), chat::ToolChoice{Kind::Any});
  EXPECT_EQ(choice(R"({"type":"function","function":{"name":"f"}})"),
            (chat::ToolChoice{Kind::Named, "f"}));
  EXPECT_EQ(choice(R"({"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[)"
                   R"({"type":"function","function":{"name":"f"}},)"
                   R"({"type":"function","function":{"name":"g"}}]}})"),
            (chat::ToolChoice{.kind = Kind::Any, .name = {}, .allowed = {"f", "g"}}));
}

TEST(OpenAiReadRequest, keeps_tools_of_other_kinds_whole) {
  const auto request = read_with(
      R"("tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{}}],)"
      R"("tool_choice":{"type":"custom","custom":{"name":"g"}})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->tools.size(), 1U);
  EXPECT_EQ(request->tools.at(0).strict, false);
  EXPECT_EQ(request->extra, (Raws{{"tools[1]", R"({"type":"custom","custom":{}})"},
                                  {"tool_choice", R"({"type":"custom","custom":{"name":"g"}})"}}));
}

TEST(OpenAiReadRequest, reads_each_role) {
  EXPECT_EQ(read_message(R"({"role":"system","content":"a"})"),
            (Message{Role::System, {Text{"a"}}}));
  EXPECT_EQ(read_message(R"({"role":"developer","content":"a"})"),
            (Message{Role::Developer, {Text{"a"}}}));
  EXPECT_EQ(read_message(R"({"role":"user","name":"n","content":"a"})"),
            (Message{Role::User, {Text{"a"}}, "n"}));
  EXPECT_EQ(read_message(R"({"role":"tool","tool_call_id":"c","content":"a"})"),
            (Message{Role::User, {ToolResult{"c", {Text{"a"}}}}}));
  EXPECT_EQ(read(R"({"model":"m","messages":[{"role":"narrator","content":"a"}]})").error().param,
            "messages[0].role");
}

TEST(OpenAiReadRequest, keeps_the_parts_of_a_result_apart) {
  const Message message =
      read_message(R"({"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"a"},)"
                   R"({"type":"image_url","image_url":{"url":"https://a"}},{"type":"odd"}]})");
  EXPECT_EQ(
      message.parts,
      (Parts{ToolResult{
          "c",
          {Text{"a"}, chat::Image{.url = "https://a", .data = {}, .media_type = {}, .detail = {}},
           chat::Opaque{"odd", R"({"type":"odd"})"}}}}));
}

TEST(OpenAiReadRequest, reads_an_assistants_turn_in_order) {
  const Message message = read_message(
      R"({"role":"assistant","content":"let me","reasoning_content":"hm","refusal":"no",)"
      R"("tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]})");
  EXPECT_EQ(message,
            (Message{Role::Assistant,
                     {Thinking{"hm"}, Text{"let me"}, refusal("no"), ToolCall{"c", "f", "{}"}}}));
}

TEST(OpenAiReadRequest, reads_refusals_among_the_content) {
  EXPECT_EQ(
      read_message(R"({"role":"assistant","content":[{"type":"refusal","refusal":"no"}]})").parts,
      (Parts{refusal("no")}));
}

TEST(OpenAiReadRequest, reads_sealed_reasoning_instead_of_what_it_shows) {
  const Thinking signed_one{.text = "hm", .sealed = "s:1", .seal = chat::Seal::Signature};
  Thinking wrapped = signed_one;
  wrapped.origin = "there";
  const std::string seal = wrap_seal(signed_one, "there");
  const Message message = read_message(fmt::format(
      R"({{"role":"assistant","content":"a","reasoning_content":"hm","reasoning_details":[)"
      R"({{"type":"reasoning.text","text":"hm","signature":"{}","index":0}},)"
      R"({{"type":"reasoning.text","text":"hm","signature":"s:1","index":1}},)"
      R"({{"type":"reasoning.encrypted","data":"e","id":"rs_1"}},{{"type":"odd"}}]}})",
      seal));
  const Thinking hidden{.text = {}, .sealed = "e", .seal = chat::Seal::Encrypted, .id = "rs_1"};
  EXPECT_EQ(message.parts, (Parts{wrapped, signed_one, hidden, Text{"a"}}));
  EXPECT_EQ(message.extra, (Raws{{"reasoning_details[3]", R"({"type":"odd"})"}}));
}

TEST(OpenAiReadRequest, reads_shown_reasoning_where_there_are_no_details) {
  EXPECT_EQ(read_message(R"({"role":"assistant","reasoning":"hm","reasoning_details":[]})").parts,
            (Parts{Thinking{"hm"}}));
}

TEST(OpenAiReadRequest, takes_back_what_an_answer_cited) {
  const std::string cited = R"({"type":"url_citation","url_citation":{"url":"https://a"}})";
  const Message message = read_message(
      fmt::format(R"({{"role":"assistant","content":"a","annotations":[{}]}})", cited));
  EXPECT_EQ(
      std::get<Text>(message.parts.at(0)).citations,
      (std::vector<chat::Citation>{{.url = "https://a", .title = {}, .quote = {}, .raw = cited}}));
  EXPECT_EQ(read_message(R"({"role":"assistant","content":"a","annotations":[]})").extra, Raws{});
}

TEST(OpenAiReadRequest, reads_the_older_functions_as_tools) {
  const auto request =
      read(R"({"model":"m","functions":[{"name":"f"}],"function_call":{"name":"f"},"messages":[)"
           R"({"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},)"
           R"({"role":"function","name":"f","content":"1"}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->tools.at(0).name, "f");
  EXPECT_EQ(request->tool_choice->name, "f");
  EXPECT_EQ(request->messages.at(0).parts, (Parts{ToolCall{"f", "f", "{}"}}));
  EXPECT_EQ(request->messages.at(1).parts, (Parts{ToolResult{"f", {Text{"1"}}}}));
}

TEST(OpenAiReadRequest, reads_images_by_address_and_by_bytes) {
  EXPECT_EQ(
      parts_of(R"({"type":"image_url","image_url":{"url":"https://a/b.png","detail":"low"}},)"
               R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}})"),
      (Parts{chat::Image{.url = "https://a/b.png", .data = {}, .media_type = {}, .detail = "low"},
             chat::Image{.url = {}, .data = "AA==", .media_type = "image/png", .detail = {}}}));
}

TEST(OpenAiReadRequest, reads_a_file_that_comes_along_as_a_document) {
  chat::Document document;
  document.data = "AA==";
  document.media_type = "application/pdf";
  document.name = "a.pdf";
  EXPECT_EQ(parts_of(R"({"type":"file","file":{"filename":"a.pdf",)"
                     R"("file_data":"data:application/pdf;base64,AA=="}})"),
            (Parts{document}));
}

class OpenAiOwnPart : public ::testing::TestWithParam<std::string_view> {};
TEST_P(OpenAiOwnPart, is_kept_by_the_byte) {
  const Parts parts = parts_of(GetParam());
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(std::get<chat::Opaque>(parts.at(0)).raw, GetParam());
}
INSTANTIATE_TEST_SUITE_P(
    Parts, OpenAiOwnPart,
    ::testing::Values(R"({"type":"file", "file":{"file_id":"f"}})",
                      R"({"type":"file","file":{"file_data":"AA=="}})",
                      R"({"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}})"));

TEST(OpenAiReadRequest, keeps_inner_fields_it_does_not_model_by_their_path) {
  const auto request = read(
      R"({"model":"m","tools":[{"type":"function","function":{"name":"f","deep":1}}],"messages":[)"
      R"({"role":"user","content":[{"type":"text","text":"a","cache_control":{}}]},)"
      R"({"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"},)"
      R"("extra_content":1}],"audio":{"id":"x"}}]})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->extra, (Raws{{"tools[0].function.deep", "1"}}));
  EXPECT_EQ(request->messages.at(0).extra, (Raws{{"content[0].cache_control", "{}"}}));
  EXPECT_EQ(request->messages.at(1).extra,
            (Raws{{"tool_calls[0].extra_content", "1"}, {"audio", R"({"id":"x"})"}}));
}

struct Wrong {
  std::string_view members;
  std::string_view field;
};
class OpenAiWrong : public ::testing::TestWithParam<Wrong> {};
TEST_P(OpenAiWrong, field_is_named) {
  const auto request = read_with(GetParam().members);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().param, GetParam().field);
}
INSTANTIATE_TEST_SUITE_P(
    Fields, OpenAiWrong,
    ::testing::Values(
        Wrong{R"("temperature":3)", "temperature"}, Wrong{R"("n":0)", "n"},
        Wrong{R"("seed":1.5)", "seed"}, Wrong{R"("logit_bias":[])", "logit_bias"},
        Wrong{R"("metadata":"x")", "metadata"},
        Wrong{R"("frequency_penalty":3)", "frequency_penalty"},
        Wrong{R"("tools":[{"type":"function","function":{}}])", "tools[0].function.name"},
        Wrong{R"("tools":[{"function":{"name":"f","strict":1}}])", "tools[0].function.strict"},
        Wrong{R"("tools":{})", "tools"}, Wrong{R"("tool_choice":"sometimes")", "tool_choice"},
        Wrong{R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"x","tools":[]}})",
              "tool_choice.allowed_tools.mode"},
        Wrong{R"("response_format":"json")", "response_format"},
        Wrong{R"("response_format":{"type":"json_schema"})", "response_format.json_schema"}));

}  // namespace
}  // namespace naru::dialect
