#include "dialect/translate.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "dialect/testing.h"

namespace naru::dialect {
namespace {

using testing::Parsed;
using testing::Streamed;
using testing::Strings;
using Progress = AnswerStream::Progress;

constexpr std::string_view kFolder = "src/dialect/openai_chat/corpus/openai_chat_stream/";

const Ends kSame{&openai_chat(), &openai_chat()};
const Ends kCross{&anthropic(), &openai_chat()};
const WriterOptions kOptions{.public_model = "public", .answer_id = "id", .created_s = 1};

std::string sample(std::string_view name) {
  return testing::file(fmt::format("{}{}.sse", kFolder, name));
}

std::string without(std::string text, std::string_view piece) {
  for (std::size_t at = text.find(piece); at != text.npos; at = text.find(piece, at))
    text.erase(at, piece.size());
  return text;
}

std::string renamed(std::string text) {
  constexpr std::string_view kModel = R"("model":"gpt-4.1-2025-04-14")";
  for (std::size_t at = text.find(kModel); at != text.npos; at = text.find(kModel, at))
    text.replace(at, kModel.size(), R"("model":"public")");
  return text;
}

/// The events of `text` that hold `piece` taken out.
std::string without_events(const std::string& text, std::string_view piece) {
  std::string kept;
  wire::Splitter splitter(testing::kEventLimit);
  EXPECT_TRUE(splitter.feed(text));
  while (const auto event = splitter.next())
    if (event->raw.find(piece) == event->raw.npos) kept += event->raw;
  return kept;
}

/// Equal in all a client and the ledger can see.
void expect_same(const Streamed& got, const Streamed& whole, std::string_view how) {
  EXPECT_EQ(got.bytes, whole.bytes) << how;
  EXPECT_EQ(got.terminal, whole.terminal) << how;
  EXPECT_EQ(got.fault.has_value(), whole.fault.has_value()) << how;
  EXPECT_EQ(got.facts.usage, whole.facts.usage) << how;
  EXPECT_EQ(got.facts.delivered, whole.facts.delivered) << how;
}

Progress progress_after(const Ends& ends, std::string_view bytes) {
  const auto answer = make_answer_stream(ends, kOptions);
  wire::Splitter splitter(testing::kEventLimit);
  EXPECT_TRUE(splitter.feed(bytes));
  Progress progress = Progress::Quiet;
  std::string out;
  while (const auto event = splitter.next()) {
    const auto made = answer->take(*event, out);
    if (made) progress = *made;
  }
  return progress;
}

TEST(SameStream, changes_no_byte_but_the_model_for_whom_asked_for_usage) {
  WriterOptions options = kOptions;
  options.stream_usage = true;
  for (const std::string_view name : {"text", "korean", "tools", "reasoning", "two_usages"})
    EXPECT_EQ(testing::stream(kSame, options, sample(name)).all(), renamed(sample(name))) << name;
}

TEST(SameStream, shows_no_usage_to_whom_did_not_ask) {
  const std::string text = sample("text");
  EXPECT_EQ(testing::stream(kSame, kOptions, text).all(),
            renamed(without(without_events(text, R"("choices":[])"), R"(,"usage":null)")));
}

TEST(SameStream, takes_usage_out_of_a_chunk_with_choices_and_leaves_the_rest) {
  const Streamed got = testing::stream(kSame, kOptions, sample("engine_completion"));
  EXPECT_EQ(got.all().find("usage"), std::string::npos);
  EXPECT_NE(got.all().find(R"("finish_reason":"length"}])"), std::string::npos);
  EXPECT_NE(got.all().find(R"("timings":{)"), std::string::npos);
  EXPECT_EQ(got.facts.usage, (chat::Usage{.input = 2, .output = 4}));
}

std::string counted(int index, int prompt, int cached, int predicted) {
  return fmt::format(
      "data: {{\"choices\":[{{\"index\":{},\"delta\":{{\"content\":\"a\"}}}}],\"timings\":"
      "{{\"cache_n\":{},\"prompt_n\":{},\"predicted_n\":{}}},\"x\":1}}\n\n",
      index, cached, prompt, predicted);
}

TEST(Stream, keeps_what_an_engine_counts_as_it_writes) {
  const std::string text = counted(0, 5, 7, 1) + counted(1, 5, 7, 1) + counted(0, 5, 7, 3);
  for (const Ends& ends : {kSame, kCross}) {
    const AnswerFacts facts = testing::stream(ends, kOptions, text).facts;
    EXPECT_EQ(facts.counted, (chat::Usage{.input = 5, .cache_read = 7, .output = 4}));
    EXPECT_FALSE(facts.usage_reported);
  }
}

TEST(Stream, counts_an_engines_prompts_of_their_own_as_it_writes) {
  const std::string text =
      "data: null\n\n" + counted(0, 5, 7, 1) + counted(1, 2, 0, 1) + counted(0, 5, 7, 3);
  const AnswerFacts facts = testing::stream(kSame, kOptions, text).facts;
  EXPECT_EQ(facts.counted, (chat::Usage{.input = 7, .cache_read = 7, .output = 4}));
}

TEST(SameStream, drops_an_event_of_null) {
  const std::string rest = sample("engine_completion_prompts").substr(12);
  const Streamed got = testing::stream(kSame, kOptions, "data: null\n\n" + rest);
  EXPECT_FALSE(got.fault) << got.fault->detail;
  EXPECT_EQ(got.all(), testing::stream(kSame, kOptions, rest).all());
  EXPECT_EQ(progress_after(kSame, "data: null\n\n"), Progress::Quiet);
}

TEST(SameStream, adds_up_what_an_engine_reports_for_each_choice_of_a_completion) {
  const AnswerFacts choices =
      testing::stream(kSame, kOptions, sample("engine_completion_two_choices")).facts;
  EXPECT_EQ(choices.usage, (chat::Usage{.input = 1, .cache_read = 1, .output = 4}));
  EXPECT_TRUE(choices.usage_reported);
  const AnswerFacts prompts =
      testing::stream(kSame, kOptions, sample("engine_completion_prompts")).facts;
  EXPECT_EQ(prompts.usage, (chat::Usage{.input = 5, .output = 4}));
}

/// Facts of a stream that says "a" and has `usage` in a last chunk of its own.
AnswerFacts facts_with(const Ends& ends, std::string_view usage) {
  return testing::stream(
             ends, kOptions,
             fmt::format("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"a\"}},"
                         "\"finish_reason\":\"stop\"}}]}}\n\n"
                         "data: {{\"choices\":[],\"usage\":{}}}\n\ndata: [DONE]\n\n",
                         usage))
      .facts;
}

TEST(Stream, takes_usage_that_says_nothing_for_none) {
  for (const Ends& ends : {kSame, kCross}) {
    for (const std::string_view usage :
         {"{}", R"({"prompt_tokens":null,"completion_tokens":null})",
          R"({"prompt_tokens":0,"completion_tokens":0,"total_tokens":0})",
          R"({"prompt_tokens":9,"completion_tokens":0})"})
      EXPECT_FALSE(facts_with(ends, usage).usage_reported) << usage;
    EXPECT_EQ(facts_with(ends, R"({"prompt_tokens":9,"completion_tokens":0})").usage.input, 9);
    EXPECT_TRUE(facts_with(ends, R"({"prompt_tokens":9,"completion_tokens":1})").usage_reported);
  }
  EXPECT_EQ(testing::stream(kSame, kOptions, "data: {\"choices\":[],\"usage\":{}}\n\n").bytes, "");
}

TEST(Stream, doubts_an_early_report_once_words_have_come) {
  for (const Ends& ends : {kSame, kCross}) {
    const std::string text =
        "data: {\"choices\":[{\"index\":0,\"delta\":{}}],"
        "\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":0}}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},"
        "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    const AnswerFacts facts = testing::stream(ends, kOptions, text).facts;
    EXPECT_FALSE(facts.usage_reported);
    EXPECT_EQ(facts.usage.input, 9);
  }
}

TEST(SameStream, passes_what_only_strict_readers_refuse) {
  const std::string odd =
      "data: {\"x\":1,\"x\":2,\"p\":NaN,\"choices\":[{\"index\":0,\"delta\":"
      "{\"content\":\"\\ud83d\"}}]}\n\n";
  const Streamed got = testing::stream(kSame, kOptions, odd);
  EXPECT_EQ(got.bytes, odd);
  EXPECT_EQ(got.facts.delivered.total(), 3);
}

TEST(SameStream, hides_counts_from_whom_did_not_ask_and_nobody_else) {
  WriterOptions hidden = kOptions;
  hidden.hide_counts = true;
  const std::string event = counted(0, 5, 7, 1);
  EXPECT_EQ(testing::stream(kSame, hidden, event).bytes,
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}],\"x\":1}\n\n");
  EXPECT_EQ(testing::stream(kSame, kOptions, event).bytes, event);
}

TEST(SameStream, takes_usage_out_wherever_it_stands) {
  const auto sent = [](std::string_view members) {
    return testing::stream(kSame, kOptions, fmt::format("data: {{{}}}\n\n", members)).bytes;
  };
  EXPECT_EQ(sent(R"("usage":null, "choices":[{}])"), "data: {\"choices\":[{}]}\n\n");
  EXPECT_EQ(sent(R"("choices":[{}] ,"usage": null)"), "data: {\"choices\":[{}]}\n\n");
  EXPECT_EQ(sent(R"("a":1, "usage" :null,"choices":[{}])"), "data: {\"a\":1,\"choices\":[{}]}\n\n");
  EXPECT_EQ(sent(R"("\u0075sage":null,"choices":[])"), "data: {\"choices\":[]}\n\n");
}

TEST(SameStream, keeps_the_first_chunk_of_azure) {
  const Streamed got = testing::stream(kSame, kOptions, sample("azure"));
  EXPECT_TRUE(got.bytes.starts_with(
      R"(data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results")"));
}

TEST(SameStream, passes_comments_and_drops_unknown_events) {
  const std::string strange = "event: new\nid: 7\ndata: {\"x\": [1.0]}\n\nevent: new\n\n";
  const Streamed got =
      testing::stream(kSame, kOptions, "retry: 5\n\n" + strange + ": c\n\n" + sample("comments"));
  EXPECT_TRUE(got.bytes.starts_with("retry: 5\n\n: c\n\n: OPENROUTER PROCESSING\n\n")) << got.bytes;
}

TEST(SameStream, keeps_line_ends) {
  EXPECT_EQ(testing::stream(kSame, kOptions, sample("crlf")).all(),
            renamed(without(sample("crlf"), R"(,"usage":null)")));
}

TEST(SameStream, writes_an_event_of_several_data_lines_anew_when_it_changes) {
  EXPECT_EQ(testing::stream(kSame, kOptions, sample("several_data_lines")).bytes,
            "data: {\"id\":\"id\",\"model\":\"public\",\"choices\":[{\"index\":0,\n"
            "data: \"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n");
}

TEST(SameStream, holds_the_marker_back_and_adds_one_where_it_is_missing) {
  for (const std::string_view name : {"text", "no_done", "done_twice"}) {
    const Streamed got = testing::stream(kSame, kOptions, sample(name));
    EXPECT_EQ(got.terminal, "data: [DONE]\n\n") << name;
    EXPECT_EQ(got.bytes.find("[DONE]"), std::string::npos) << name;
    EXPECT_EQ(got.bytes.find("late"), std::string::npos) << name;
  }
}

TEST(SameStream, fails_a_stream_that_was_cut) {
  const Streamed got = testing::stream(kSame, kOptions, sample("cut"));
  ASSERT_TRUE(got.fault);
  EXPECT_EQ(got.fault->kind, FaultKind::UpstreamFailed);
  EXPECT_EQ(got.terminal, "");
}

TEST(SameStream, keeps_the_upstreams_error_from_the_bytes) {
  for (const std::string_view name : {"error_mid", "error_vllm", "error_event", "error_field"}) {
    const Streamed got = testing::stream(kSame, kOptions, sample(name));
    EXPECT_TRUE(got.fault) << name;
    EXPECT_EQ(got.bytes.find("error"), std::string::npos) << name;
    EXPECT_EQ(got.terminal, "") << name;
  }
}

TEST(AnswerStream, commits_with_the_first_word_and_not_before) {
  const std::string role =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
  const std::string word = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
  const std::string call =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\","
      "\"function\":{\"name\":\"f\"}}]}}]}\n\n";
  for (const Ends& ends : {kSame, kCross}) {
    EXPECT_EQ(progress_after(ends, ": ping\n\n" + role), Progress::Quiet);
    EXPECT_EQ(progress_after(ends, role + word), Progress::Content);
    EXPECT_EQ(progress_after(ends, role + call), Progress::Content);
    EXPECT_EQ(progress_after(ends, word + role), Progress::Content);
    EXPECT_EQ(progress_after(ends, word + "data: [DONE]\n\n"), Progress::Ended);
  }
}

TEST(AnswerStream, writes_nothing_after_its_end_or_a_fault) {
  for (const Ends& ends : {kSame, kCross}) {
    for (const std::string_view first : {"text", "error_mid"}) {
      const auto answer = make_answer_stream(ends, kOptions);
      wire::Splitter splitter(testing::kEventLimit);
      ASSERT_TRUE(splitter.feed(sample(first)));
      std::string out;
      while (const auto event = splitter.next()) static_cast<void>(answer->take(*event, out));
      const std::string terminal(answer->terminal());
      std::string later;
      ASSERT_TRUE(splitter.feed(sample("korean")));
      while (const auto event = splitter.next()) static_cast<void>(answer->take(*event, later));
      static_cast<void>(answer->finish(later));
      EXPECT_EQ(later, "");
      EXPECT_EQ(answer->terminal(), terminal);
    }
  }
}

TEST(AnswerStream, tells_the_same_facts_on_both_ways) {
  for (const std::string_view name : {"text", "korean", "tools", "reasoning", "two_usages"}) {
    const Streamed same = testing::stream(kSame, kOptions, sample(name));
    const Streamed cross = testing::stream(kCross, kOptions, sample(name));
    EXPECT_FALSE(cross.fault) << name;
    EXPECT_EQ(cross.facts.usage, same.facts.usage) << name;
    EXPECT_EQ(cross.facts.stop, same.facts.stop) << name;
    EXPECT_EQ(cross.facts.delivered, same.facts.delivered) << name;
    EXPECT_EQ(cross.facts.upstream_model, same.facts.upstream_model) << name;
    EXPECT_TRUE(same.facts.usage_reported && cross.facts.usage_reported) << name;
  }
}

class EverySample : public ::testing::TestWithParam<std::string> {
 protected:
  const std::string bytes_ = testing::file(std::string(kFolder) + GetParam());
  const std::size_t step_ = bytes_.size() > 2500 ? 7 : 1;  // long ones would take seconds
};

TEST_P(EverySample, is_the_same_cut_at_any_byte) {
  for (const Ends& ends : {kSame, kCross}) {
    const Streamed whole = testing::stream(ends, kOptions, bytes_);
    for (std::size_t at = 1; at < bytes_.size(); at += step_) {
      const std::array<std::string_view, 2> chunks = {std::string_view(bytes_).substr(0, at),
                                                      std::string_view(bytes_).substr(at)};
      expect_same(testing::stream(ends, kOptions, chunks), whole, fmt::format("cut at {}", at));
      if (HasFailure()) return;
    }
  }
}

TEST_P(EverySample, is_the_same_in_chunks_of_any_size) {
  const std::uint64_t seed = Rng().next();
  Rng rng(seed);
  for (const Ends& ends : {kSame, kCross}) {
    const Streamed whole = testing::stream(ends, kOptions, bytes_);
    for (int round = 0; round < 20; ++round) {
      std::vector<std::string_view> chunks;
      for (std::string_view rest = bytes_; !rest.empty(); rest.remove_prefix(chunks.back().size()))
        chunks.push_back(rest.substr(0, 1 + rng.below(round < 10 ? 8 : 400)));
      expect_same(testing::stream(ends, kOptions, chunks), whole, fmt::format("seed {}", seed));
      if (HasFailure()) return;
    }
  }
}

TEST_P(EverySample, cut_short_anywhere_is_a_fault_or_whole) {
  for (const Ends& ends : {kSame, kCross}) {
    for (std::size_t at = 0; at < bytes_.size(); at += step_) {
      const Streamed got = testing::stream(ends, kOptions, std::string_view(bytes_).substr(0, at));
      EXPECT_NE(got.fault.has_value(), !got.terminal.empty()) << "cut at " << at;
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OpenAi, EverySample,
                         ::testing::ValuesIn(testing::files_in(std::string(kFolder))),
                         [](const auto& one) { return one.param.substr(0, one.param.find('.')); });

struct Sent {
  std::string body;
  Strings losses = {};
  std::optional<Fault> fault = {};
};

Sent send(const Ends& ends, const std::string& body, const Forward& forward = {"up"}) {
  const Parsed parsed(body);
  std::vector<chat::Loss> losses;
  const auto scan = ends.client->scan_request(ends.operation, parsed.tree());
  EXPECT_TRUE(scan) << scan.error().detail;
  const auto sent = translate_request(ends, parsed.tree(), *scan, forward, losses);
  Sent result;
  if (sent)
    result.body = *sent;
  else
    result.fault = sent.error();
  for (const chat::Loss& loss : losses) result.losses.push_back(loss.field);
  return result;
}

TEST(TranslateRequest, forwards_bytes_within_a_dialect) {
  EXPECT_EQ(send(kSame, R"({"model":"m","messages":[{"role":"user"}],"x":1.0})").body,
            R"({"model":"up","messages":[{"role":"user"}],"x":1.0})");
}

TEST(TranslateRequest, crosses_and_tells_what_it_leaves) {
  const Ends ends{&openai_chat(), &anthropic()};
  const Sent sent = send(
      ends,
      R"({"model":"m","max_tokens":9,"seed":5,"messages":[{"role":"user","content":[)"
      R"({"type":"file","file":{"file_id":"f"}},{"type":"text","text":"hi"}],"mood":"good"}]})");
  EXPECT_NE(sent.body.find(R"("model":"up")"), std::string::npos);
  EXPECT_NE(sent.body.find("hi"), std::string::npos);
  EXPECT_EQ(sent.body.find("file_id"), std::string::npos);
  EXPECT_EQ(sent.losses, (Strings{"messages[0].mood", "messages[0].content[0]", "seed"}));
}

TEST(TranslateRequest, gives_an_engine_no_address_to_fetch_on_a_crossing_either) {
  const Forward engine{.upstream_model = "up", .fields = Fields::Listed};
  const std::string body =
      R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"image",)"
      R"("source":{"type":"url","url":"http://10.0.0.1/"}},{"type":"text","text":"hi"}]}]})";
  EXPECT_NE(send(kCross, body).body.find("10.0.0.1"), std::string::npos);
  const Sent sent = send(kCross, body, engine);
  EXPECT_EQ(sent.body.find("10.0.0.1"), std::string::npos);
  EXPECT_EQ(sent.losses, Strings{"messages[0].content[0]"});
}

TEST(TranslateRequest, refuses_a_crossing_of_nothing) {
  const Sent sent = send({&openai_chat(), &anthropic()},
                         R"({"model":"m","messages":[{"role":"user","content":""}]})");
  ASSERT_TRUE(sent.fault);
  EXPECT_EQ(sent.fault->kind, FaultKind::InvalidRequest);
  EXPECT_EQ(sent.fault->param, "messages[0].content");
  EXPECT_TRUE(sent.fault->detail.starts_with("messages[0].content is empty; "));
}

TEST(TranslateRequest, asks_a_crossing_stream_for_usage) {
  const Sent sent = send(
      kCross,
      R"({"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_NE(sent.body.find(R"("stream_options":{"include_usage":true})"), std::string::npos);
}

TEST(TranslateRequest, says_when_the_upstream_has_no_such_call) {
  Ends ends{&openai_chat(), &anthropic(), Operation::Embed};
  const Sent sent = send(ends, R"({"model":"m","input":"a"})");
  ASSERT_TRUE(sent.fault);
  EXPECT_EQ(sent.fault->kind, FaultKind::UnsupportedEndpoint);
  EXPECT_EQ(sent.fault->detail,
            "this model's upstream speaks 'anthropic', which has no call 'embed'");
}

TEST(TranslateAnswer, changes_model_and_foreign_id_and_nothing_else) {
  AnswerFacts facts;
  const std::string body =
      R"({ "id":"theirs", "choices":[{"message":{"content":"a"},"finish_reason":"stop"}], "model" : "up", "new":1.0})";
  const auto answer = translate_answer(kSame, body, kOptions, facts);
  ASSERT_TRUE(answer);
  std::string expected = body;
  expected.replace(expected.find(R"("up")"), 4, R"("public")");
  expected.replace(expected.find("theirs"), 6, "id");
  EXPECT_EQ(*answer, expected);
  EXPECT_EQ(facts.upstream_model, "up");
}

TEST(TranslateAnswer, passes_what_only_strict_readers_refuse) {
  for (const std::string_view odd : {R"("x":1,"x":2)", R"("x":NaN)", R"("x":"\ud83d")"}) {
    AnswerFacts facts;
    const std::string body = fmt::format(
        R"({{"choices":[{{"message":{{"content":"a"}},"finish_reason":"stop"}}],{}}})", odd);
    EXPECT_EQ(translate_answer(kSame, body, kOptions, facts).value_or("refused"), body);
    EXPECT_TRUE(translate_answer(kCross, body, kOptions, facts)) << odd;
  }
}

TEST(TranslateAnswer, takes_usage_that_says_nothing_for_none) {
  const auto reported = [](const Ends& ends, const std::string& body) {
    AnswerFacts facts;
    EXPECT_TRUE(translate_answer(ends, body, kOptions, facts));
    return facts.usage_reported;
  };
  const std::string openai_zero =
      R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":0,"completion_tokens":0}})";
  EXPECT_FALSE(reported(kSame, openai_zero));
  EXPECT_FALSE(reported(kCross, openai_zero));
  const std::string anthropic_zero =
      R"({"content":[{"type":"text","text":"a"}],"usage":{"input_tokens":3,"output_tokens":0}})";
  EXPECT_FALSE(reported({&anthropic(), &anthropic()}, anthropic_zero));
  EXPECT_FALSE(reported({&openai_chat(), &anthropic()}, anthropic_zero));
}

TEST(TranslateAnswer, crosses_with_the_clients_names) {
  AnswerFacts facts;
  const auto answer = translate_answer(
      {&anthropic(), &openai_chat()},
      R"({"id":"theirs","model":"up","choices":[{"message":{"content":"hello"},"finish_reason":"length"}],)"
      R"("usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}})",
      kOptions, facts);
  ASSERT_TRUE(answer);
  const Parsed told(*answer);
  EXPECT_EQ(told.root().find("model")->text(), "public");
  EXPECT_EQ(told.root().find("id")->text(), "id");
  EXPECT_EQ(told.root().find("stop_reason")->text(), "max_tokens");
  EXPECT_EQ(facts.stop, chat::StopReason::MaxTokens);
  EXPECT_EQ(facts.usage, (chat::Usage{.input = 3, .output = 1}));
  EXPECT_EQ(facts.delivered.ascii, 5);
}

TEST(TranslateAnswer, refuses_what_is_no_json) {
  AnswerFacts facts;
  const auto answer = translate_answer(kSame, "<html>", kOptions, facts);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, FaultKind::UpstreamInvalid);
  EXPECT_EQ(answer.error().origin, Origin::Upstream);
}

}  // namespace
}  // namespace naru::dialect
