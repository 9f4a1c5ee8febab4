#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/dialect.h"

namespace naru::dialect {
namespace {

using chat::Message;
using chat::Role;
using Parts = std::vector<chat::Part>;

struct Written {
  std::string body;
  std::vector<std::string> lost;  // fields
  std::string refused = {};
};

Written write(const chat::Request& request) {
  std::vector<chat::Loss> losses;
  Result<std::string> body = anthropic().write_request(request, losses);
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
              testing::EndsWith(R"({"role":"user","content":"be brief"}])"));
  EXPECT_EQ(written.lost, (std::vector<std::string>{"messages[2].role"}));
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
                   says(Role::User, {chat::ToolResult{"a:1", "one", false}}), user("and"),
                   says(Role::User, {chat::ToolResult{"b", "", true}})});
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

TEST(AnthropicWrite, replays_signed_reasoning_only) {
  const Written written = write_turns(
      {user("go"), says(Role::Assistant, {chat::Thinking{"hm", "c2ln"},
                                          chat::Thinking{"foreign", ""}, chat::Text{"so"}})});
  EXPECT_THAT(written.body,
              testing::HasSubstr(R"({"type":"thinking","thinking":"hm","signature":"c2ln"})"));
  EXPECT_THAT(written.body, testing::Not(testing::HasSubstr("foreign")));
  EXPECT_EQ(written.lost, (std::vector<std::string>{"messages[1].content[1]"}));
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
  request.extra = {{"service_tier", "\"auto\""}, {"tools[0].strict", "true"}};
  const Written written = write(request);
  EXPECT_THAT(written.body, testing::HasSubstr(R"([{"type":"document","x":1.0}])"));
  EXPECT_EQ(member(written, "service_tier"), "\"auto\"");
  EXPECT_EQ(written.lost, (std::vector<std::string>{"tools[0].strict"}));
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

TEST(AnthropicWrite, names_each_field_it_cannot_carry) {
  chat::Request request = asking({user("hi")});
  request.messages[0].name = "kim";
  request.temperature = 1.5;
  request.stop = {"\n", "END"};
  request.top_k = 5;
  request.user = "u";
  request.stream = true;
  const Written written = write(request);
  EXPECT_EQ(member(written, "temperature"), "1");
  EXPECT_EQ(member(written, "stop_sequences"), R"(["END"])");
  EXPECT_EQ(member(written, "top_k"), "5");
  EXPECT_EQ(member(written, "metadata"), R"({"user_id":"u"})");
  EXPECT_EQ(member(written, "stream"), "true");
  EXPECT_THAT(written.lost,
              testing::UnorderedElementsAre("messages[0].name", "temperature", "stop"));
}

TEST(AnthropicWrite, gives_back_what_it_reads) {
  const std::string body =
      R"({"model":"m","max_tokens":9,"system":"be kind","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"tool_use","id":"t1","name":"f","input":{"a":1.50}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"ok"},{"type":"text","text":"and?"}]}],"tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"},"stop_sequences":["x"],"temperature":0.5,"top_k":3,"metadata":{"user_id":"u"},"stream":true})";
  const auto tree = json::Tree::parse(body);
  const auto request = anthropic().read_request(*tree);
  ASSERT_TRUE(request) << request.error().detail;
  const Written written = write(*request);
  EXPECT_EQ(written.body, body);
  EXPECT_TRUE(written.lost.empty());
}

}  // namespace
}  // namespace naru::dialect
