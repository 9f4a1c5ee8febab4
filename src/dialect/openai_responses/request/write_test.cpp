#include <gtest/gtest.h>

#include "dialect/openai_responses/codec.h"
#include "dialect/testing.h"

namespace naru::dialect {
namespace {

using chat::Message;
using chat::Reasoning;
using chat::Role;
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

Written write(const chat::Request& request, Operation operation = Operation::Chat) {
  std::vector<chat::Loss> losses;
  Written written{openai_responses_wire::write_request(operation, request, losses), {}};
  for (const chat::Loss& loss : losses) written.losses.push_back(loss.field);
  EXPECT_TRUE(Parsed(written.body).ok()) << written.body;
  return written;
}

chat::Request request_of(std::vector<Message> messages) {
  return {.model = "m", .messages = std::move(messages)};
}
chat::Request plain() { return request_of({{Role::User, {Text{"hi"}}}}); }

/// What is written of a request with `messages` alone, without its head and tail.
std::string items_of(std::vector<Message> messages) {
  const std::string body = write(request_of(std::move(messages))).body;
  const std::string head = R"({"model":"m","input":[)";
  EXPECT_TRUE(body.starts_with(head)) << body;
  return body.substr(head.size(), body.rfind(']') - head.size());
}

/// What stands behind the input of `request`.
std::string after_input(const chat::Request& request, Operation operation = Operation::Chat) {
  const std::string body = write(request, operation).body;
  const std::string head =
      R"({"model":"m","input":[{"type":"message","role":"user","content":"hi"}])";
  EXPECT_TRUE(body.starts_with(head)) << body;
  return body.substr(head.size());
}

TEST(ResponsesWriter, tells_the_upstream_to_store_nothing) {
  EXPECT_EQ(after_input(plain()), R"(,"store":false})");
}

TEST(ResponsesWriter, writes_the_leading_prompt_as_instructions) {
  EXPECT_EQ(write(request_of({{Role::System, {Text{"a"}}}, {Role::Developer, {Text{"b"}}}})).body,
            R"({"model":"m","instructions":"a","input":[{"type":"message","role":"developer",)"
            R"("content":"b"}],"store":false})");
}

TEST(ResponsesWriter, writes_a_prompt_as_an_item_where_it_is_no_plain_text_or_stands_alone) {
  EXPECT_EQ(items_of({{Role::System, {Text{"a"}}}}),
            R"({"type":"message","role":"system","content":"a"})");
  EXPECT_EQ(items_of({{Role::System, {Text{"a"}, Text{"b"}}}, {Role::User, {Text{"c"}}}}),
            R"({"type":"message","role":"system","content":[{"type":"input_text","text":"a"},)"
            R"({"type":"input_text","text":"b"}]},{"type":"message","role":"user","content":"c"})");
  EXPECT_EQ(items_of({{Role::Developer, {Text{"a"}}}, {Role::User, {Text{"c"}}}}),
            R"({"type":"message","role":"developer","content":"a"},)"
            R"({"type":"message","role":"user","content":"c"})");
}

TEST(ResponsesWriter, writes_images_and_documents) {
  EXPECT_EQ(
      items_of({{Role::User,
                 {chat::Image{"https://a", "", "", ""}, chat::Image{"", "AA==", "image/png", "low"},
                  chat::Document{"", "AA==", "application/pdf", "", "n", ""},
                  chat::Document{"https://b", "", "", "", "", ""}}}}),
      R"({"type":"message","role":"user","content":[)"
      R"({"type":"input_image","image_url":"https://a","detail":"auto"},)"
      R"({"type":"input_image","image_url":"data:image/png;base64,AA==","detail":"low"},)"
      R"({"type":"input_file","filename":"n","file_data":"data:application/pdf;base64,AA=="},)"
      R"({"type":"input_file","file_url":"https://b"}]})");
}

TEST(ResponsesWriter, writes_an_assistants_turn_as_items_in_order) {
  EXPECT_EQ(
      items_of({{Role::Assistant,
                 {Thinking{"hm", "gA", chat::Seal::Encrypted, "rs_1"}, Text{"a"}, Text{}, Text{"b"},
                  ToolCall{"c", "f", ""}, Text{"no", true}}}}),
      R"({"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],)"
      R"("encrypted_content":"gA"},{"type":"message","role":"assistant","content":[)"
      R"({"type":"output_text","text":"a","annotations":[]},)"
      R"({"type":"output_text","text":"b","annotations":[]}]},)"
      R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"},)"
      R"({"type":"message","role":"assistant","content":[{"type":"refusal","refusal":"no"}]}],)"
      R"("include":["reasoning.encrypted_content")");
}

TEST(ResponsesWriter, writes_citations_over_the_whole_text_in_characters) {
  const std::string own = R"({"type":"file_path","file_id":"f","index":0})";
  EXPECT_EQ(
      items_of(
          {{Role::Assistant,
            {Text{.text = "가나",
                  .citations = {{.url = "https://a", .title = "t"}, {.url = "", .raw = own}}}}}}),
      R"({"type":"message","role":"assistant","content":[{"type":"output_text",)"
      R"("text":"가나","annotations":[{"type":"url_citation","start_index":0,"end_index":2,)"
      R"("url":"https://a","title":"t"},)" +
          own + "]}]}");
}

TEST(ResponsesWriter, writes_tool_results_as_items_and_what_stands_around_them_in_order) {
  EXPECT_EQ(items_of({{Role::User,
                       {Text{"x"}, ToolResult{"a", {Text{"1"}}},
                        ToolResult{"b", {Text{"2"}, chat::Image{"u", "", "", ""}}},
                        ToolResult{"c", {}}, Text{"y"}}}}),
            R"({"type":"message","role":"user","content":"x"},)"
            R"({"type":"function_call_output","call_id":"a","output":"1"},)"
            R"({"type":"function_call_output","call_id":"b","output":[)"
            R"({"type":"input_text","text":"2"},)"
            R"({"type":"input_image","image_url":"u","detail":"auto"}]},)"
            R"({"type":"function_call_output","call_id":"c","output":""},)"
            R"({"type":"message","role":"user","content":"y"})");
}

TEST(ResponsesWriter, tells_which_parts_it_cannot_carry) {
  constexpr auto kMark = chat::CacheMark::FiveMinutes;
  const Written written = write(request_of(
      {{Role::System, {Text{.text = "s", .cache = kMark}}},
       {Role::Assistant,
        {Thinking{"hm", "S", chat::Seal::Signature}, Thinking{"hm"}, chat::Image{"u", "", "", ""},
         Text{.text = "a", .citations = {{.url = "", .raw = R"({"type":"char_location"})"}}}}},
       {Role::User,
        {ToolResult{"c",
                    {chat::Document{"", "", "", "d", "", ""}, Text{.text = "t", .cache = kMark}},
                    true},
         ToolCall{"c", "f", ""}, chat::Document{"u", "", "", "", "", "x", true}}},
       {Role::User, {Text{"z"}}, "kim", {{"content[0].new", "1"}}}}));
  EXPECT_EQ(written.losses,
            (Strings{"messages[0].content[0].cache_control", "messages[1].content[0]",
                     "messages[1].content[1]", "messages[1].content[2]",
                     "messages[1].content[3].citations[0]", "messages[2].content[0].is_error",
                     "messages[2].content[0].content[0]",
                     "messages[2].content[0].content[1].cache_control", "messages[2].content[1]",
                     "messages[2].content[2].context", "messages[2].content[2].citations",
                     "messages[3].name", "messages[3].content[0].new"}));
}

TEST(ResponsesWriter, writes_what_is_said_of_sampling_and_account) {
  chat::Request request = plain();
  request.parallel_tools = false;
  request.max_tokens = 20;
  request.sampling = {.temperature = 0.1, .top_p = 1, .logprobs = true, .top_logprobs = 2};
  request.verbosity = "high";
  request.metadata = R"({"k":"v"})";
  request.service_tier = "flex";
  request.user = "u";
  request.safety_id = "s";
  request.cache_key = "k";
  request.cache_retention = "24h";
  request.stream = request.stream_usage = true;
  EXPECT_EQ(after_input(request),
            R"(,"parallel_tool_calls":false,"text":{"verbosity":"high"},"max_output_tokens":20,)"
            R"("temperature":0.1,"top_p":1,"top_logprobs":2,)"
            R"("include":["message.output_text.logprobs"],"metadata":{"k":"v"},)"
            R"("service_tier":"flex","user":"u","safety_identifier":"s","prompt_cache_key":"k",)"
            R"("prompt_cache_retention":"24h","store":false,"stream":true})");
}

TEST(ResponsesWriter, tells_which_fields_it_cannot_carry) {
  chat::Request request = plain();
  request.sampling = {.top_k = 5,
                      .frequency_penalty = 0.5,
                      .presence_penalty = 0,
                      .seed = 1,
                      .logit_bias = R"({"1":2})"};
  request.stop = {"x"};
  request.choices = 2;
  request.max_tokens = 5;
  request.tools = {
      {.name = "f", .description = "", .parameters = "", .cache = chat::CacheMark::OneHour}};
  const Written written = write(request);
  EXPECT_EQ(written.losses, (Strings{"tools[0].cache_control", "max_tokens", "top_k",
                                     "frequency_penalty", "seed", "logit_bias", "stop", "n"}));
  EXPECT_NE(written.body.find(R"("max_output_tokens":16)"), std::string::npos);
}

TEST(ResponsesWriter, writes_tools_and_keeps_others_in_their_place) {
  chat::Request request = plain();
  request.tools = {{"f", "does", R"({"type":"object"})", false}, {"g", "", ""}};
  request.extra = {{"tools[0]", R"({"type":"web_search"})"}, {"tools[3]", R"({"type":"mcp"})"}};
  EXPECT_EQ(after_input(request),
            R"(,"tools":[{"type":"web_search"},{"type":"function","name":"f","description":"does",)"
            R"("parameters":{"type":"object"},"strict":false},{"type":"function","name":"g",)"
            R"("parameters":{"type":"object","properties":{}}},{"type":"mcp"}],"store":false})");
}

TEST(ResponsesWriter, writes_each_form_of_the_choice) {
  using Kind = chat::ToolChoice::Kind;
  const auto choice = [](chat::ToolChoice said) {
    chat::Request request = plain();
    request.tool_choice = std::move(said);
    const std::string tail = after_input(request);
    return tail.substr(15, tail.size() - 15 - std::string_view(R"(,"store":false})").size());
  };
  EXPECT_EQ(choice({Kind::Auto}), R"("auto")");
  EXPECT_EQ(choice({Kind::None}), R"("none")");
  EXPECT_EQ(choice({Kind::Any}), R"("required")");
  EXPECT_EQ(choice({Kind::Named, "f"}), R"({"type":"function","name":"f"})");
  EXPECT_EQ(
      choice({Kind::Any, "", {"f"}}),
      R"({"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]})");
}

TEST(ResponsesWriter, writes_each_form_of_the_answer) {
  chat::Request request = plain();
  request.format.kind = chat::Format::Kind::Json;
  EXPECT_EQ(after_input(request), R"(,"text":{"format":{"type":"json_object"}},"store":false})");
  request.format = {chat::Format::Kind::Schema, "", "d", R"({"type":"object"})", true};
  EXPECT_EQ(after_input(request),
            R"(,"text":{"format":{"type":"json_schema","name":"answer","description":"d",)"
            R"("schema":{"type":"object"},"strict":true}},"store":false})");
}

struct Thought {
  Reasoning said;
  std::string_view reasoning;  ///< its JSON, or empty
  bool sealed;                 ///< the seals are asked for
  Strings losses = {};
};
class ResponsesReasoning : public ::testing::TestWithParam<Thought> {};
TEST_P(ResponsesReasoning, is_written) {
  const Thought& thought = GetParam();
  chat::Request request = plain();
  request.reasoning = thought.said;
  std::string expected;
  if (!thought.reasoning.empty()) expected += fmt::format(R"(,"reasoning":{})", thought.reasoning);
  if (thought.sealed) expected += R"(,"include":["reasoning.encrypted_content"])";
  EXPECT_EQ(after_input(request), expected + R"(,"store":false})");
  EXPECT_EQ(write(request).losses, thought.losses);
}
INSTANTIATE_TEST_SUITE_P(
    Modes, ResponsesReasoning,
    ::testing::Values(
        Thought{{}, "", false},
        Thought{{.effort = Reasoning::Effort::None}, R"({"effort":"none"})", false},
        Thought{{.effort = Reasoning::Effort::Low, .summary = "detailed"},
                R"({"effort":"low","summary":"detailed"})",
                true},
        Thought{{.effort = Reasoning::Effort::Max}, R"({"effort":"max"})", true},
        Thought{{.mode = Reasoning::Mode::Off}, "", false},
        Thought{{.effort = Reasoning::Effort::Low, .mode = Reasoning::Mode::Off},
                "",
                false,
                {"reasoning.effort"}},
        Thought{{.mode = Reasoning::Mode::Budget, .budget = 2048},
                R"({"effort":"low","summary":"auto"})",
                true,
                {"reasoning.budget"}},
        Thought{{.mode = Reasoning::Mode::Budget, .budget = 8192, .display = "omitted"},
                R"({"effort":"medium"})",
                true,
                {"reasoning.budget"}},
        Thought{{.mode = Reasoning::Mode::Budget, .budget = 8193, .display = "summarized"},
                R"({"effort":"high","summary":"auto"})",
                true,
                {"reasoning.budget"}},
        Thought{{.mode = Reasoning::Mode::Adaptive}, R"({"summary":"auto"})", true},
        Thought{{.mode = Reasoning::Mode::Adaptive, .display = "omitted"}, "", true},
        Thought{{.effort = Reasoning::Effort::Medium, .mode = Reasoning::Mode::Adaptive},
                R"({"effort":"medium","summary":"auto"})",
                true}));

TEST(ResponsesWriter, asks_a_count_only_what_it_knows) {
  chat::Request request = plain();
  request.parallel_tools = true;
  request.max_tokens = 5;
  request.sampling.temperature = 1;
  request.stop = {"x"};
  request.reasoning.effort = Reasoning::Effort::Low;
  request.verbosity = "low";
  request.stream = true;
  request.extra = {{"truncation", R"("auto")"}, {"prompt", "{}"}};
  EXPECT_EQ(after_input(request, Operation::CountTokens),
            R"(,"parallel_tool_calls":true,"text":{"verbosity":"low"},)"
            R"("reasoning":{"effort":"low"},"truncation":"auto"})");
  EXPECT_EQ(write(request, Operation::CountTokens).losses, Strings{"prompt"});
}

}  // namespace
}  // namespace naru::dialect
