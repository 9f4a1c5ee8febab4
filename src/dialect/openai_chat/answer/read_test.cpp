#include <gtest/gtest.h>

#include "dialect/testing_events.h"

namespace naru::dialect {
namespace {

using chat::StopReason;
using testing::Parsed;

struct Scanned {
  std::string model;
  AnswerFacts facts;
  std::optional<Fault> fault = {};
};

Scanned scan(const std::string& body, Operation operation = Operation::Chat) {
  const Parsed parsed(body);
  Scanned scanned;
  const auto patches = openai_chat().scan_answer(
      operation, parsed.tree(), {.public_model = "public", .answer_id = {}}, scanned.facts);
  if (!patches) scanned.fault = patches.error();
  if (patches && patches->size() == 1) {
    const Patch& patch = patches->front();
    scanned.model = body.substr(patch.begin, patch.end - patch.begin);
    EXPECT_EQ(patch.with, R"("public")");
  }
  return scanned;
}

std::string answer(std::string_view message, std::string_view stop, std::string_view more = "") {
  return fmt::format(
      R"({{"id":"chatcmpl-c","object":"chat.completion","created":5,"model":"up","choices":[)"
      R"({{"index":0,"message":{},"finish_reason":{}}}]{}}})",
      message, stop, more);
}

chat::Response read(const std::string& body) {
  const auto tree = json::Tree::parse(body, json::kFromUpstream);
  EXPECT_TRUE(tree) << body;
  const auto response = openai_chat().read_answer(*tree);
  EXPECT_TRUE(response) << response.error().detail;
  return response ? *response : chat::Response{.id = {}, .model = {}, .choices = {{}}};
}

chat::Choice read_choice(std::string_view message, std::string_view stop) {
  return read(answer(message, stop)).choices.at(0);
}

chat::Usage usage_of(std::string_view usage) {
  return scan(answer(R"({"content":"a"})", R"("stop")", fmt::format(R"(,"usage":{})", usage)))
      .facts.usage;
}

TEST(OpenAiAnswer, tells_model_text_stop_and_usage) {
  const Scanned scanned = scan(
      answer(R"({"content":"안녕 hi","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]})",
             R"("tool_calls")",
             R"(,"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10})"));
  EXPECT_EQ(scanned.model, R"("up")");
  EXPECT_EQ(scanned.facts.upstream_model, "up");
  EXPECT_EQ(scanned.facts.stop, StopReason::ToolUse);
  EXPECT_TRUE(scanned.facts.usage_reported);
  EXPECT_EQ(scanned.facts.usage, (chat::Usage{.input = 7, .output = 3}));
  EXPECT_EQ(scanned.facts.delivered.hangul, 6);
  EXPECT_EQ(scanned.facts.delivered.ascii, 5);
}

TEST(OpenAiAnswer, counts_no_token_twice) {
  EXPECT_EQ(usage_of(R"({"prompt_tokens":19,"completion_tokens":7,"total_tokens":26,)"
                     R"("prompt_tokens_details":{"cached_tokens":12},)"
                     R"("completion_tokens_details":{"reasoning_tokens":3}})"),
            (chat::Usage{.input = 7, .cache_read = 12, .output = 7, .reasoning = 3}));
}

TEST(OpenAiAnswer, adds_reasoning_where_only_the_total_tells_of_it) {
  EXPECT_EQ(usage_of(R"({"prompt_tokens":10,"completion_tokens":2,"total_tokens":17,)"
                     R"("completion_tokens_details":{"reasoning_tokens":5}})"),
            (chat::Usage{.input = 10, .output = 7, .reasoning = 5}));
}

TEST(OpenAiAnswer, survives_senseless_counts) {
  EXPECT_EQ(
      usage_of(R"({"prompt_tokens":-5,"completion_tokens":"x","prompt_tokens_details":null})"),
      chat::Usage{});
  EXPECT_EQ(usage_of(R"({"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":9}})"),
            (chat::Usage{.cache_read = 5}));
  EXPECT_FALSE(scan(answer("{}", "null", R"(,"usage":null)")).facts.usage_reported);
}

TEST(OpenAiAnswer, has_no_usage_where_nothing_is_counted) {
  for (const std::string_view usage :
       {"{}", R"({"prompt_tokens":null,"completion_tokens":null})", R"({"total_tokens":5})"}) {
    const std::string body =
        answer(R"({"content":"a"})", R"("stop")", fmt::format(R"(,"usage":{})", usage));
    EXPECT_FALSE(scan(body).facts.usage_reported) << usage;
    EXPECT_FALSE(openai_chat().read_answer(Parsed(body).tree())->usage) << usage;
  }
  EXPECT_FALSE(scan(R"({"data":[],"usage":{"prompt_tokens":0,"total_tokens":0}})", Operation::Embed)
                   .facts.usage_reported);
}

/// As llama-server answers with several choices.
std::string several(std::string_view more) {
  return fmt::format(
      R"({{"model":"up","choices":[{{"text":"a","message":{{"content":"a"}}}},{{"text":"b",)"
      R"("message":{{"content":"b"}}}}],"usage":{{"prompt_tokens":5,"completion_tokens":3}}{}}})",
      more);
}

TEST(OpenAiAnswer, does_not_take_an_engines_count_of_one_choice_for_that_of_all) {
  const std::string engine = several(R"(,"timings":{"predicted_n":3})");
  const AnswerFacts chat = scan(engine).facts;
  EXPECT_FALSE(chat.usage_reported);
  EXPECT_EQ(chat.usage, (chat::Usage{.input = 5}));  // the choices share their prompt
  const AnswerFacts prompts = scan(engine, Operation::Complete).facts;
  EXPECT_FALSE(prompts.usage_reported);
  EXPECT_EQ(prompts.usage, chat::Usage{});  // they may have prompts of their own
  EXPECT_FALSE(openai_chat().read_answer(Parsed(engine).tree())->usage);
  EXPECT_TRUE(scan(several("")).facts.usage_reported);
  EXPECT_EQ(scan(several("")).facts.usage, (chat::Usage{.input = 5, .output = 3}));
}

TEST(OpenAiAnswer, reads_completions_and_embeddings) {
  const Scanned text = scan(R"({"model":"up","choices":[{"text":"abc","finish_reason":"length"}]})",
                            Operation::Complete);
  EXPECT_EQ(text.facts.stop, StopReason::MaxTokens);
  EXPECT_EQ(text.facts.delivered.ascii, 3);
  const Scanned vector = scan(
      R"({"model":"up","data":[{"embedding":"AAAA"}],"usage":{"prompt_tokens":4,"total_tokens":4}})",
      Operation::Embed);
  EXPECT_EQ(vector.model, R"("up")");
  EXPECT_EQ(vector.facts.usage.input, 4);
}

TEST(OpenAiAnswer, refuses_what_is_no_answer) {
  EXPECT_EQ(scan("[]").fault->kind, FaultKind::UpstreamInvalid);
  EXPECT_EQ(scan("{}").fault->kind, FaultKind::UpstreamInvalid);
  EXPECT_EQ(scan(R"({"choices":[]})").fault->kind, FaultKind::UpstreamInvalid);
  EXPECT_EQ(scan(R"({"choices":[]})", Operation::Embed).fault->kind, FaultKind::UpstreamInvalid);
}

TEST(OpenAiAnswer, finds_an_error_that_came_as_success) {
  EXPECT_EQ(scan(R"({"error":{"message":"x","type":"server_error"}})").fault->kind,
            FaultKind::UpstreamFailed);
  EXPECT_EQ(scan(answer(R"({"content":"a"})", R"("error")")).fault->kind,
            FaultKind::UpstreamFailed);
}

struct Stop {
  std::string_view message;
  std::string_view word;
  StopReason stop;
};
class OpenAiStop : public ::testing::TestWithParam<Stop> {};
TEST_P(OpenAiStop, is_one_of_the_closed_set) {
  EXPECT_EQ(read_choice(GetParam().message, GetParam().word).stop, GetParam().stop);
}
constexpr std::string_view kSays = R"({"content":"a"})";
constexpr std::string_view kCalls =
    R"({"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]})";
INSTANTIATE_TEST_SUITE_P(Words, OpenAiStop,
                         ::testing::Values(Stop{kSays, R"("stop")", StopReason::EndTurn},
                                           Stop{kSays, R"("length")", StopReason::MaxTokens},
                                           Stop{kSays, R"("content_filter")", StopReason::Refusal},
                                           Stop{kSays, R"("a_new_word")", StopReason::EndTurn},
                                           Stop{kSays, "null", StopReason::EndTurn},
                                           Stop{kCalls, R"("tool_calls")", StopReason::ToolUse},
                                           Stop{kCalls, R"("function_call")", StopReason::ToolUse},
                                           Stop{kCalls, R"("stop")", StopReason::ToolUse},
                                           Stop{kCalls, R"("length")", StopReason::MaxTokens},
                                           Stop{R"({"refusal":"no"})", R"("stop")",
                                                StopReason::Refusal}));

TEST(OpenAiAnswer, reads_parts_in_the_order_a_stream_gives_them) {
  const chat::Choice choice = read_choice(
      R"({"content":"b","reasoning":"a","tool_calls":[{"function":{"name":"f","arguments":""}}]})",
      R"("tool_calls")");
  EXPECT_EQ(choice.parts, (std::vector<chat::Part>{chat::Thinking{"a", ""}, chat::Text{"b"},
                                                   chat::ToolCall{"call_0_0", "f", ""}}));
}

TEST(OpenAiAnswer, gives_ids_of_its_own_form) {
  const Parsed parsed(R"({"id":"resp_1","model":"m","choices":[{"message":{"content":"a"}}]})");
  AnswerFacts facts;
  const auto patches = openai_chat().scan_answer(
      Operation::Chat, parsed.tree(), {.public_model = "m", .answer_id = "chatcmpl-1"}, facts);
  ASSERT_TRUE(patches);
  EXPECT_EQ(patched(parsed.tree().text(), *patches),
            R"({"id":"chatcmpl-1","model":"m","choices":[{"message":{"content":"a"}}]})");
}

/// The choices a client of the same dialect is told.
std::string told_choices(std::string_view choices, Operation operation = Operation::Chat) {
  const Parsed parsed(fmt::format(R"({{"choices":[{}]}})", choices));
  AnswerFacts facts;
  const auto patches = openai_chat().scan_answer(operation, parsed.tree(), {}, facts);
  if (!patches) return patches.error().detail;
  const std::string told = patched(parsed.tree().text(), *patches);
  return told.substr(12, told.size() - 14);
}

TEST(OpenAiAnswer, numbers_choices_that_are_not) {
  EXPECT_EQ(told_choices(R"({"index":3,"message":{}})"), R"({"index":0,"message":{}})");
  EXPECT_EQ(told_choices(R"({"message":{}})"), R"({"message":{}})") << "alone";
  EXPECT_EQ(told_choices(R"({"index":0,"a":1},{"index":0,"a":2},{"index":null})"),
            R"({"index":0,"a":1},{"index":1,"a":2},{"index":2})");
  const std::string mixed = R"({"index":1,"text":"b"},{"index":0,"text":"a"})";
  EXPECT_EQ(told_choices(mixed, Operation::Complete), mixed);
}

TEST(OpenAiAnswer, tells_the_type_of_calls_in_its_own_word) {
  constexpr std::string_view kForm =
      R"({{"index":0,"message":{{"tool_calls":[{{"type":"{}","{}":{{"name":"f"}}}}]}}}})";
  EXPECT_EQ(told_choices(fmt::format(kForm, "tool_use", "function")),
            fmt::format(kForm, "function", "function"));
  EXPECT_EQ(told_choices(fmt::format(kForm, "custom", "custom")),
            fmt::format(kForm, "custom", "custom"));
}

TEST(OpenAiAnswer, takes_arguments_that_are_an_object) {
  const std::string_view message =
      R"({"tool_calls":[{"id":"c","function":{"name":"f","arguments":{"a":[1]}}}]})";
  EXPECT_EQ(read_choice(message, R"("stop")").parts,
            (std::vector<chat::Part>{chat::ToolCall{"c", "f", R"({"a":[1]})"}}));
  EXPECT_EQ(scan(answer(message, R"("stop")")).facts.delivered.ascii, 9);
}

TEST(OpenAiAnswer, drops_a_place_held_for_no_call) {
  const std::string_view message =
      R"({"content":"a","tool_calls":[{"id":"","function":{"name":"","arguments":""}}],)"
      R"("function_call":{"name":"","arguments":""}})";
  const chat::Choice choice = read_choice(message, R"("stop")");
  EXPECT_EQ(choice.parts, (std::vector<chat::Part>{chat::Text{"a"}}));
  EXPECT_EQ(choice.stop, StopReason::EndTurn);
  EXPECT_EQ(scan(answer(message, R"("stop")")).facts.stop, StopReason::EndTurn);
}

TEST(OpenAiAnswer, refuses_words_that_no_client_would_find) {
  for (const std::string_view message : {R"({"content":5})", R"({"content":{"text":"a"}})", "5"}) {
    const std::string body = answer(message, R"("stop")");
    ASSERT_TRUE(scan(body).fault) << message;
    EXPECT_EQ(scan(body).fault->kind, FaultKind::UpstreamInvalid);
    EXPECT_FALSE(openai_chat().read_answer(Parsed(body).tree())) << message;
  }
}

TEST(OpenAiAnswer, keeps_what_a_fault_in_its_place_has_cost) {
  for (const std::string_view members :
       {R"("choices":[])", R"("error":{"message":"x"})",
        R"("choices":[{"index":0,"message":{"content":"a"},"finish_reason":"error"}])"}) {
    const Scanned scanned =
        scan(fmt::format(R"({{{},"usage":{{"prompt_tokens":7,"completion_tokens":3}}}})", members));
    EXPECT_TRUE(scanned.fault) << members;
    EXPECT_TRUE(scanned.facts.usage_reported) << members;
    EXPECT_EQ(scanned.facts.usage, (chat::Usage{.input = 7, .output = 3})) << members;
  }
}

TEST(OpenAiAnswer, settles_what_a_stop_means_on_the_same_dialect_too) {
  EXPECT_EQ(scan(answer(kCalls, R"("stop")")).facts.stop, StopReason::ToolUse);
  EXPECT_EQ(scan(answer(R"({"refusal":"no"})", R"("stop")")).facts.stop, StopReason::Refusal);
}

TEST(OpenAiAnswer, counts_what_was_written_to_a_cache) {
  EXPECT_EQ(usage_of(R"({"prompt_tokens":19,"completion_tokens":7,)"
                     R"("prompt_tokens_details":{"cached_tokens":12,"cache_write_tokens":5}})"),
            (chat::Usage{.input = 2, .cache_read = 12, .cache_write_5m = 5, .output = 7}));
}

TEST(OpenAiAnswer, tells_the_tier_that_served_it_if_it_is_one) {
  const std::string_view message = R"({"content":"a"})";
  EXPECT_EQ(read(answer(message, "null", R"(,"service_tier":"flex")")).service_tier, "flex");
  EXPECT_EQ(read(answer(message, "null", R"(,"service_tier":"turbo")")).service_tier, "");
}

TEST(OpenAiAnswer, tells_a_refusal_apart_from_text) {
  chat::Text refusal{"no"};
  refusal.refusal = true;
  EXPECT_EQ(read_choice(R"({"content":"well","refusal":"no"})", R"("stop")").parts,
            (std::vector<chat::Part>{chat::Text{"well"}, refusal}));
}

TEST(OpenAiAnswer, attaches_log_probabilities_to_what_they_are_of) {
  const chat::Response response =
      read(R"({"model":"m","choices":[{"message":{"content":"a","refusal":"no"},"logprobs":)"
           R"({"content":[{"token":"a","logprob":NaN}],"refusal":[{"token":"no"}]}}]})");
  const auto& parts = response.choices.at(0).parts;
  EXPECT_EQ(std::get<chat::Text>(parts.at(0)).logprobs, R"([{"token":"a","logprob":null}])");
  EXPECT_EQ(std::get<chat::Text>(parts.at(1)).logprobs, R"([{"token":"no"}])");
}

constexpr std::string_view kCited =
    R"({"type":"url_citation","url_citation":{"end_index":2,"start_index":1,"url":"https://a","title":"t"}})";

TEST(OpenAiAnswer, tells_what_it_cites) {
  const chat::Choice choice =
      read_choice(fmt::format(R"({{"content":"abc","annotations":[{}]}})", kCited), R"("stop")");
  EXPECT_EQ(std::get<chat::Text>(choice.parts.at(0)).citations,
            (std::vector<chat::Citation>{
                {.url = "https://a", .title = "t", .quote = {}, .raw = std::string(kCited)}}));
}

chat::Thinking thought(std::string text, std::string sealed, chat::Seal seal) {
  return {.text = std::move(text), .sealed = std::move(sealed), .seal = seal};
}

TEST(OpenAiAnswer, reads_reasoning_with_its_seals) {
  const chat::Choice choice = read_choice(
      R"({"content":"b","reasoning_content":"hmha","reasoning_details":[)"
      R"({"type":"reasoning.text","text":"hm","signature":"s1"},)"
      R"({"type":"reasoning.summary","summary":"h"},{"type":"reasoning.text","text":"a"},)"
      R"({"type":"reasoning.text","signature":"s2"},)"
      R"({"type":"reasoning.encrypted","data":"e","id":"rs_1"}]})",
      R"("stop")");
  chat::Thinking hidden = thought("", "e", chat::Seal::Encrypted);
  hidden.id = "rs_1";
  EXPECT_EQ(choice.parts, (std::vector<chat::Part>{thought("hm", "s1", chat::Seal::Signature),
                                                   thought("ha", "s2", chat::Seal::Signature),
                                                   hidden, chat::Text{"b"}}));
}

TEST(OpenAiAnswer, keeps_reasoning_that_its_details_only_seal) {
  EXPECT_EQ(
      read_choice(R"({"reasoning":"hm","reasoning_details":[)"
                  R"({"type":"reasoning.encrypted","data":"e"}]})",
                  R"("stop")")
          .parts,
      (std::vector<chat::Part>{chat::Thinking{"hm"}, thought("", "e", chat::Seal::Encrypted)}));
  EXPECT_EQ(read_choice(R"({"reasoning":"hm","reasoning_details":[)"
                        R"({"type":"reasoning.text","signature":"s"}]})",
                        R"("stop")")
                .parts,
            (std::vector<chat::Part>{thought("hm", "s", chat::Seal::Signature)}));
}

struct Unknown {
  std::string_view message;
  std::string_view field;
};
class OpenAiUnknown : public ::testing::TestWithParam<Unknown> {};
TEST_P(OpenAiUnknown, is_a_loss) {
  const std::string body =
      fmt::format(R"({{"model":"m","choices":[{{"message":{}}},{{"message":{}}}]}})",
                  GetParam().message, GetParam().message);
  const std::vector<chat::Loss> losses = read(body).losses;
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_EQ(losses[0].field, fmt::format("answer.{}", GetParam().field));
  EXPECT_EQ(losses[1].field, fmt::format("answer.choices[1].{}", GetParam().field));
}
INSTANTIATE_TEST_SUITE_P(
    Parts, OpenAiUnknown,
    ::testing::Values(
        Unknown{R"({"content":[{"type":"text","text":"a"},{"type":"hologram"}]})", "content[1]"},
        Unknown{R"({"content":null,"audio":{"id":"a","data":"AAAA"}})", "audio"},
        Unknown{R"({"content":"a","x Y":1})", "message"},
        Unknown{R"({"content":null,"annotations":[{"type":"url_citation"}]})", "annotations"},
        Unknown{R"({"tool_calls":[{"id":"c","type":"custom","custom":{"name":"f","input":"x"}}]})",
                "tool_calls[0]"},
        Unknown{R"({"content":"a","reasoning_details":[{"type":"reasoning.smoke"}]})",
                "reasoning_details[0]"}));

TEST(OpenAiAnswer, loses_nothing_in_members_that_say_nothing) {
  EXPECT_EQ(read(answer(R"({"role":"assistant","content":"a","refusal":null,"annotations":[],)"
                        R"("audio":null,"function_call":null,"tool_calls":[],"images":[],"x":""})",
                        R"("stop")"))
                .losses,
            std::vector<chat::Loss>{});
}

}  // namespace
}  // namespace naru::dialect
