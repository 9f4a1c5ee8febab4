#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/anthropic/anthropic.h"

namespace naru::dialect {
namespace {

using chat::Message;
using chat::Role;
using Parts = std::vector<chat::Part>;
using chat::CacheMark;
using chat::Seal;

constexpr CacheMark kMark = CacheMark::FiveMinutes;

struct Written {
  std::string body;
  std::vector<std::string> lost;  // fields
  std::string refused = {};
};

Written write(const chat::Request& request, Operation operation = Operation::Chat) {
  std::vector<chat::Loss> losses;
  Result<std::string> body = anthropic().write_request(operation, request, losses);
  Written written{body.value_or(""), {}};
  if (!body) written.refused = body.error().detail;
  for (const chat::Loss& loss : losses) written.lost.push_back(loss.field);
  return written;
}

/// The value of one top-level member of what is written.
std::string member(const Written& written, std::string_view name) {
  const auto tree = json::Tree::parse(written.body);
  EXPECT_TRUE(tree) << written.body;
  const auto value = tree->root().find(name);
  return value ? std::string(value->raw()) : "none";
}

Message says(Role role, Parts parts) { return {.role = role, .parts = std::move(parts)}; }
chat::Text marked(std::string text) { return {.text = std::move(text), .cache = kMark}; }
Message user(std::string text) { return says(Role::User, {chat::Text{std::move(text)}}); }
chat::Request asking(std::vector<Message> messages) {
  return {.model = "m", .messages = std::move(messages)};
}
Written write_turns(std::vector<Message> messages) { return write(asking(std::move(messages))); }

TEST(AnthropicWrite, bounds_an_answer_nobody_bounded) {
  EXPECT_EQ(write_turns({user("hi")}).body,
            R"({"model":"m","max_tokens":4096,"messages":[{"role":"user","content":"hi"}]})");
}

TEST(AnthropicWrite, puts_leading_prompts_into_system) {
  const Written written = write_turns({says(Role::System, {chat::Text{"a"}}),
                                       says(Role::Developer, {chat::Text{"b"}}), user("hi")});
  EXPECT_EQ(member(written, "system"),
            R"([{"type":"text","text":"a"},{"type":"text","text":"b"}])");
  EXPECT_EQ(member(written, "messages"), R"([{"role":"user","content":"hi"}])");
  EXPECT_TRUE(written.lost.empty());
}

TEST(AnthropicWrite, sends_a_later_prompt_as_the_users_and_says_so) {
  const Written written = write_turns({user("hi"), says(Role::Assistant, {chat::Text{"yes"}}),
                                       says(Role::System, {chat::Text{"be brief"}})});
  EXPECT_EQ(member(written, "system"), "none");
  EXPECT_THAT(member(written, "messages"),
              testing::EndsWith(R"({"role":"user","content":"<system>\nbe brief\n</system>"}])"));
  EXPECT_EQ(written.lost, (std::vector<std::string>{"messages[2].role"}));
}

TEST(AnthropicWrite, leaves_a_later_prompt_in_its_place_where_the_model_takes_one) {
  const auto sent = [](std::vector<chat::Message> messages) {
    chat::Request request{.model = "claude-opus-5", .messages = std::move(messages)};
    return write(request);
  };
  const chat::Message prompt = says(Role::Developer, {chat::Text{"be brief"}});
  const chat::Message answer = says(Role::Assistant, {chat::Text{"yes"}});
  const std::string kept =
      R"({"role":"user","content":"hi"},{"role":"system","content":"be brief"})";
  for (const bool answered : {false, true}) {
    const Written written =
        answered ? sent({user("hi"), prompt, answer}) : sent({user("hi"), prompt});
    EXPECT_THAT(member(written, "messages"), testing::StartsWith("[" + kept));
    EXPECT_TRUE(written.lost.empty());
  }
  const Written two = sent({user("hi"), prompt, prompt, answer});
  EXPECT_THAT(
      member(two, "messages"),
      testing::HasSubstr(
          R"({"role":"system","content":[{"type":"text","text":"be brief"},{"type":"text","text":"be brief"}]})"));
  for (const auto& messages : {std::vector{user("hi"), answer, prompt},
                               std::vector{user("hi"), answer, prompt, user("and?")},
                               std::vector{user("hi"), prompt, user("and?")}}) {
    const Written moved = sent(messages);
    EXPECT_THAT(member(moved, "messages"), testing::Not(testing::HasSubstr(R"("system")")));
    EXPECT_EQ(moved.lost.size(), 1U);
  }
}

TEST(AnthropicWrite, makes_a_turn_of_a_lone_prompt) {
  const Written written = write_turns({says(Role::System, {chat::Text{"go"}})});
  EXPECT_EQ(member(written, "messages"), R"([{"role":"user","content":"go"}])");
  EXPECT_EQ(member(written, "system"), "none");
  EXPECT_EQ(written.lost.size(), 1U);
}

TEST(AnthropicWrite, joins_results_of_one_turn_before_its_text) {
  const Written written =
      write_turns({user("go"),
                   says(Role::Assistant,
                        {chat::ToolCall{"a:1", "f", R"({"x":1})"}, chat::ToolCall{"b", "g", ""}}),
                   says(Role::User, {chat::ToolResult{"a:1", {chat::Text{"one"}}}}), user("and"),
                   says(Role::User, {chat::ToolResult{"b", {chat::Text{""}}, true}})});
  EXPECT_EQ(
      member(written, "messages"),
      R"([{"role":"user","content":"go"},{"role":"assistant","content":[{"type":"tool_use","id":"a_1","name":"f","input":{"x":1}},{"type":"tool_use","id":"b","name":"g","input":{}}]},)"
      R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"a_1","content":"one"},{"type":"tool_result","tool_use_id":"b","is_error":true},{"type":"text","text":"and"}]}])");
  EXPECT_TRUE(written.lost.empty());
}

TEST(AnthropicWrite, wraps_arguments_that_are_no_object_and_says_so) {
  const Written written =
      write_turns({user("go"), says(Role::Assistant, {chat::ToolCall{"a", "f", "{\"x\":"}})});
  EXPECT_THAT(written.body, testing::HasSubstr(R"("input":{"raw_arguments":"{\"x\":"})"));
  EXPECT_EQ(written.lost, (std::vector<std::string>{"messages[1].content[0].arguments"}));
}

TEST(AnthropicWrite, writes_images_by_address_and_by_bytes) {
  const Written written = write_turns({says(Role::User, {chat::Image{"https://a/b", "", "", "auto"},
                                                         chat::Image{"", "iV", "image/png", ""}})});
  EXPECT_EQ(
      member(written, "messages"),
      R"([{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://a/b"}},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iV"}}]}])");
  EXPECT_TRUE(written.lost.empty());
}

TEST(AnthropicWrite, replays_reasoning_of_its_own_seals_only) {
  const Written written = write_turns(
      {user("go"), says(Role::Assistant,
                        {chat::Thinking{"hm", "c2ln", Seal::Signature, "", "up"},
                         chat::Thinking{"", "c2Vh", Seal::Redacted},
                         chat::Thinking{"", "held", Seal::Signature}, chat::Thinking{"foreign"},
                         chat::Thinking{"", "foreign", Seal::Encrypted}, chat::Text{"so"}})});
  EXPECT_THAT(written.body,
              testing::HasSubstr(R"([{"type":"thinking","thinking":"hm","signature":"c2ln"},)"
                                 R"({"type":"redacted_thinking","data":"c2Vh"},)"
                                 R"({"type":"thinking","thinking":"","signature":"held"},)"));
  EXPECT_THAT(written.body, testing::Not(testing::HasSubstr("foreign")));
  EXPECT_EQ(written.lost,
            (std::vector<std::string>{"messages[1].content[3]", "messages[1].content[4]"}));
}

TEST(AnthropicWrite, writes_documents_of_every_source) {
  const Written written = write_turns(
      {says(Role::User, {chat::Document{"u", "", "", "", "n", "c", true},
                         chat::Document{"", "JVBE", "application/pdf", "", "", ""},
                         chat::Document{"", "", "", "t", "", "", false, CacheMark::OneHour},
                         chat::Document{"", "UEsD", "application/zip", "", "", ""}})});
  EXPECT_THAT(
      written.body,
      testing::HasSubstr(
          R"([{"type":"document","source":{"type":"url","url":"u"},"title":"n","context":"c","citations":{"enabled":true}},)"
          R"({"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}},)"
          R"({"type":"document","source":{"type":"text","media_type":"text/plain","data":"t"},"cache_control":{"type":"ephemeral","ttl":"1h"}}])"));
  EXPECT_EQ(written.lost, (std::vector<std::string>{"messages[0].content[3]"}));
}

TEST(AnthropicWrite, writes_results_of_several_blocks) {
  const Written written = write_turns(
      {user("go"), says(Role::Assistant, {chat::ToolCall{"a", "f", ""}}),
       says(Role::User, {chat::ToolResult{.call_id = "a",
                                          .parts = {chat::Text{"one"}, chat::Text{""},
                                                    chat::Image{"u", "", "", "high"},
                                                    chat::Document{"", "x", "a/b", "", "", ""},
                                                    chat::Opaque{"search_result", R"({"x":1.0})"}},
                                          .cache = CacheMark::FiveMinutes}})});
  EXPECT_THAT(
      written.body,
      testing::HasSubstr(
          R"("content":[{"type":"text","text":"one"},{"type":"image","source":{"type":"url","url":"u"}},{"x":1.0}],"cache_control":{"type":"ephemeral"}})"));
  EXPECT_EQ(written.lost, (std::vector<std::string>{"messages[2].content[0].content[3]",
                                                    "messages[2].content[0].content[2].detail"}));
}

TEST(AnthropicWrite, marks_what_is_to_be_cached) {
  chat::Request request = asking({says(Role::System, {marked("a")}), user("hi"),
                                  says(Role::Assistant, {chat::ToolCall{"t", "f", "", kMark}})});
  request.tools = {{.name = "f", .description = "", .parameters = "", .cache = kMark}};
  const Written written = write(request);
  EXPECT_EQ(member(written, "system"),
            R"([{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}])");
  EXPECT_THAT(member(written, "messages"),
              testing::HasSubstr(R"("input":{},"cache_control":{"type":"ephemeral"})"));
  EXPECT_THAT(member(written, "tools"), testing::HasSubstr(R"("cache_control")"));
  EXPECT_TRUE(written.lost.empty());
}

TEST(AnthropicWrite, gives_back_only_sources_it_has_named) {
  const std::string own = R"({"type":"page_location","cited_text":"q"})";
  const Written written = write_turns(
      {user("go"),
       says(Role::Assistant,
            {chat::Text{.text = "a", .citations = {{"", "", "", own}, {"https://b", "B"}}}})});
  EXPECT_THAT(written.body, testing::HasSubstr(fmt::format(R"("citations":[{}])", own)));
  EXPECT_EQ(written.lost, (std::vector<std::string>{"messages[1].content[0].citations"}));
}

TEST(AnthropicWrite, leaves_out_texts_that_say_nothing) {
  const Written written =
      write_turns({says(Role::User, {chat::Text{""}, chat::Text{"a"}, chat::Text{""}})});
  EXPECT_EQ(member(written, "messages"), R"([{"role":"user","content":"a"}])");
  EXPECT_TRUE(written.lost.empty());
}

TEST(AnthropicWrite, names_each_message_that_is_empty_altogether) {
  const Written written = write_turns({user("a"), says(Role::Assistant, {chat::Text{""}}),
                                       user("b"), user(""), says(Role::User, {})});
  EXPECT_EQ(member(written, "messages"),
            R"([{"role":"user","content":"a"},{"role":"user","content":"b"}])");
  EXPECT_EQ(written.lost, (std::vector<std::string>{"messages[1].content", "messages[3].content",
                                                    "messages[4].content"}));
}

TEST(AnthropicWrite, refuses_a_conversation_without_words) {
  constexpr std::string_view kWhy =
      "; the model's provider takes no conversation without words, so say something";
  EXPECT_EQ(write_turns({user("")}).refused, fmt::format("messages[0].content is empty{}", kWhy));
  EXPECT_EQ(write_turns({says(Role::System, {chat::Text{""}}), user(""), user("")}).refused,
            fmt::format("messages[1].content is empty{}", kWhy));
  EXPECT_EQ(write_turns({says(Role::Assistant, {chat::Image{"u", "", "", ""}})}).refused,
            fmt::format("messages[0].content has nothing it can be sent{}", kWhy));
  EXPECT_EQ(write_turns({says(Role::System, {chat::Text{"a"}}), user("")}).refused, "");
}

TEST(AnthropicWrite, keeps_its_own_blocks_and_fields_as_they_came) {
  chat::Request request =
      asking({says(Role::User, {chat::Opaque{"document", R"({"type":"document","x":1.0})"}})});
  request.extra = {{"inference_geo", "\"eu\""}, {"tools[0].x", "true"}};
  const Written written = write(request);
  EXPECT_THAT(written.body, testing::HasSubstr(R"([{"type":"document","x":1.0}])"));
  EXPECT_EQ(member(written, "inference_geo"), "\"eu\"");
  EXPECT_EQ(written.lost, (std::vector<std::string>{"tools[0].x"}));
}

TEST(AnthropicWrite, writes_tools_and_how_they_may_be_called) {
  chat::Request request = asking({user("hi")});
  request.tools = {{"f", "", ""}, {"g", "d", R"({"type":"object"})"}};
  request.tool_choice = chat::ToolChoice{chat::ToolChoice::Kind::Named, "g"};
  request.parallel_tools = false;
  const Written written = write(request);
  EXPECT_EQ(
      member(written, "tools"),
      R"([{"name":"f","input_schema":{"type":"object","properties":{}}},{"name":"g","description":"d","input_schema":{"type":"object"}}])");
  EXPECT_EQ(member(written, "tool_choice"),
            R"({"type":"tool","name":"g","disable_parallel_tool_use":true})");
}

TEST(AnthropicWrite, says_one_call_a_turn_where_nothing_was_chosen) {
  chat::Request request = asking({user("hi")});
  request.tools = {{"f", "", ""}};
  request.parallel_tools = false;
  EXPECT_EQ(member(write(request), "tool_choice"),
            R"({"type":"auto","disable_parallel_tool_use":true})");
  request.tools.clear();
  EXPECT_EQ(member(write(request), "tool_choice"), "none");
}

TEST(AnthropicWrite, gives_only_the_tools_that_may_be_called) {
  chat::Request request = asking({user("hi")});
  request.tools = {{"f", "", "{}"}, {"g", "", "{}", true}};
  request.tool_choice = chat::ToolChoice{.kind = chat::ToolChoice::Kind::Any, .allowed = {"g"}};
  const Written written = write(request);
  EXPECT_EQ(member(written, "tools"), R"([{"name":"g","input_schema":{},"strict":true}])");
  EXPECT_EQ(member(written, "tool_choice"), R"({"type":"any"})");
  EXPECT_TRUE(written.lost.empty());
}

TEST(AnthropicWrite, asks_a_count_for_nothing_but_the_prompt) {
  chat::Request request = asking({user("hi")});
  request.tools = {{"f", "", "{}"}};
  request.max_tokens = 9;
  request.sampling = {.temperature = 0.5, .seed = 1};
  request.stop = {"x"};
  request.user = "u";
  request.service_tier = "auto";
  request.stream = true;
  const Written written = write(request, Operation::CountTokens);
  EXPECT_EQ(
      written.body,
      R"({"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"name":"f","input_schema":{}}]})");
  EXPECT_TRUE(written.lost.empty());
}

TEST(AnthropicWrite, names_each_field_it_cannot_carry) {
  chat::Request request = asking({user("hi")});
  request.messages[0].name = "kim";
  request.sampling = {.temperature = 1.5,
                      .top_k = 5,
                      .frequency_penalty = 0.5,
                      .presence_penalty = 0.5,
                      .seed = 1,
                      .logit_bias = R"({"1":2})",
                      .logprobs = true,
                      .top_logprobs = 3};
  request.stop = {"\n", "END"};
  request.choices = 2;
  request.format.kind = chat::Format::Kind::Json;
  request.verbosity = "low";
  request.metadata = R"({"a":"b"})";
  request.service_tier = "flex";
  request.cache_key = "k";
  request.cache_retention = "24h";
  request.user = "u";
  request.safety_id = "s";
  request.stream = true;
  const Written written = write(request);
  EXPECT_EQ(member(written, "temperature"), "1");
  EXPECT_EQ(member(written, "stop_sequences"), R"(["END"])");
  EXPECT_EQ(member(written, "top_k"), "5");
  EXPECT_EQ(member(written, "metadata"), R"({"user_id":"u"})");
  EXPECT_EQ(member(written, "stream"), "true");
  EXPECT_THAT(written.lost, testing::UnorderedElementsAre(
                                "messages[0].name", "temperature", "stop", "seed", "n",
                                "logit_bias", "logprobs", "frequency_penalty", "presence_penalty",
                                "response_format", "verbosity", "metadata", "service_tier",
                                "prompt_cache_key", "prompt_cache_retention", "safety_identifier"));
}

TEST(AnthropicWrite, loses_nothing_with_fields_that_say_what_holds_anyway) {
  chat::Request request = asking({user("hi")});
  request.sampling = {.frequency_penalty = 0, .presence_penalty = 0, .logit_bias = "{}"};
  request.metadata = "{}";
  EXPECT_TRUE(write(request).lost.empty());
}

TEST(AnthropicWrite, gives_the_hashed_user_where_there_is_no_other) {
  chat::Request request = asking({user("hi")});
  request.safety_id = "s";
  EXPECT_EQ(member(write(request), "metadata"), R"({"user_id":"s"})");
  EXPECT_TRUE(write(request).lost.empty());
}

TEST(AnthropicWrite, names_the_tier_in_its_own_words) {
  chat::Request request = asking({user("hi")});
  for (const auto& [tier, word] : {std::pair{"auto", R"("auto")"},
                                   {"default", R"("standard_only")"},
                                   {"priority", "none"},
                                   {"scale", "none"}}) {
    request.service_tier = tier;
    EXPECT_EQ(member(write(request), "service_tier"), word) << tier;
    EXPECT_EQ(write(request).lost.empty(), word != std::string_view("none")) << tier;
  }
}

TEST(AnthropicWrite, gives_back_what_it_reads) {
  const std::string body =
      R"({"model":"m","max_tokens":9,"system":"be kind","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"tool_use","id":"t1","name":"f","input":{"a":1.50}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"ok"},{"type":"text","text":"and?"}]}],"tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"},"stop_sequences":["x"],"temperature":0.5,"top_k":3,"metadata":{"user_id":"u"},"stream":true})";
  const auto tree = json::Tree::parse(body);
  const auto request = anthropic().read_request(Operation::Chat, *tree);
  ASSERT_TRUE(request) << request.error().detail;
  const Written written = write(*request);
  EXPECT_EQ(written.body, body);
  EXPECT_TRUE(written.lost.empty());
}

}  // namespace
}  // namespace naru::dialect
