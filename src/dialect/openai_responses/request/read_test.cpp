#include <gtest/gtest.h>

#include "dialect/openai_responses/codec.h"
#include "dialect/testing.h"

namespace naru::dialect {
namespace {

using chat::Message;
using chat::Opaque;
using chat::Role;
using chat::Text;
using chat::Thinking;
using chat::ToolCall;
using chat::ToolChoice;
using chat::ToolResult;
using testing::Parsed;
using testing::Strings;
using Extra = std::vector<json::RawField>;
using Messages = std::vector<Message>;

Result<chat::Request> read(const std::string& body) {
  const Parsed parsed(body);
  return openai_responses_wire::read_request(Operation::Chat, parsed.tree());
}

chat::Request read_with(std::string_view members) {
  const auto request = read(fmt::format(R"({{"model":"m","input":"hi",{}}})", members));
  EXPECT_TRUE(request) << request.error().detail;
  return request.value_or(chat::Request{});
}

/// The messages that `items` tell.
Messages messages_of(std::string_view items) {
  const auto request = read(fmt::format(R"({{"model":"m","input":[{}]}})", items));
  EXPECT_TRUE(request) << request.error().detail;
  return request ? request->messages : Messages{};
}

/// The parts of a user's message with `content`.
std::vector<chat::Part> parts_of(std::string_view content) {
  const Messages read = messages_of(fmt::format(R"({{"role":"user","content":{}}})", content));
  return read.empty() ? std::vector<chat::Part>{} : read[0].parts;
}

TEST(ResponsesReader, reads_a_request_whole) {
  const auto request =
      read(testing::file("src/dialect/openai_responses/corpus/openai_responses_request/all.json"));
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->model, "gpt-5");
  EXPECT_EQ(request->messages.size(), 6U);
  EXPECT_EQ(request->tools.at(0).strict, true);
  EXPECT_EQ(request->tool_choice, (ToolChoice{ToolChoice::Kind::Auto, {}, {"look"}}));
  EXPECT_EQ(request->parallel_tools, false);
  EXPECT_EQ(request->max_tokens, 100);
  EXPECT_EQ(request->sampling.temperature, 0.5);
  EXPECT_EQ(request->sampling.top_logprobs, 3);
  EXPECT_EQ(request->reasoning.effort, chat::Reasoning::Effort::Low);
  EXPECT_EQ(request->reasoning.summary, "auto");
  EXPECT_EQ(request->format.kind, chat::Format::Kind::Json);
  EXPECT_EQ(request->verbosity, "low");
  EXPECT_EQ(request->metadata, R"({"k":"v"})");
  EXPECT_EQ(request->user, "u1");
  EXPECT_EQ(request->service_tier, "flex");
  EXPECT_TRUE(request->stream);
  EXPECT_EQ(request->extra, (Extra{{"tools[1]", R"({"type":"web_search"})"},
                                   {"truncation", R"("auto")"},
                                   {"unknown", R"({"deep":["secret"]})"}}));
}

TEST(ResponsesReader, takes_instructions_for_the_first_system_message) {
  EXPECT_EQ(read_with(R"("instructions":"be brief")").messages,
            (Messages{{Role::System, {Text{"be brief"}}}, {Role::User, {Text{"hi"}}}}));
  EXPECT_EQ(read_with(R"("instructions":"")").messages.size(), 1U);
}

TEST(ResponsesReader, reads_each_role_in_either_form_of_a_message) {
  for (const auto& [word, role] : {std::pair("system", Role::System),
                                   {"developer", Role::Developer},
                                   {"user", Role::User},
                                   {"assistant", Role::Assistant}})
    for (const std::string_view type : {"", R"("type":"message",)"})
      EXPECT_EQ(messages_of(fmt::format(R"({{{}"role":"{}","content":"a"}})", type, word)),
                (Messages{{role, {Text{"a"}}}}));
}

struct Content {
  std::string_view json;
  chat::Part part;
};
class ResponsesPart : public ::testing::TestWithParam<Content> {};
TEST_P(ResponsesPart, is_read) {
  EXPECT_EQ(parts_of(fmt::format("[{}]", GetParam().json)),
            std::vector<chat::Part>{GetParam().part});
}
INSTANTIATE_TEST_SUITE_P(
    Kinds, ResponsesPart,
    ::testing::Values(
        Content{R"({"type":"input_text","text":"a"})", Text{"a"}},
        Content{R"({"type":"output_text","text":"a","annotations":[],"logprobs":[]})", Text{"a"}},
        Content{R"({"type":"refusal","refusal":"no"})", Text{"no", true}},
        Content{R"({"type":"output_text","text":"a","logprobs":[{"token":"a"}]})",
                Text{.text = "a", .logprobs = R"([{"token":"a"}])"}},
        Content{R"({"type":"input_image","image_url":"https://a/b.png"})",
                chat::Image{"https://a/b.png", "", "", ""}},
        Content{R"({"type":"input_image","image_url":"data:image/png;base64,AA==","detail":"low"})",
                chat::Image{"", "AA==", "image/png", "low"}},
        Content{R"({"type":"input_image","file_id":"file_1"})",
                Opaque{"input_image", R"({"type":"input_image","file_id":"file_1"})"}},
        Content{R"({"type":"input_file","file_url":"https://a/b.pdf"})",
                chat::Document{"https://a/b.pdf", "", "", "", "", ""}},
        Content{R"({"type":"input_file","filename":"n","file_data":"data:a/b;base64,AA=="})",
                chat::Document{"", "AA==", "a/b", "", "n", ""}},
        Content{R"({"type":"input_file","file_data":"AA=="})",
                chat::Document{"", "AA==", "application/pdf", "", "", ""}},
        Content{R"({"type":"input_file","file_id":"file_1"})",
                Opaque{"input_file", R"({"type":"input_file","file_id":"file_1"})"}},
        Content{R"({"type":"input_audio","x":1})",
                Opaque{"input_audio", R"({"type":"input_audio","x":1})"}}));

TEST(ResponsesReader, reads_citations_with_their_own_json) {
  const std::string_view annotation =
      R"({"type":"url_citation","start_index":0,"end_index":1,"url":"https://a","title":"t"})";
  const auto parts = parts_of(
      fmt::format(R"([{{"type":"output_text","text":"a","annotations":[{}]}}])", annotation));
  EXPECT_EQ(std::get<Text>(parts.at(0)).citations,
            (std::vector<chat::Citation>{{"https://a", "t", "", std::string(annotation)}}));
}

TEST(ResponsesReader, joins_what_the_model_did_in_a_row) {
  EXPECT_EQ(
      messages_of(
          R"({"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"a"},)"
          R"({"type":"summary_text","text":"b"}],"encrypted_content":"gA","status":"completed"},)"
          R"({"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[)"
          R"({"type":"output_text","text":"x","annotations":[]}]},)"
          R"({"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{ }"},)"
          R"({"type":"web_search_call","id":"ws_1"},{"role":"assistant","content":"y"})"),
      (Messages{
          {Role::Assistant,
           {Thinking{"a\n\nb", "gA", chat::Seal::Encrypted, "rs_1"}, Text{"x"},
            ToolCall{"c", "f", "{ }"},
            Opaque{"web_search_call", R"({"type":"web_search_call","id":"ws_1"})"}, Text{"y"}}}}));
}

TEST(ResponsesReader, joins_what_tools_gave_back_in_a_row) {
  EXPECT_EQ(
      messages_of(R"({"type":"function_call_output","call_id":"a","output":"1"},)"
                  R"({"type":"function_call_output","call_id":"b","output":[)"
                  R"({"type":"input_text","text":"2"},{"type":"input_image","image_url":"u"}]},)"
                  R"({"role":"user","content":"x"},{"role":"user","content":"y"})"),
      (Messages{{Role::User,
                 {ToolResult{"a", {Text{"1"}}},
                  ToolResult{"b", {Text{"2"}, chat::Image{"u", "", "", ""}}}}},
                {Role::User, {Text{"x"}}},
                {Role::User, {Text{"y"}}}}));
}

TEST(ResponsesReader, knows_what_of_hosted_tools_is_the_users) {
  const Messages read = messages_of(
      R"({"type":"computer_call"},{"type":"computer_call_output"},{"type":"mcp_approval_response"})");
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].role, Role::Assistant);
  EXPECT_EQ(read[1].role, Role::User);
  EXPECT_EQ(read[1].parts.size(), 2U);
}

TEST(ResponsesReader, unwraps_reasoning_of_another_upstream) {
  EXPECT_EQ(
      messages_of(R"({"type":"reasoning","id":"rs_made","summary":[{"type":"summary_text",)"
                  R"("text":"hm"}],"encrypted_content":"naru1:signature:claude::EqQB"})"),
      (Messages{{Role::Assistant, {Thinking{"hm", "EqQB", chat::Seal::Signature, "", "claude"}}}}));
}

TEST(ResponsesReader, reads_the_reasoning_itself_where_there_is_no_summary) {
  EXPECT_EQ(messages_of(R"({"type":"reasoning","id":"rs_1","summary":[],"content":[)"
                        R"({"type":"reasoning_text","text":"hm"}]})"),
            (Messages{{Role::Assistant, {Thinking{.text = "hm", .id = "rs_1"}}}}));
}

TEST(ResponsesReader, names_what_it_leaves_of_an_item_by_its_place_in_the_message) {
  const Messages read = messages_of(
      R"({"role":"assistant","content":"a","phase":"commentary"},)"
      R"({"type":"function_call","call_id":"c","name":"f","arguments":"","namespace":"n"},)"
      R"({"role":"user","content":[{"type":"input_text","text":"a","new":1}]})");
  EXPECT_EQ(read.at(0).extra,
            (Extra{{"content[0].phase", R"("commentary")"}, {"content[1].namespace", R"("n")"}}));
  EXPECT_EQ(read.at(1).extra, (Extra{{"content[0].new", "1"}}));
}

TEST(ResponsesReader, reads_functions_and_keeps_other_tools_as_they_are) {
  const chat::Request request = read_with(
      R"("tools":[{"type":"web_search"},{"type":"function","name":"f","description":"d",)"
      R"("parameters":{"type":"object"},"strict":true,"defer_loading":true},)"
      R"({"type":"function","name":"g","parameters":null,"strict":null},{"type":"custom","name":"c"}])");
  EXPECT_EQ(request.tools, (std::vector<chat::Tool>{{"f", "d", R"({"type":"object"})", true},
                                                    {"g", "", "", std::nullopt}}));
  EXPECT_EQ(request.extra, (Extra{{"tools[0]", R"({"type":"web_search"})"},
                                  {"tools[1].defer_loading", "true"},
                                  {"tools[3]", R"({"type":"custom","name":"c"})"}}));
}

struct Choice {
  std::string_view json;
  std::optional<ToolChoice> choice;  ///< nothing: it stays in `extra`
};
class ResponsesChoice : public ::testing::TestWithParam<Choice> {};
TEST_P(ResponsesChoice, is_read) {
  const auto& [json, choice] = GetParam();
  const chat::Request request = read_with(fmt::format(R"("tool_choice":{})", json));
  EXPECT_EQ(request.tool_choice, choice);
  EXPECT_EQ(request.extra, choice ? Extra{} : (Extra{{"tool_choice", std::string(json)}}));
}
INSTANTIATE_TEST_SUITE_P(
    Forms, ResponsesChoice,
    ::testing::Values(
        Choice{R"("auto")", ToolChoice{ToolChoice::Kind::Auto}},
        Choice{R"("none")", ToolChoice{ToolChoice::Kind::None}},
        Choice{R"("required")", ToolChoice{ToolChoice::Kind::Any}},
        Choice{R"({"type":"function","name":"f"})", ToolChoice{ToolChoice::Kind::Named, "f"}},
        Choice{
            R"({"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]})",
            ToolChoice{ToolChoice::Kind::Any, "", {"f"}}},
        Choice{R"({"type":"allowed_tools","mode":"auto","tools":[{"type":"mcp"}]})", std::nullopt},
        Choice{R"({"type":"allowed_tools","mode":"auto","tools":[]})", std::nullopt},
        Choice{R"({"type":"web_search_preview"})", std::nullopt},
        Choice{R"({"type":"custom","name":"c"})", std::nullopt}));

TEST(ResponsesReader, reads_a_schema_for_the_answer) {
  const chat::Request request =
      read_with(R"("text":{"format":{"type":"json_schema","name":"n","description":"d",)"
                R"("schema":{"type":"object"},"strict":false}})");
  EXPECT_EQ(request.format,
            (chat::Format{chat::Format::Kind::Schema, "n", "d", R"({"type":"object"})", false}));
}

TEST(ResponsesReader, knows_the_older_name_of_the_summary) {
  EXPECT_EQ(read_with(R"("reasoning":{"generate_summary":"concise"})").reasoning.summary,
            "concise");
}

TEST(ResponsesReader, keeps_what_is_not_modelled_and_forgets_what_says_nothing) {
  const chat::Request request = read_with(
      R"("include":["message.output_text.logprobs","web_search_call.results"],"truncation":"auto",)"
      R"("stream_options":{"include_obfuscation":true,"x":1},"reasoning":{"mode":"pro"},"z":[1])");
  EXPECT_TRUE(request.sampling.logprobs);
  EXPECT_EQ(request.extra, (Extra{{"stream_options.x", "1"},
                                  {"reasoning.mode", R"("pro")"},
                                  {"include[1]", R"("web_search_call.results")"},
                                  {"truncation", R"("auto")"},
                                  {"z", "[1]"}}));
  EXPECT_EQ(read_with(R"("truncation":"disabled","background":false,"store":true,"metadata":{},)"
                      R"("previous_response_id":"resp_1","text":{"format":{"type":"text"}},)"
                      R"("include":["reasoning.encrypted_content"],"max_tool_calls":null)"),
            read_with(R"("store":false)"));
}

struct Wrong {
  std::string_view members;
  std::string_view param;
};
class ResponsesReaderRefuses : public ::testing::TestWithParam<Wrong> {};
TEST_P(ResponsesReaderRefuses, a_wrong_field_with_its_path) {
  const auto request = read(fmt::format(R"({{"model":"m",{}}})", GetParam().members));
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().param, GetParam().param);
}
INSTANTIATE_TEST_SUITE_P(
    Fields, ResponsesReaderRefuses,
    ::testing::Values(
        Wrong{R"("input":7)", "input"},
        Wrong{R"("input":[{"role":"narrator","content":"a"}])", "input[0].role"},
        Wrong{R"("input":[{"type":"item_reference","id":"msg_1"}])", "input[0]"},
        Wrong{R"("input":[{"id":"msg_1"}])", "input[0]"},
        Wrong{R"("input":[{"role":"user","content":[{"type":"input_image"}]}])",
              "input[0].content[0].image_url"},
        Wrong{R"("input":[{"role":"user","content":[{"type":"input_file"}]}])",
              "input[0].content[0].file_data"},
        Wrong{R"("tools":[{"type":"function"}])", "tools[0].name"},
        Wrong{R"("tools":[{"type":"function","name":"f","parameters":[]}])", "tools[0].parameters"},
        Wrong{R"("tool_choice":"sometimes")", "tool_choice"},
        Wrong{R"("tool_choice":{"type":"function"})", "tool_choice.name"},
        Wrong{R"("text":{"format":{"type":"xml"}})", "text.format.type"},
        Wrong{R"("text":{"format":{"type":"json_schema","name":"n"}})", "text.format.schema"},
        Wrong{R"("reasoning":{"effort":"much"})", "reasoning.effort"},
        Wrong{R"("temperature":3)", "temperature"}, Wrong{R"("metadata":"x")", "metadata"}));

}  // namespace
}  // namespace naru::dialect
