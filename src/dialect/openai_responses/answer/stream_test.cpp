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

/// A stream of these events between its first and its last, which holds `output`.
std::string streamed(const testing::Strings& events, std::string_view output = "[]",
                     std::string_view end = R"("status":"completed")") {
  std::string bytes;
  const auto add = [&](std::string_view type, std::string_view members) {
    wire::append_event(bytes, fmt::format("response.{}", type),
                       fmt::format(R"({{"type":"response.{}",{}}})", type, members));
  };
  add("created", R"("response":{"id":"resp_1","status":"in_progress"})");
  for (const std::string& event : events) {
    const std::size_t space = event.find(' ');
    add(event.substr(0, space), event.substr(space + 1));
  }
  add("completed", fmt::format(R"("response":{{"output":{},{}}})", output, end));
  return bytes;
}
Parts told(const testing::Strings& events, std::string_view output = "[]") {
  return told_by(streamed(events, output)).choices.at(0).parts;
}
const std::string kMessage =
    R"(output_item.added "output_index":0,"item":{"id":"m","type":"message","content":[]})";
std::string part_added(std::string_view text) {
  return fmt::format(R"(content_part.added "output_index":0,"content_index":0,)"
                     R"("part":{{"type":"output_text","text":"{}"}})",
                     text);
}
std::string of_part(std::string_view type, std::string_view more) {
  return fmt::format(R"({} "output_index":0,"content_index":0,{})", type, more);
}
std::string call_item(std::string_view type, std::string_view arguments, int index = 0) {
  return fmt::format(R"(output_item.{} "output_index":{},"item":{{"id":"fc","call_id":"c",)"
                     R"("type":"function_call","name":"f","arguments":{}}})",
                     type, index, arguments);
}

TEST(ResponsesReader, tells_words_that_a_part_or_item_begins_with) {
  const Parts hello = {chat::Text{"hello"}};
  const std::string delta = of_part("output_text.delta", R"("delta":"llo")");
  const std::string done = of_part("output_text.done", R"("text":"hello")");
  const std::string item =
      R"(output_item.added "output_index":0,"item":{"id":"m","type":"message",)"
      R"("content":[{"type":"output_text","text":"he"}]})";
  EXPECT_EQ(told({kMessage, part_added("he"), delta}), hello);
  EXPECT_EQ(told({kMessage, part_added("he"), delta, done}), hello);
  EXPECT_EQ(told({kMessage, part_added("he"), done}), hello);
  EXPECT_EQ(told({kMessage, part_added("hello")}), hello);
  EXPECT_EQ(told({item, part_added("he"), delta, done}), hello);
  EXPECT_EQ(told({item, part_added(""), done}), hello);
  EXPECT_EQ(told({item}), Parts{chat::Part(chat::Text{"he"})});
  const std::string reasoning =
      R"(output_item.added "output_index":0,"item":{"id":"r","type":"reasoning",)"
      R"("summary":[{"type":"summary_text","text":"he"}]})";
  const std::string more =
      R"(reasoning_summary_text.delta "output_index":0,"summary_index":0,"delta":"llo")";
  EXPECT_EQ(told({reasoning, more}), Parts{chat::Part(chat::Thinking{.text = "hello", .id = "r"})});
  EXPECT_EQ(
      scan_stream(streamed({kMessage, part_added("he"), delta}), kOptions).facts.delivered.total(),
      5);
}

TEST(ResponsesReader, tells_arguments_that_a_call_begins_with_once) {
  const Parts call = {chat::ToolCall{"c", "f", R"({"a":1})"}};
  const auto arguments = [](std::string_view type, std::string_view text) {
    return fmt::format(R"(function_call_arguments.{} "output_index":0,{})", type, text);
  };
  const std::string all = R"("{\"a\":1}")";
  EXPECT_EQ(told({call_item("added", all), call_item("done", R"("")")}), call);
  EXPECT_EQ(told({call_item("added", all), arguments("delta", R"("delta":)" + all),
                  call_item("done", all)}),
            call);
  EXPECT_EQ(told({call_item("added", R"("{\"a\":")"), arguments("delta", R"("delta":"1}")"),
                  call_item("done", all)}),
            call);
  EXPECT_EQ(told({call_item("added", R"("{")"), arguments("done", R"("arguments":)" + all),
                  call_item("done", all)}),
            call);
  EXPECT_EQ(told({call_item("added", R"("")"), call_item("done", R"({"a":1})")}), call);
  EXPECT_EQ(told({call_item("added", R"("")"), arguments("done", R"("arguments":{"a":1})"),
                  call_item("done", R"({"a":1})")}),
            call);
}

TEST(ResponsesReader, tells_items_that_only_the_last_event_holds) {
  const testing::Strings text = {kMessage, part_added(""),
                                 of_part("output_text.delta", R"("delta":"hi")")};
  const std::string message =
      R"({"id":"other","type":"message","content":[{"type":"output_text","text":"hi"}]})";
  const std::string call = R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"})";
  const Parts both = {chat::Text{"hi"}, chat::ToolCall{"c", "f", "{}"}};
  EXPECT_EQ(told(text, "[" + message + "," + call + "]"), both);
  EXPECT_EQ(told(text, "[" + call + "," + message + "]"), both);
  EXPECT_EQ(told(text, "[" + message + "]"), Parts{chat::Part(chat::Text{"hi"})});
  EXPECT_EQ(scan_stream(streamed(text, "[" + message + "," + call + "]"), kOptions)
                .facts.delivered.total(),
            4);
}

TEST(ResponsesStream, may_end_amid_a_call_only_if_it_is_incomplete) {
  const testing::Strings open = {call_item("added", R"("")"),
                                 R"(function_call_arguments.delta "output_index":0,"delta":"{")"};
  EXPECT_EQ(fault_of(streamed(open)).kind, FaultKind::UpstreamInvalid);
  EXPECT_EQ(fault_of(streamed(open, "[]", R"("status":"failed")")).kind, FaultKind::UpstreamFailed);
  EXPECT_EQ(told_by(streamed(open, "[]", R"("status":"incomplete")")).choices.at(0).stop,
            StopReason::MaxTokens);
}

TEST(ResponsesStream, has_failed_whichever_event_says_so) {
  for (const std::string_view type : {"created", "in_progress"})
    for (const std::string_view said :
         {R"("status":"failed")", R"("error":{"code":"server_error","message":"no"})"}) {
      std::string bytes;
      wire::append_event(bytes, fmt::format("response.{}", type),
                         fmt::format(R"({{"type":"response.{}","response":{{{}}}}})", type, said));
      EXPECT_EQ(fault_of(bytes).kind, FaultKind::UpstreamFailed) << bytes;
      const Scanned scanned = scan_stream(bytes, kOptions);
      EXPECT_TRUE(scanned.fault && scanned.bytes.empty()) << bytes;
    }
}

TEST(ResponsesScanner, has_the_reason_of_the_end_be_what_clients_know) {
  const std::string bytes = streamed(
      {}, "[]", R"("status":"incomplete","incomplete_details":{"reason":"zzz"},"model":"m")");
  const std::string shown = scan_stream(bytes, kOptions).bytes;
  EXPECT_NE(shown.find(R"("incomplete_details":{"reason":"max_output_tokens"},"model":"public")"),
            std::string::npos)
      << shown;
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
