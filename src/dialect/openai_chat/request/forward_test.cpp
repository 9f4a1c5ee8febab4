#include <gtest/gtest.h>

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
  const Result<RequestScan> scan = openai_chat().scan_request(operation, parsed.tree());
  if (!scan) return {scan.error().detail, {}};
  std::vector<chat::Loss> losses;
  Forwarded done{openai_chat().forward_request(operation, parsed.tree(), *scan, how, losses), {}};
  for (const chat::Loss& loss : losses) done.losses.push_back(loss.field);
  return done;
}

constexpr std::string_view kMessages = R"("messages":[{"role":"user","content":"hi"}])";

/// `{"model":"up",MEMBERS}` as it goes on to an upstream that calls the model so too.
std::string forward_stream(std::string_view members) {
  const std::string head = fmt::format(R"({{"model":"up",{},"stream":true)", kMessages);
  const std::string sent = forward(fmt::format("{}{}}}", head, members), {"up"}).body;
  EXPECT_TRUE(Parsed(sent).ok()) << sent;
  return sent;
}

/// What an engine of ours is given of `{"model":"m",MEMBERS}`.
Forwarded to_engine(std::string_view members, Operation operation = Operation::Chat) {
  const Forward how{.upstream_model = "m", .ask_usage = false, .fields = Fields::Listed};
  Forwarded done = forward(fmt::format(R"({{"model":"m",{}}})", members), how, operation);
  EXPECT_TRUE(Parsed(done.body).ok()) << done.body;
  return done;
}

TEST(OpenAiForward, changes_no_byte_but_the_model) {
  const std::string body =
      "\t{ \"messages\" : [ {\"role\":\"user\", \"content\":\"\\u0068i\\/\"} ] , \"model\":\n"
      "\"public\", \"temperature\": 1.50e+0, \"unknown\":{\"a\":[1,2.0,-0]} }\r\n";
  std::string expected = body;
  expected.replace(expected.find("\"public\""), 8, "\"up/stream\"");
  EXPECT_EQ(forward(body, {"up/stream"}).body, expected);
}

TEST(OpenAiForward, changes_nothing_at_all_when_the_model_has_its_name) {
  const std::string body = fmt::format(R"({{"model":"\u006d",{}}})", kMessages);
  EXPECT_EQ(forward(body, {"m"}).body, body);
}

TEST(OpenAiForward, asks_a_stream_for_usage_where_nothing_is_said) {
  EXPECT_EQ(
      forward_stream(""),
      fmt::format(R"({{"model":"up","stream_options":{{"include_usage":true}},{},"stream":true}})",
                  kMessages));
}

TEST(OpenAiForward, asks_a_stream_for_usage_inside_what_is_said) {
  const auto tail = [](std::string_view options) {
    const std::string sent = forward_stream(fmt::format(R"(,"stream_options":{})", options));
    return sent.substr(sent.find(R"("stream_options":)") + 17);
  };
  EXPECT_EQ(tail("null"), R"({"include_usage":true}})");
  EXPECT_EQ(tail("{}"), R"({"include_usage":true}})");
  EXPECT_EQ(tail(R"({ "x":1})"), R"({"include_usage":true, "x":1}})");
  EXPECT_EQ(tail(R"({"include_usage":false})"), R"({"include_usage":true}})");
  EXPECT_EQ(tail(R"({"include_usage":null,"x":1})"), R"({"include_usage":true,"x":1}})");
  EXPECT_EQ(tail(R"({"include_usage":true})"), R"({"include_usage":true}})");
}

TEST(OpenAiForward, asks_for_no_usage_outside_streams_or_when_told_not_to) {
  const std::string plain = fmt::format(R"({{"model":"m",{}}})", kMessages);
  EXPECT_EQ(forward(plain, {"m"}).body, plain);
  const std::string stream = fmt::format(R"({{"model":"m",{},"stream":true}})", kMessages);
  EXPECT_EQ(forward(stream, {.upstream_model = "m", .ask_usage = false}).body, stream);
}

TEST(OpenAiForward, gives_providers_fields_it_does_not_know) {
  const std::string body = fmt::format(R"({{"model":"m",{},"grammar":"x","new":{{}}}})", kMessages);
  const Forwarded done = forward(body, {"m"});
  EXPECT_EQ(done.body, body);
  EXPECT_EQ(done.losses, Strings{});
}

TEST(OpenAiForward, gives_strict_providers_all_that_their_api_documents) {
  const Forward strict{.upstream_model = "m", .fields = Fields::Documented};
  const std::string body =
      R"({"model":"m","audio":{"voice":"alloy"},"prediction":{"type":"content","content":"a"},)"
      R"("web_search_options":{},"prompt_cache_retention":"24h","messages":[{"role":"user",)"
      R"("content":[{"type":"image_url","image_url":{"url":"https://a/b.png"}},)"
      R"({"type":"file","file":{"file_id":"f"}}]},{"role":"assistant","audio":{"id":"a"}}]})";
  EXPECT_EQ(forward(body, strict).body, body);
  const Forwarded cut = forward(
      R"({"model":"m","future":1,"messages":[{"role":"user","content":"a","odd":1}]})", strict);
  EXPECT_EQ(cut.body, R"({"model":"m","messages":[{"role":"user","content":"a"}]})");
  EXPECT_EQ(cut.losses, (Strings{"future", "messages[0].odd"}));
}

TEST(OpenAiForward, gives_engines_listed_fields_only) {
  const Forwarded done = to_engine(fmt::format(
      R"("grammar":"g",{},"temperature":0.5,"id_slot":1,"chat_parser":{{"a":[1]}},"top_k":5)",
      kMessages));
  EXPECT_EQ(done.body, fmt::format(R"({{"model":"m",{},"temperature":0.5,"top_k":5}})", kMessages));
  EXPECT_EQ(done.losses, (Strings{"grammar", "id_slot", "chat_parser"}));
}

TEST(OpenAiForward, takes_unlisted_fields_out_at_either_end) {
  const auto body = [](std::string_view text) {
    return forward(std::string(text), {.upstream_model = "m", .fields = Fields::Listed}).body;
  };
  EXPECT_EQ(body(R"({"a":1, "b":2, "model":"m","messages":[{"role":"user"}]})"),
            R"({"model":"m","messages":[{"role":"user"}]})");
  EXPECT_EQ(body(R"({"model":"m","messages":[{"role":"user"}] , "a":1, "b":2 })"),
            R"({"model":"m","messages":[{"role":"user"}] })");
}

TEST(OpenAiForward, patches_beside_what_it_takes_out) {
  const std::string body =
      R"({"x":1,"model":"m","grammar":"g","messages":[{"role":"user"}],"stream":true})";
  EXPECT_EQ(
      forward(body, {.upstream_model = "up", .fields = Fields::Listed}).body,
      R"({"model":"up","stream_options":{"include_usage":true},"messages":[{"role":"user"}],"stream":true})");
}

TEST(OpenAiForward, has_engines_count_streams_as_they_write) {
  const auto sent = [](std::string_view members) {
    const Forward how{.upstream_model = "m", .fields = Fields::Listed, .ask_counts = true};
    const std::string body = fmt::format(R"({{"model":"m",{}{}}})", kMessages, members);
    const std::string sent = forward(body, how).body;
    EXPECT_TRUE(Parsed(sent).ok()) << sent;
    return sent;
  };
  constexpr std::string_view kAsked = R"("timings_per_token":true)";
  EXPECT_NE(sent(R"(,"stream":true)").find(kAsked), std::string::npos);
  EXPECT_NE(sent(R"(,"stream":true,"timings_per_token":false)").find(kAsked), std::string::npos);
  EXPECT_EQ(sent("").find(kAsked), std::string::npos);
}

TEST(OpenAiForward, gives_engines_switches_of_the_template_and_nothing_else_of_it) {
  const auto with = [](std::string_view kwargs) {
    return to_engine(fmt::format(R"({},"chat_template_kwargs":{})", kMessages, kwargs)).losses;
  };
  EXPECT_EQ(with(R"({"enable_thinking":false})"), Strings{});
  EXPECT_EQ(with(R"({"chat_template":"{{x}}"})"), Strings{"chat_template_kwargs"});
  EXPECT_EQ(with(R"({"enable_thinking":["x"]})"), Strings{"chat_template_kwargs"});
  EXPECT_EQ(with("7"), Strings{"chat_template_kwargs"});
}

TEST(OpenAiForward, gives_engines_no_address_to_fetch) {
  const Forwarded done = to_engine(
      R"("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://10.0.0.1/"}},)"
      R"({"type":"text","text":"a"},{"type":"video_url","video_url":{"url":"x"}},)"
      R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}],"secret_field":1}])");
  EXPECT_EQ(done.body,
            R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},)"
            R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}]})");
  EXPECT_EQ(done.losses, (Strings{"messages[0].secret_field", "messages[0].content[0]",
                                  "messages[0].content[2]"}));
}

TEST(OpenAiForward, lists_fields_of_completions_and_embeddings_too) {
  EXPECT_EQ(to_engine(R"("prompt":"a","echo":true,"messages":[1])", Operation::Complete).body,
            R"({"model":"m","prompt":"a","echo":true})");
  const Forwarded embed = to_engine(
      R"("input":[1,2],"encoding_format":"base64","dimensions":8,"x":1)", Operation::Embed);
  EXPECT_EQ(embed.body, R"({"model":"m","input":[1,2],"encoding_format":"base64"})");
  EXPECT_EQ(embed.losses, (Strings{"dimensions", "x"}));  // llama-server has no dimensions
}

/// What a provider is given of an assistant's message with `members`.
Forwarded with_turn(std::string_view members, bool engine = false) {
  const std::string body = fmt::format(
      R"({{"model":"m","messages":[{{"role":"user"}},{{"role":"assistant",{}}}]}})", members);
  Forwarded done =
      forward(body, {.upstream_model = "m", .fields = engine ? Fields::Listed : Fields::All});
  EXPECT_TRUE(Parsed(done.body).ok()) << done.body;
  return done;
}

std::string turn(std::string_view members) {
  return fmt::format(R"({{"model":"m","messages":[{{"role":"user"}},{{"role":"assistant"{}}}]}})",
                     members);
}

TEST(OpenAiForward, cuts_out_reasoning_that_came_from_another_dialect) {
  const Forwarded all =
      with_turn(R"("content":"a","reasoning_content":"hm","reasoning_details":[)"
                R"({"type":"reasoning.text","text":"hm","signature":"naru1:signature:up::s"},)"
                R"({"type":"reasoning.encrypted","data":"naru1:redacted:up::d"}],"x":1)");
  EXPECT_EQ(all.body, turn(R"(,"content":"a","x":1)"));
  EXPECT_EQ(all.losses,
            (Strings{"messages[1].reasoning_details[0]", "messages[1].reasoning_details[1]"}));
  const Forwarded one = with_turn(
      R"("reasoning_content":"hm","reasoning_details":[{"type":"reasoning.text","signature":"s"},)"
      R"({"type":"reasoning.encrypted","data":"naru1:redacted:up::d"}])");
  EXPECT_EQ(one.body, turn(R"(,"reasoning_content":"hm","reasoning_details":[)"
                           R"({"type":"reasoning.text","signature":"s"}])"));
  EXPECT_EQ(one.losses, Strings{"messages[1].reasoning_details[1]"});
}

TEST(OpenAiForward, leaves_a_providers_own_reasoning_as_it_is) {
  constexpr std::string_view kOwn =
      R"("reasoning_details":[{"type":"reasoning.text","text":"naru1:","signature":"s"}])";
  EXPECT_EQ(with_turn(kOwn).body, turn(fmt::format(",{}", kOwn)));
  EXPECT_EQ(with_turn(kOwn).losses, Strings{});
}

TEST(OpenAiForward, gives_engines_no_sealed_reasoning) {
  const Forwarded done =
      with_turn(R"("content":"a","reasoning_content":"hm","annotations":[],"audio":null,)"
                R"("reasoning_details":[{"type":"reasoning.encrypted","data":"naru1:none:up::"}])",
                true);
  EXPECT_EQ(done.body, turn(R"(,"content":"a","reasoning_content":"hm")"));
  EXPECT_EQ(done.losses, Strings{"messages[1].reasoning_details"});
}

}  // namespace
}  // namespace naru::dialect
