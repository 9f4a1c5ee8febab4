#include <gtest/gtest.h>

#include "dialect/openai_responses/answer/stream_testing.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using chat::Seal;
using chat::StopReason;
using Parts = std::vector<chat::Part>;

const std::string kFolder = "src/dialect/openai_responses/corpus/openai_responses_stream/";
const WriterOptions kOptions{.public_model = "public", .answer_id = "resp_naru"};
const chat::Usage kUsage{.input = 17, .cache_read = 20, .output = 11, .reasoning = 4};

std::string sample(const std::string& name) { return testing::file(kFolder + name + ".sse"); }

chat::Response told_by(const std::string& bytes) {
  const Read read = read_stream(bytes);
  EXPECT_FALSE(read.fault) << read.fault->detail;
  EXPECT_EQ(testing::broken_rule(read.events), "");
  return read.response();
}
Parts parts_of(const std::string& name) { return told_by(sample(name)).choices.at(0).parts; }
StopReason stop_of(const std::string& name) { return told_by(sample(name)).choices.at(0).stop; }
Fault fault_of(const std::string& bytes) {
  const Read read = read_stream(bytes);
  EXPECT_TRUE(read.fault) << bytes;
  EXPECT_EQ(testing::broken_rule(read.events), "");
  return read.fault.value_or(Fault{});
}

TEST(ResponsesReader, tells_a_text_answer) {
  const chat::Response response = told_by(sample("text"));
  EXPECT_EQ(response.id, "resp_68a1");
  EXPECT_EQ(response.model, "gpt-5-mini-2025-08-07");
  EXPECT_EQ(response.created_s, 1795000000);
  EXPECT_EQ(response.service_tier, "default");
  EXPECT_EQ(response.usage, kUsage);
  EXPECT_EQ(response.choices,
            (std::vector<chat::Choice>{{.parts = {chat::Text{"안녕하세요, \"you\"\n"}}}}));
}

TEST(ResponsesReader, tells_reasoning_text_and_calls) {
  EXPECT_EQ(parts_of("tools"), (Parts{chat::Thinking{"**Plan**\nlook\n\nthen call",
                                                     "gAAAAsealed==", Seal::Encrypted, "rs_1"},
                                      chat::Text{"Let me look."},
                                      chat::ToolCall{"call_a", "get_weather", R"({"city":"서울"})"},
                                      chat::ToolCall{"call_b", "get_time", "{}"}}));
  EXPECT_EQ(stop_of("tools"), StopReason::ToolUse);
  EXPECT_EQ(parts_of("sealed").at(0),
            chat::Part(chat::Thinking{"", "gAAAAhidden==", Seal::Encrypted, "rs_1"}));
}

TEST(ResponsesReader, tells_how_an_answer_ended) {
  EXPECT_EQ(stop_of("text"), StopReason::EndTurn);
  EXPECT_EQ(stop_of("incomplete"), StopReason::MaxTokens);
  EXPECT_EQ(stop_of("filtered"), StopReason::Refusal);
  EXPECT_EQ(stop_of("refusal"), StopReason::Refusal);
  EXPECT_EQ(stop_of("vllm"), StopReason::MaxTokens);
  EXPECT_EQ(parts_of("refusal"), Parts({chat::Text{.text = "I cannot do that.", .refusal = true}}));
}

TEST(ResponsesReader, tells_sources_and_log_probabilities) {
  const Parts parts = parts_of("cited");
  ASSERT_EQ(parts.size(), 2U);
  const auto& first = std::get<chat::Text>(parts.at(0));
  EXPECT_EQ(first.text, "First news.");
  ASSERT_EQ(first.citations.size(), 2U);
  EXPECT_EQ(first.citations.at(0).url, "https://a.example/1");
  EXPECT_EQ(first.citations.at(0).title, "A");
  EXPECT_TRUE(first.citations.at(1).raw.starts_with(R"({"type":"file_citation")"));
  EXPECT_EQ(std::get<chat::Text>(parts_of("logprobs").at(0)).logprobs,
            R"([{"token":"a","bytes":[97],"logprob":-0.5,"top_logprobs":[]},)"
            R"({"token":"b","bytes":[98],"logprob":-1,"top_logprobs":[]}])");
}

TEST(ResponsesReader, names_what_has_no_place_once) {
  for (const char* name : {"cited", "custom_tool"})
    EXPECT_EQ(told_by(sample(name)).losses.size(), 1U) << name;
  EXPECT_EQ(told_by(sample("cited")).losses.at(0).field, "answer.content[0]");
}

TEST(ResponsesReader, takes_streams_that_leave_much_out) {
  EXPECT_EQ(parts_of("llama"),
            (Parts{chat::Thinking{.text = "hmm so", .id = "rs_L"}, chat::Text{"The answer"},
                   chat::ToolCall{"fc_x1", "f", R"({"a":1})"}}));
  EXPECT_EQ(parts_of("vllm"),
            (Parts{chat::Thinking{.text = "think hard", .id = "msg_v0"}, chat::Text{"ok"}}));
  EXPECT_EQ(parts_of("never_done"),
            (Parts{chat::Thinking{.text = "why", .id = "rs_1"}, chat::Text{"because"},
                   chat::ToolCall{"call_a", "f", "{}"}}));
  EXPECT_EQ(parts_of("end_only"),
            (Parts{chat::Thinking{"", "gAAAAhidden==", Seal::Encrypted, "rs_1"},
                   chat::Text{"all at once"}}));
}

TEST(ResponsesReader, takes_words_that_only_what_is_done_holds) {
  const Parts parts = parts_of("done_only");
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(std::get<chat::Text>(parts.at(0)).text, "whole");
  EXPECT_EQ(std::get<chat::Text>(parts.at(0)).citations.size(), 1U);
  EXPECT_EQ(parts.at(1), chat::Part(chat::Text{"and the rest"}));
  EXPECT_EQ(parts.at(2), chat::Part(chat::ToolCall{"call_a", "f", "{}"}));
  EXPECT_EQ(parts.at(3), chat::Part(chat::Thinking{"a\n\nb", "gAAA", Seal::Encrypted, "rs_1"}));
}

TEST(ResponsesReader, joins_a_character_cut_between_two_deltas) {
  EXPECT_EQ(parts_of("half_pairs"), Parts({chat::Text{"a\U0001F600b"}}));
}

TEST(ResponsesStream, reports_what_a_failed_answer_has_cost) {
  const std::string usage = R"("usage":{"input_tokens":50,"output_tokens":20,"total_tokens":70}})";
  const std::string begun =
      "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{}}\n\n";
  for (const std::string_view type : {"response.failed", "response.completed"})
    for (const Dialect* client : {&openai_responses(), &openai_chat(), &anthropic()}) {
      const testing::Streamed got = testing::stream(
          {client, &openai_responses()}, {},
          begun + fmt::format("event: {}\ndata: {{\"type\":\"{}\",\"response\":{{\"status\":"
                              "\"failed\",{}}}\n\n",
                              type, type, usage));
      ASSERT_TRUE(got.fault) << type;
      EXPECT_TRUE(got.facts.usage_reported && got.facts.whole) << client->name() << type;
      EXPECT_EQ(got.facts.usage, (chat::Usage{.input = 50, .output = 20}));
    }
}

TEST(ResponsesReader, reports_the_upstreams_own_fault) {
  EXPECT_EQ(fault_of(sample("failed")).kind, FaultKind::UpstreamFailed);
  EXPECT_EQ(fault_of(sample("failed_prompt")).detail, "Your prompt is not allowed.");
  EXPECT_EQ(fault_of(sample("failed_prompt")).kind, FaultKind::UpstreamRefused);
  EXPECT_EQ(fault_of(sample("error_flat")).kind, FaultKind::RateLimited);
  EXPECT_EQ(fault_of(sample("error_nested")).kind, FaultKind::Overloaded);
  EXPECT_EQ(fault_of(sample("error_unnamed")).kind, FaultKind::UpstreamFailed);
  EXPECT_EQ(fault_of(sample("error_vllm")).kind, FaultKind::UpstreamRefused);
}

TEST(ResponsesReader, refuses_what_breaks_the_grammar) {
  for (const std::string& name : testing::files_in(kFolder)) {
    if (!name.starts_with("bad_") && name != "mixed.sse") continue;
    EXPECT_EQ(fault_of(testing::file(kFolder + name)).kind, FaultKind::UpstreamInvalid) << name;
  }
}

TEST(ResponsesReader, tells_the_same_wherever_the_bytes_are_cut) {
  for (const std::string& name : testing::files_in(kFolder)) {
    const std::string bytes = testing::file(kFolder + name);
    const Read whole = read_stream(bytes);
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U}) {
      const Read cut = read_stream(bytes, piece);
      EXPECT_EQ(cut.events.size(), whole.events.size()) << name;
      EXPECT_EQ(cut.response(), whole.response()) << name;
      EXPECT_EQ(cut.fault.has_value(), whole.fault.has_value()) << name;
    }
  }
}

TEST(ResponsesReader, is_never_whole_before_its_last_event) {
  for (const char* name : {"text", "llama"}) {
    const std::string bytes = sample(name);
    for (std::size_t end = 0; end < bytes.rfind("event: response."); ++end) {
      const Read read = read_stream(bytes.substr(0, end));
      ASSERT_TRUE(read.fault) << name << " cut at " << end;
      ASSERT_EQ(testing::broken_rule(read.events), "") << name << " cut at " << end;
    }
  }
}

TEST(ResponsesScanner, passes_all_bytes_but_the_models_name) {
  std::string wanted = sample("tools");
  const std::string theirs = R"("model":"gpt-5-mini-2025-08-07")";
  for (std::size_t at = wanted.find(theirs); at != std::string::npos; at = wanted.find(theirs))
    wanted.replace(at, theirs.size(), R"("model":"public")");
  const Scanned scanned = scan_stream(sample("tools"), kOptions);
  EXPECT_EQ(scanned.bytes, wanted);
  EXPECT_TRUE(scanned.ended && scanned.content);
  EXPECT_EQ(scanned.facts.upstream_model, "gpt-5-mini-2025-08-07");
  EXPECT_EQ(scanned.facts.next_event, 30);
}

TEST(ResponsesScanner, gives_a_foreign_id_the_dialects_form_and_hides_a_marker) {
  const Scanned scanned = scan_stream(sample("crlf_foreign_id"), kOptions);
  EXPECT_EQ(scanned.bytes.find("chatcmpl-1"), std::string::npos);
  EXPECT_NE(scanned.bytes.find(R"("id":"resp_naru")"), std::string::npos);
  EXPECT_EQ(scanned.bytes.find("[DONE]"), std::string::npos);
}

TEST(ResponsesScanner, begins_with_content_at_the_first_words_or_call) {
  const auto content_by = [](const std::string& type) {
    const std::string bytes = sample("tools");
    return scan_stream(bytes.substr(0, bytes.find("event: " + type)), kOptions).content;
  };
  EXPECT_FALSE(content_by("response.reasoning_summary_text.delta"));
  EXPECT_TRUE(content_by("response.reasoning_summary_text.done"));
  const std::string searches = sample("cited");
  EXPECT_TRUE(
      scan_stream(searches.substr(0, searches.find("event: response.web_search_call")), kOptions)
          .content);
}

TEST(ResponsesScanner, agrees_with_the_reader_on_every_sample) {
  for (const std::string& name : testing::files_in(kFolder)) {
    const std::string bytes = testing::file(kFolder + name);
    const Read read = read_stream(bytes);
    const Scanned scanned = scan_stream(bytes, kOptions);
    if (name == "mixed.sse") continue;  // the bytes pass; only a crossing cannot
    EXPECT_EQ(read.fault.has_value(), scanned.fault.has_value()) << name;
    if (read.fault) continue;
    const chat::Response told = read.response();
    EXPECT_EQ(told.usage.value_or(chat::Usage{}), scanned.facts.usage) << name;
    EXPECT_EQ(told.choices.at(0).stop, scanned.facts.stop) << name;
    std::size_t said = 0;
    for (const chat::Part& part : told.choices.at(0).parts) {
      if (const auto* text = std::get_if<chat::Text>(&part)) said += text->text.size();
      if (const auto* call = std::get_if<chat::ToolCall>(&part)) said += call->arguments.size();
    }
    EXPECT_EQ(scanned.facts.delivered.total() > 0, said > 0 || name == "custom_tool.sse") << name;
  }
}

}  // namespace
}  // namespace naru::dialect::openai_responses_wire
