#include <gtest/gtest.h>

#include "dialect/openai_responses/codec.h"
#include "dialect/testing.h"

namespace naru::dialect {
namespace {

using testing::Parsed;
using testing::Strings;

struct Forwarded {
  std::string body;
  Strings losses;
};

Forwarded forward(const std::string& body, const Forward& how,
                  Operation operation = Operation::Chat) {
  const Parsed parsed(body);
  const auto scan = openai_responses_wire::scan_request(operation, parsed.tree());
  if (!scan) return {scan.error().detail, {}};
  std::vector<chat::Loss> losses;
  Forwarded done{
      openai_responses_wire::forward_request(operation, parsed.tree(), *scan, how, losses), {}};
  for (const chat::Loss& loss : losses) done.losses.push_back(loss.field);
  EXPECT_TRUE(Parsed(done.body).ok()) << done.body;
  return done;
}

/// What goes on of `{"model":"m","input":"hi"TAIL}` behind its input.
std::string tail_of(std::string_view tail) {
  const std::string head = R"({"model":"m","input":"hi")";
  return forward(fmt::format("{}{}}}", head, tail), {"m"}).body;
}

/// What an engine of ours is given of `{"model":"m","store":false,MEMBERS}`.
Forwarded to_engine(std::string_view members) {
  const Forward how{.upstream_model = "m", .fields = Fields::Listed};
  return forward(fmt::format(R"({{"model":"m","store":false,{}}})", members), how);
}

constexpr std::string_view kWrapped =
    R"({"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"naru1:signature:c::S"})";

TEST(ResponsesForward, changes_no_byte_but_the_model_and_that_nothing_is_stored) {
  const std::string body =
      "\t{ \"input\" : [ {\"role\":\"user\", \"content\":\"\\u0068i\\/\"} ] , \"model\":\n"
      "\"public\", \"temperature\": 1.50e+0, \"unknown\":{\"a\":[1,2.0,-0]} }\r\n";
  std::string expected = body;
  expected.replace(expected.find("\"public\""), 8, R"("up/stream","store":false)");
  EXPECT_EQ(forward(body, {"up/stream"}).body, expected);
}

TEST(ResponsesForward, has_the_upstream_store_nothing_whatever_was_said) {
  EXPECT_EQ(tail_of(""), R"({"model":"m","store":false,"input":"hi"})");
  EXPECT_EQ(tail_of(R"(,"store": true)"), R"({"model":"m","input":"hi","store": false})");
  EXPECT_EQ(tail_of(R"(,"store":null)"), R"({"model":"m","input":"hi","store":false})");
  EXPECT_EQ(tail_of(R"(,"store":false)"), R"({"model":"m","input":"hi","store":false})");
}

TEST(ResponsesForward, asks_for_sealed_reasoning_where_the_model_reasons) {
  constexpr std::string_view kHead = R"({"model":"m","input":"hi","store":false)";
  const auto sent = [&](std::string_view tail) {
    return tail_of(fmt::format(R"(,"store":false{})", tail));
  };
  EXPECT_EQ(
      sent(R"(,"reasoning":{"effort":"low"})"),
      R"({"model":"m","include":["reasoning.encrypted_content"],"input":"hi","store":false,"reasoning":{"effort":"low"}})");
  EXPECT_EQ(
      sent(R"(,"reasoning":{},"include":null)"),
      fmt::format(R"({},"reasoning":{{}},"include":["reasoning.encrypted_content"]}})", kHead));
  EXPECT_EQ(
      sent(R"(,"reasoning":{},"include":[])"),
      fmt::format(R"({},"reasoning":{{}},"include":["reasoning.encrypted_content"]}})", kHead));
  EXPECT_EQ(sent(R"(,"reasoning":{},"include":[ "x"])"),
            fmt::format(R"({},"reasoning":{{}},"include":["reasoning.encrypted_content", "x"]}})",
                        kHead));
  for (const std::string_view said :
       {R"(,"reasoning":{"effort":"none"})", R"(,"reasoning":null)",
        R"(,"reasoning":{},"include":["x","reasoning.encrypted_content"])"})
    EXPECT_EQ(sent(said), fmt::format("{}{}}}", kHead, said));
}

TEST(ResponsesForward, asks_for_sealed_reasoning_where_some_comes_back) {
  const std::string items =
      R"([{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gA"}])";
  EXPECT_EQ(forward(fmt::format(R"({{"model":"a","input":{}}})", items), {"b"}).body,
            fmt::format(R"({{"model":"b","store":false,"include":["reasoning.encrypted_content"],)"
                        R"("input":{}}})",
                        items));
}

TEST(ResponsesForward, takes_reasoning_out_that_another_upstream_has_sealed) {
  const Forwarded done = forward(
      fmt::format(R"({{"model":"m","store":false,"include":["reasoning.encrypted_content"],)"
                  R"("input":[{0},{{"role":"user","content":"a"}},{0},)"
                  R"({{"type":"reasoning","summary":[],"encrypted_content":"gA"}},{0}]}})",
                  kWrapped),
      {"m"});
  EXPECT_EQ(done.body, R"({"model":"m","store":false,"include":["reasoning.encrypted_content"],)"
                       R"("input":[{"role":"user","content":"a"},)"
                       R"({"type":"reasoning","summary":[],"encrypted_content":"gA"}]})");
  EXPECT_EQ(done.losses, (Strings{"input[0]", "input[2]", "input[4]"}));
}

TEST(ResponsesForward, counts_with_another_model_and_nothing_else_said) {
  const std::string members =
      R"("input":"hi","reasoning":{"effort":"low"},"store":true,"previous":1)";
  EXPECT_EQ(
      forward(fmt::format(R"({{"model":"m",{}}})", members), {"up"}, Operation::CountTokens).body,
      fmt::format(R"({{"model":"up",{}}})", members));
}

TEST(ResponsesForward, gives_providers_fields_it_does_not_know) {
  const std::string body = R"({"model":"m","input":"hi","store":false,"grammar":"x","new":{}})";
  EXPECT_EQ(forward(body, {"m"}).body, body);
}

TEST(ResponsesForward, gives_engines_listed_fields_only) {
  const Forwarded done =
      to_engine(R"("grammar":"g","input":"hi","temperature":0.5,"prompt":{"id":"p"},"top_k":5)");
  EXPECT_EQ(done.body, R"({"model":"m","store":false,"input":"hi","temperature":0.5,"top_k":5})");
  EXPECT_EQ(done.losses, (Strings{"grammar", "prompt"}));
}

TEST(ResponsesForward, gives_strict_providers_whatever_their_api_documents) {
  const std::string body =
      R"({"model":"m","store":false,"background":false,"context_management":[{"type":"compaction"}],)"
      R"("include":["reasoning.encrypted_content"],"input":[)"
      R"({"type":"message","id":"msg_1","status":"completed","role":"user","phase":"commentary",)"
      R"("content":[{"type":"input_file","file_id":"f"},{"type":"input_image","image_url":"https://a"}]},)"
      R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}","namespace":"n",)"
      R"("caller":{"type":"direct"}},{"type":"web_search_call","id":"ws_1","status":"completed"}],)"
      R"("instructions":"i","max_output_tokens":16,"max_tool_calls":2,"metadata":{},"moderation":{},)"
      R"("parallel_tool_calls":true,"previous_response_id":null,"prompt":{"id":"p"},)"
      R"("prompt_cache_key":"k","prompt_cache_options":{"mode":"explicit"},)"
      R"("prompt_cache_retention":"24h","reasoning":{"effort":"none"},"safety_identifier":"s",)"
      R"("service_tier":"flex","stream":false,"stream_options":null,"temperature":1,"text":{},)"
      R"("tool_choice":"auto","tools":[{"type":"web_search"},{"type":"custom","name":"c"}],)"
      R"("top_logprobs":1,"top_p":1,"truncation":"auto","user":"u"})";
  const Forward strict{.upstream_model = "m", .fields = Fields::Documented};
  const Forwarded done = forward(body, strict);
  EXPECT_EQ(done.body, body);
  EXPECT_EQ(done.losses, Strings{});
  EXPECT_EQ(forward(R"({"model":"m","store":false,"future":1,"input":[)"
                    R"({"role":"user","content":"a","odd":1}]})",
                    strict)
                .losses,
            (Strings{"future", "input[0].odd"}));
}

TEST(ResponsesForward, patches_beside_what_it_takes_out) {
  EXPECT_EQ(forward(R"({"x":1,"model":"m","grammar":"g","input":"hi"})",
                    {.upstream_model = "up", .fields = Fields::Listed})
                .body,
            R"({"model":"up","store":false,"input":"hi"})");
}

TEST(ResponsesForward, gives_engines_items_and_parts_they_know) {
  const Forwarded done = to_engine(
      R"("input":[{"type":"web_search_call"},{"role":"user","content":[)"
      R"({"type":"input_image","image_url":"http://10.0.0.1/"},{"type":"input_text","text":"a"},)"
      R"({"type":"input_image","image_url":"data:image/png;base64,AA=="},{"type":"input_file",)"
      R"("file_url":"http://10.0.0.1/"}],"secret_field":1},{"id":"msg_1"},)"
      R"({"type":"function_call_output","call_id":"c","output":[{"type":"input_image",)"
      R"("image_url":"http://10.0.0.1/"}]}])");
  EXPECT_EQ(done.body, R"({"model":"m","store":false,"input":[{"role":"user","content":[)"
                       R"({"type":"input_text","text":"a"},)"
                       R"({"type":"input_image","image_url":"data:image/png;base64,AA=="}]},)"
                       R"({"type":"function_call_output","call_id":"c","output":[]}]})");
  EXPECT_EQ(done.losses,
            (Strings{"input[0]", "input[2]", "input[1].secret_field", "input[1].content[0]",
                     "input[1].content[3]", "input[3].output[0]"}));
}

TEST(ResponsesForward, gives_engines_functions_and_no_server_to_ask) {
  const Forwarded done =
      to_engine(R"("input":"hi","tools":[{"type":"mcp","server_url":"http://10.0.0.1"},)"
                R"({"type":"function","name":"f"},{"type":"web_search"}])");
  EXPECT_EQ(done.body,
            R"({"model":"m","store":false,"input":"hi","tools":[{"type":"function","name":"f"}]})");
  EXPECT_EQ(done.losses, (Strings{"tools[0]", "tools[2]"}));
}

TEST(ResponsesForward, gives_engines_no_reasoning_of_others) {
  const Forwarded done = to_engine(
      fmt::format(R"("include":["reasoning.encrypted_content"],"input":[{},)"
                  R"({{"type":"reasoning","summary":[],"content":[{{"type":"reasoning_text",)"
                  R"("text":"hm"}}]}}])",
                  kWrapped));
  EXPECT_EQ(
      done.body,
      R"({"model":"m","store":false,"include":["reasoning.encrypted_content"],"input":[)"
      R"({"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]}]})");
  EXPECT_EQ(done.losses, Strings{"input[0]"});
}

}  // namespace
}  // namespace naru::dialect
