#include "dialect/openai_responses/kept.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/testing.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Parsed;
using Referenced = std::map<std::string, std::string>;

Recall recall_of(const std::string& body) {
  const Parsed parsed(body);
  return scan_recall(parsed.tree()).value();
}

std::string recalled(const std::string& body, std::vector<std::string> earlier,
                     const Referenced& referenced = {}) {
  const Parsed parsed(body);
  const auto made =
      with_recalled(parsed.tree(), {.earlier = std::move(earlier), .referenced = referenced}, 400);
  return made ? *made : made.error().detail;
}

std::vector<std::string> bodies_of(const std::string& body) {
  Rng rng(1);
  const Parsed parsed(body);
  std::vector<std::string> bodies;
  for (const Item& item : input_items(parsed.tree(), rng)) {
    EXPECT_THAT(item.body, HasSubstr(item.id));
    bodies.push_back(item.body);
  }
  return bodies;
}

TEST(Recall, is_read_with_its_default_of_keeping) {
  EXPECT_TRUE(recall_of(R"({"input":"hi"})").keep);
  const Recall asked = recall_of(
      R"({"store":false,"previous_response_id":"resp_1","input":[{"type":"item_reference","id":"a"},)"
      R"({"id":"b"},{"role":"user","content":"hi"}]})");
  EXPECT_FALSE(asked.keep);
  EXPECT_EQ(asked.previous, "resp_1");
  EXPECT_THAT(asked.references, ElementsAre("a", "b"));
}

TEST(Recall, names_ids_that_cannot_be) {
  for (const auto& [body, path] :
       {std::pair{R"({"previous_response_id":""})", "previous_"},
        std::pair{R"({"previous_response_id":7})", "previous_"},
        std::pair{R"({"store":1})", "store"},
        std::pair{R"({"input":[{"type":"item_reference","id":""}]})", "input[0].id"}}) {
    const Parsed parsed(body);
    const auto asked = scan_recall(parsed.tree());
    ASSERT_FALSE(asked) << body;
    EXPECT_THAT(asked.error().detail, HasSubstr(path));
  }
}

TEST(Recall, puts_what_was_said_before_in_front) {
  EXPECT_EQ(recalled(R"({"model":"m","input":[{"x":1}],"n":2})", {R"({"a":1})", R"({"b":2})"}),
            R"({"model":"m","input":[{"a":1},{"b":2},{"x":1}],"n":2})");
  EXPECT_EQ(recalled(R"({"input":[]})", {R"({"a":1})"}), R"({"input":[{"a":1}]})");
  EXPECT_EQ(recalled(R"({"model":"m"})", {R"({"a":1})"}), R"({"input":[{"a":1}],"model":"m"})");
  EXPECT_EQ(recalled(R"({"input":"\"나루\""})", {R"({"a":1})"}),
            R"({"input":[{"a":1},{"type":"message","role":"user","content":)"
            R"([{"type":"input_text","text":"\"나루\""}]}]})");
}

TEST(Recall, gives_references_their_items_or_names_the_first_without) {
  const std::string body = R"({"input":[{"type":"item_reference","id":"a"},{"x":1}]})";
  EXPECT_EQ(recalled(body, {}, {{"a", R"({"id":"a"})"}}), R"({"input":[{"id":"a"},{"x":1}]})");
  EXPECT_THAT(recalled(body, {}), HasSubstr("$.input[0] names the item 'a'"));
}

TEST(Recall, ends_where_it_grows_too_long) {
  EXPECT_THAT(recalled(R"({"input":"hi"})", {std::string(380, ' ') + "{}", R"({"a":"b"})"}),
              HasSubstr("exceeds 400 bytes"));
}

TEST(Recall, takes_a_name_once_and_not_too_many) {
  EXPECT_THAT(recall_of(R"({"input":[{"id":"a"},{"id":"a"}]})").references, ElementsAre("a"));
  std::string many;
  for (int i = 0; i < 300; ++i)
    many += fmt::format(R"({}{{"id":"item_{}"}})", many.empty() ? "" : ",", i);
  const Parsed parsed(fmt::format(R"({{"input":[{}]}})", many));
  EXPECT_THAT(scan_recall(parsed.tree()).error().detail, HasSubstr("more than 256 items"));
}

TEST(Items, of_an_input_all_have_an_id) {
  const auto made = bodies_of(
      R"({"input":[{"id":"m1","role":"user"},{ "type":"function_call","call_id":"c"},{}]})");
  ASSERT_EQ(made.size(), 3U);
  EXPECT_EQ(made[0], R"({"id":"m1","role":"user"})");
  EXPECT_THAT(made[1], ::testing::MatchesRegex(
                           R"(\{"id":"fc_[0-9A-Za-z]+","type":"function_call","call_id":"c"\})"));
  EXPECT_THAT(made[2], ::testing::MatchesRegex(R"(\{"id":"msg_[0-9A-Za-z]+"\})"));
  EXPECT_EQ(bodies_of(R"({"input":"hi"})").size(), 1U);
}

TEST(Keepsake, is_read_from_a_plain_answer_and_from_a_terminal_frame) {
  const std::string response =
      R"({"id":"resp_1","output":[{"id":"msg_1","type":"message"},{"type":"reasoning"}]})";
  const std::string frame =
      "event: response.completed\ndata: {\"type\":\"response.completed\","
      "\"response\":" +
      response + "}\n\n";
  const std::string earlier = "event: response.output_item.done\ndata: {\"item\":{}}\n\n";
  for (const std::string& answer : {response, frame, earlier + frame}) {
    Rng rng(1);
    const auto kept = read_keepsake(answer, rng);
    ASSERT_TRUE(kept) << answer;
    EXPECT_EQ(kept->id, "resp_1");
    EXPECT_EQ(kept->body, response);
    ASSERT_EQ(kept->items.size(), 2U);
    EXPECT_EQ(kept->items[0].id, "msg_1");
    EXPECT_TRUE(kept->items[1].id.starts_with("rs_"));
  }
}

TEST(Keepsake, is_json_that_every_reader_takes) {
  Rng rng(1);
  const auto kept = read_keepsake(R"({"id":"r","x":NaN,"output":[{"id":"a","y":1,"y":2}]})", rng);
  ASSERT_TRUE(kept);
  EXPECT_TRUE(json::Tree::parse(kept->body)) << kept->body;
  EXPECT_TRUE(json::Tree::parse(kept->items.at(0).body)) << kept->items.at(0).body;
}

TEST(Keepsake, is_none_of_what_is_no_answer) {
  Rng rng(1);
  for (const std::string_view text :
       {"", "{}", "data: [DONE]\n\n", "data: {\"response\":7}\n\n", R"({"id":"a","output":7})",
        R"({"id":"","output":[]})", "[1]", "event: x\n\n"})
    EXPECT_FALSE(read_keepsake(text, rng)) << text;
}

}  // namespace
}  // namespace naru::dialect::openai_responses_wire
