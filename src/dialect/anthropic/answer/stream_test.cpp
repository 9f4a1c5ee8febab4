#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/anthropic/anthropic.h"

namespace naru::dialect {
namespace {

using Events = std::vector<chat::Event>;
using Frames = std::vector<std::string>;

std::string frame(std::string_view type, std::string_view more = "") {
  return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}{2}}}\n\n", type,
                     more.empty() ? "" : ",", more);
}
const std::string kStart = frame(
    "message_start",
    R"("message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-x","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":6,"cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":4},"cache_read_input_tokens":3,"output_tokens":1}})");
std::string begin(int index, std::string_view block) {
  return frame("content_block_start",
               fmt::format(R"("index":{},"content_block":{})", index, block));
}
std::string begin_text(int index) { return begin(index, R"({"type":"text","text":""})"); }
std::string delta(int index, std::string_view inner) {
  return frame("content_block_delta", fmt::format(R"("index":{},"delta":{})", index, inner));
}
std::string text(int index, std::string_view words) {
  return delta(index, fmt::format(R"({{"type":"text_delta","text":"{}"}})", words));
}
std::string input(int index, std::string_view quoted) {
  return delta(index, fmt::format(R"({{"type":"input_json_delta","partial_json":{}}})", quoted));
}
std::string stop(int index) {
  return frame("content_block_stop", fmt::format(R"("index":{})", index));
}
std::string tell(std::string_view reason = R"("end_turn")",
                 std::string_view usage = R"({"output_tokens":7})") {
  return frame("message_delta",
               fmt::format(R"("delta":{{"stop_reason":{},"stop_sequence":null}},"usage":{})",
                           reason, usage));
}
const std::string kStop = frame("message_stop");

/// What a scanner makes of a stream that comes in `chunks`.
struct Scan {
  std::vector<EventScan> events;
  AnswerFacts facts;
  std::optional<Fault> fault;
  bool may_end = false;
};

template <class Take>
void each_event(const Frames& chunks, Take take) {
  wire::Splitter splitter(1 << 20);
  for (const std::string& chunk : chunks) {
    EXPECT_TRUE(splitter.feed(chunk));
    while (const auto event = splitter.next())
      if (!take(*event)) return;
  }
}

Scan scan(const Frames& chunks) {
  const auto scanner =
      anthropic().make_scanner(Operation::Chat, {.public_model = "public", .answer_id = "msg_9"});
  Scan scan;
  each_event(chunks, [&](const wire::EventView& event) {
    auto one = scanner->scan(event, scan.facts);
    if (one)
      scan.events.push_back(*one);
    else
      scan.fault = one.error();
    return one.has_value();
  });
  scan.may_end = scanner->may_end_here();
  return scan;
}

struct Read {
  Events events;
  std::optional<Fault> fault;
};

Read read(const Frames& chunks, bool finish = true) {
  const auto reader = anthropic().make_reader();
  Read read;
  const auto note = [&](Result<void> result) {
    if (!result) read.fault = result.error();
    return result.has_value();
  };
  each_event(chunks,
             [&](const wire::EventView& event) { return note(reader->read(event, read.events)); });
  if (!read.fault && finish) note(reader->finish(read.events));
  return read;
}

/// Events as one line each, for comparing.
struct AsWords {
  std::string operator()(const chat::Started& e) const {
    return fmt::format("started {} {}{}", e.id, e.model,
                       e.service_tier.empty() ? "" : " " + e.service_tier);
  }
  std::string operator()(const chat::PartStarted& e) const {
    const auto* call = std::get_if<chat::ToolCall>(&e.head);
    return fmt::format("part {} kind {}{}", e.part, e.head.index(),
                       call ? " " + call->id + " " + call->name : "");
  }
  std::string operator()(const chat::PartDelta& e) const {
    return fmt::format("{} + {}", e.part, e.text);
  }
  std::string operator()(const chat::ThinkingSealed& e) const {
    return fmt::format("{} {} {}", e.part, e.seal == chat::Seal::Redacted ? "redacted" : "signed",
                       e.sealed);
  }
  std::string operator()(const chat::Cited& e) const {
    return fmt::format("{} cites {}", e.part, e.citation.url);
  }
  std::string operator()(const chat::Lost& e) const { return "lost " + e.loss.field; }
  std::string operator()(const chat::PartEnded& e) const { return fmt::format("{} ended", e.part); }
  std::string operator()(const chat::Finished& e) const {
    return fmt::format("finished {} {}", static_cast<int>(e.stop), e.stop_sequence);
  }
  std::string operator()(const chat::UsageSeen& e) const {
    return fmt::format("{} {} {}", e.running ? "running" : "usage", e.usage.prompt(),
                       e.usage.output);
  }
  std::string operator()(const chat::Ping&) const { return "ping"; }
  std::string operator()(const chat::Ended&) const { return "end"; }
};

std::vector<std::string> words_of(const Frames& chunks) {
  const Read done = read(chunks);
  EXPECT_FALSE(done.fault) << done.fault->detail;
  std::vector<std::string> words;
  for (const chat::Event& event : done.events) words.push_back(std::visit(AsWords{}, event));
  return words;
}

const Frames kPlain = {kStart,        begin_text(0), frame("ping"), text(0, "안"),
                       text(0, "녕"), stop(0),       tell(),        kStop};

TEST(AnthropicScanner, follows_a_stream_and_tells_where_content_begins) {
  const Scan done = scan(kPlain);
  ASSERT_FALSE(done.fault) << done.fault->detail;
  std::vector<bool> content;
  for (const EventScan& event : done.events) content.push_back(event.content);
  EXPECT_EQ(content, (std::vector<bool>{false, false, false, true, true, false, false, false}));
  EXPECT_TRUE(done.events.back().terminal);
  EXPECT_FALSE(done.events[6].terminal);
  EXPECT_EQ(done.facts.upstream_model, "claude-x");
  EXPECT_EQ(done.facts.stop, chat::StopReason::EndTurn);
  EXPECT_EQ(done.facts.delivered.hangul, 6);
}

TEST(AnthropicScanner, renames_the_model_and_an_id_of_another_form) {
  const auto renamed = [](const std::string& start) {
    std::string data = start.substr(start.find('{'));
    data = data.substr(0, data.find('\n'));
    return patched(data, scan({start}).events.at(0).patches);
  };
  EXPECT_THAT(renamed(kStart), testing::HasSubstr(R"("id":"msg_1")"));
  EXPECT_THAT(renamed(kStart), testing::HasSubstr(R"("model":"public")"));
  std::string foreign = kStart;
  foreign.replace(foreign.find("msg_1"), 5, "chatcmpl-1");
  EXPECT_THAT(renamed(foreign), testing::HasSubstr(R"("id":"msg_9")"));
}

TEST(AnthropicScanner, adds_up_usage_that_comes_in_parts) {
  const Scan done = scan(kPlain);
  EXPECT_EQ(
      done.facts.usage,
      (chat::Usage{
          .input = 10, .cache_read = 3, .cache_write_5m = 2, .cache_write_1h = 4, .output = 7}));
  EXPECT_TRUE(done.facts.usage_reported);
}

TEST(AnthropicScanner, takes_later_usage_whole_and_never_smaller) {
  const Scan done = scan({kStart, tell(R"("end_turn")", R"({"input_tokens":20,"output_tokens":9})"),
                          tell(R"("end_turn")", R"({"input_tokens":0,"output_tokens":4})")});
  EXPECT_EQ(done.facts.usage.input, 20);
  EXPECT_EQ(done.facts.usage.output, 9);
  EXPECT_EQ(done.facts.usage.cache_write_1h, 4);
}

TEST(AnthropicScanner, does_not_call_a_beginning_a_report) {
  EXPECT_FALSE(scan({kStart, begin_text(0), text(0, "a")}).facts.usage_reported);
}

TEST(AnthropicScanner, owes_the_stop_of_a_block_that_another_starts_within) {
  const Scan done = scan({kStart, begin_text(0), begin_text(1), stop(0), stop(1), tell(), kStop});
  ASSERT_FALSE(done.fault) << done.fault->detail;
  EXPECT_EQ(done.events[2].before, stop(0));
  EXPECT_TRUE(done.events[3].silent);
  EXPECT_FALSE(done.events[4].silent);
  EXPECT_EQ(done.events[4].before, "");
}

TEST(AnthropicScanner, takes_a_started_call_for_content) {
  const Scan done =
      scan({kStart, begin(0, R"({"type":"tool_use","id":"t","name":"f","input":{}})")});
  EXPECT_TRUE(done.events.back().content);
}

TEST(AnthropicScanner, ignores_all_after_the_end) {
  Frames more = kPlain;
  more.insert(more.end(), {kStart, "data: [DONE]\n\n", "data: {\n\n"});
  const Scan done = scan(more);
  EXPECT_FALSE(done.fault);
  EXPECT_FALSE(done.events.back().terminal && done.events.size() > kPlain.size());
}

TEST(AnthropicScanner, lets_newer_events_comments_and_pings_pass) {
  const Scan done = scan({": hello\n\n", kStart, frame("later_event", R"("x":{})"), frame("ping")});
  EXPECT_FALSE(done.fault);
  EXPECT_EQ(done.events.size(), 4U);
}

TEST(AnthropicScanner, says_whether_an_end_without_marker_is_whole) {
  EXPECT_FALSE(scan({}).may_end);
  EXPECT_FALSE(scan({kStart, begin_text(0)}).may_end);
  EXPECT_FALSE(scan({kStart, begin_text(0), text(0, "a"), tell()}).may_end);
  EXPECT_FALSE(scan({kStart, tell("null")}).may_end);
  EXPECT_TRUE(scan({kStart, begin_text(0), stop(0), tell()}).may_end);
  EXPECT_TRUE(scan(kPlain).may_end);
}

struct ErrorCase {
  const char* type;
  FaultKind kind;
};

TEST(AnthropicScanner, reads_errors_within_a_stream_by_their_type) {
  for (const auto& [type, kind] : {ErrorCase{"overloaded_error", FaultKind::Overloaded},
                                   {"rate_limit_error", FaultKind::RateLimited},
                                   {"invalid_request_error", FaultKind::UpstreamRefused},
                                   {"authentication_error", FaultKind::UpstreamAuth},
                                   {"timeout_error", FaultKind::UpstreamTimeout},
                                   {"api_error", FaultKind::UpstreamFailed},
                                   {"never_heard_of", FaultKind::UpstreamFailed}}) {
    const std::string error =
        frame("error", fmt::format(R"("error":{{"type":"{}","message":"why"}})", type));
    const Scan done = scan({kStart, error});
    ASSERT_TRUE(done.fault) << type;
    EXPECT_EQ(done.fault->kind, kind) << type;
    EXPECT_EQ(read({kStart, error}).fault->kind, kind) << type;
  }
}

TEST(AnthropicScanner, finds_an_error_that_came_without_its_name) {
  const std::string hidden =
      "data: {\"error\":{\"message\":\"out of memory\",\"type\":\"server_error\"}}\n\n";
  EXPECT_EQ(scan({kStart, hidden}).fault->kind, FaultKind::UpstreamFailed);
}

TEST(AnthropicStream, is_refused_where_it_breaks_its_grammar) {
  const Frames broken[] = {
      {begin_text(0)},
      {kStop},
      {kStart, kStart},
      {kStart, text(0, "a")},
      {kStart, stop(0)},
      {kStart, begin_text(0), begin_text(0)},
      {kStart, begin_text(0), stop(0), stop(0)},
      {kStart, begin_text(0), stop(0), begin_text(0)},
      {kStart, begin_text(0), stop(0), text(0, "a")},
      {kStart, begin_text(0), tell(), kStop},
      {kStart, begin(-1, R"({"type":"text"})")},
      {kStart, begin(70'000, R"({"type":"text"})")},
      {kStart, frame("content_block_start", R"("index":0)")},
      {kStart, frame("content_block_stop")},
      {"event: ping\ndata: {\"type\":\"message_stop\"}\n\n"},
      {"event: message_start\ndata: {\"type\":\n\n"},
      {frame("message_start")},
  };
  for (const Frames& frames : broken) {
    const std::string last = frames.back();
    ASSERT_TRUE(scan(frames).fault) << last;
    EXPECT_EQ(scan(frames).fault->kind, FaultKind::UpstreamInvalid) << last;
    EXPECT_EQ(read(frames).fault->kind, FaultKind::UpstreamInvalid) << last;
  }
}

TEST(AnthropicReader, gives_the_canonical_sequence) {
  EXPECT_EQ(words_of(kPlain),
            (Frames{"started msg_1 claude-x", "running 19 0", "part 0 kind 0", "ping", "0 + 안",
                    "0 + 녕", "0 ended", "usage 19 7", "finished 0 ", "end"}));
}

TEST(AnthropicReader, numbers_the_parts_others_can_show) {
  EXPECT_EQ(words_of({kStart, begin(0, R"({"type":"thinking","thinking":"","signature":""})"),
                      delta(0, R"({"type":"thinking_delta","thinking":"hm"})"),
                      delta(0, R"({"type":"signature_delta","signature":"c2ln"})"), stop(0),
                      begin(1, R"({"type":"server_tool_use","id":"s","name":"web","input":{}})"),
                      input(1, R"("{}")"), stop(1),
                      begin(2, R"({"type":"tool_use","id":"t","name":"f","input":{}})"),
                      input(2, R"("")"), input(2, R"("{\"a\":")"), input(2, R"("1}")"), stop(2),
                      tell(R"("tool_use")"), kStop}),
            (Frames{"started msg_1 claude-x", "running 19 0", "part 0 kind 5", "0 + hm",
                    "0 signed c2ln", "0 ended", "lost answer.content[1]", "part 1 kind 3 t f",
                    "1 + {\"a\":", "1 + 1}", "1 ended", "usage 19 7", "finished 3 ", "end"}));
}

TEST(AnthropicReader, reads_redacted_reasoning_that_comes_whole) {
  EXPECT_EQ(words_of({kStart, begin(0, R"({"type":"redacted_thinking","data":"c2Vh"})"), stop(0),
                      tell(), kStop})
                .at(3),
            "0 redacted c2Vh");
}

TEST(AnthropicReader, reads_sources_as_they_are_cited) {
  const Frames words = words_of(
      {kStart, begin(0, R"({"type":"text","text":"","citations":[]})"),
       delta(0, R"({"type":"citations_delta","citation":{"type":"web_search_result_location",)"
                R"("url":"https://a","title":"A","cited_text":"q","encrypted_index":"e"}})"),
       text(0, "so"), stop(0), tell(), kStop});
  EXPECT_EQ(Frames(words.begin() + 3, words.begin() + 5), (Frames{"0 cites https://a", "0 + so"}));
}

TEST(AnthropicReader, tells_the_tier_and_once_what_it_cannot_model) {
  std::string start = kStart;
  start.replace(start.find(R"("output_tokens":1)"), 17,
                R"("output_tokens":1,"service_tier":"standard")");
  const std::string refused = frame(
      "message_delta",
      R"("delta":{"stop_reason":"refusal","stop_details":{"type":"refusal"}},"usage":{"output_tokens":1})");
  EXPECT_EQ(words_of({start, refused, refused, kStop}),
            (Frames{"started msg_1 claude-x default", "running 19 0", "lost answer.stop_details",
                    "usage 19 1", "usage 19 1", "finished 4 ", "end"}));
}

TEST(AnthropicReader, gives_a_call_without_pieces_the_input_of_its_start) {
  const auto with_input = [](std::string_view given) {
    return words_of({kStart,
                     begin(0, fmt::format(R"({{"type":"tool_use","id":"t","name":"f"{}}})", given)),
                     stop(0), tell(), kStop})
        .at(3);
  };
  EXPECT_EQ(with_input(R"(,"input":{})"), "0 + {}");
  EXPECT_EQ(with_input(""), "0 + {}");
  EXPECT_EQ(with_input(R"(,"input":{"a": 1})"), "0 + {\"a\": 1}");
  EXPECT_EQ(with_input(R"(,"input":[1,2])"), "0 + [1,2]");
  EXPECT_EQ(with_input(R"(,"input":"a")"), "0 + \"a\"");
  EXPECT_EQ(with_input(R"(,"input":null)"), "0 + {}");
}

TEST(AnthropicReader, ends_a_part_where_the_next_one_starts) {
  EXPECT_EQ(words_of({kStart, begin(0, R"({"type":"thinking","thinking":""})"),
                      delta(0, R"({"type":"thinking_delta","thinking":"hm"})"), begin_text(1),
                      text(1, "so"), delta(0, R"({"type":"signature_delta","signature":""})"),
                      stop(0), stop(1), tell(), kStop}),
            (Frames{"started msg_1 claude-x", "running 19 0", "part 0 kind 5", "0 + hm", "0 ended",
                    "part 1 kind 0", "1 + so", "1 ended", "usage 19 7", "finished 0 ", "end"}));
}

TEST(AnthropicReader, tells_once_a_block_that_it_has_lost_deltas) {
  const std::string later = delta(0, R"({"type":"later_delta","words":"b"})");
  EXPECT_EQ(
      words_of({kStart, begin_text(0), later, text(0, "a"), later, stop(0), tell(), kStop}),
      (Frames{"started msg_1 claude-x", "running 19 0", "part 0 kind 0", "lost answer.content[0]",
              "0 + a", "0 ended", "usage 19 7", "finished 0 ", "end"}));
}

TEST(AnthropicReader, knows_the_stop_sequence_an_engine_met) {
  const std::string met = frame(
      "message_delta",
      R"("delta":{"stop_reason":"end_turn","stop_sequence":"o"},"usage":{"output_tokens":1})");
  EXPECT_EQ(words_of({kStart, met, kStop}).at(3), "finished 2 o");
}

TEST(AnthropicReader, takes_a_whole_answer_without_its_marker) {
  EXPECT_EQ(words_of({kStart, begin_text(0), stop(0), tell(R"("max_tokens")")}).back(), "end");
}

TEST(AnthropicStream, without_a_reason_to_stop_has_ended_its_turn) {
  const Frames answer = {kStart, begin_text(0), text(0, "a"), stop(0), tell("null"), kStop};
  EXPECT_EQ(words_of(answer).at(6), "finished 0 ");
  EXPECT_EQ(scan(answer).facts.stop, chat::StopReason::EndTurn);
  const Frames call = {kStart, begin(0, R"({"type":"tool_use","id":"t","name":"f"})"), stop(0),
                       tell("null"), kStop};
  EXPECT_EQ(words_of(call).at(6), "finished 3 ");
  EXPECT_EQ(scan(call).facts.stop, chat::StopReason::ToolUse);
}

TEST(AnthropicStream, has_reported_usage_only_where_message_delta_counts_the_output) {
  EXPECT_FALSE(scan({kStart, tell(R"("end_turn")", "{}"), kStop}).facts.usage_reported);
  EXPECT_TRUE(scan({kStart, tell(), kStop}).facts.usage_reported);
  EXPECT_TRUE(scan({kStart, tell(), tell(R"("end_turn")", "{}"), kStop}).facts.usage_reported);
  EXPECT_EQ(words_of({kStart, tell(R"("end_turn")", "{}"), kStop}).at(2), "running 19 0");
}

TEST(AnthropicReader, joins_a_character_cut_between_two_deltas) {
  const Frames answer = {
      kStart, begin_text(0), text(0, R"(a\ud83d)"), text(0, R"(\ude00b\ud83d)"), stop(0),
      tell(), kStop};
  const Frames words = words_of(answer);
  EXPECT_EQ(Frames(words.begin() + 3, words.begin() + 7),
            (Frames{"0 + a", "0 + \U0001F600b", "0 + \uFFFD", "0 ended"}));
}

TEST(AnthropicReader, refuses_a_cut_answer) {
  EXPECT_EQ(read({kStart, begin_text(0), text(0, "a")}).fault->kind, FaultKind::UpstreamInvalid);
  EXPECT_EQ(read({kStart, tell("null")}).fault->kind, FaultKind::UpstreamInvalid);
  EXPECT_FALSE(read({kStart, begin_text(0), text(0, "a")}, false).fault);
}

TEST(AnthropicReader, reads_the_same_wherever_the_bytes_are_cut) {
  std::string whole;
  for (const std::string& one : kPlain) whole += one;
  const std::vector<std::string> expected = words_of({whole});
  for (std::size_t at = 0; at <= whole.size(); ++at)
    ASSERT_EQ(words_of({whole.substr(0, at), whole.substr(at)}), expected) << "cut at " << at;
}

}  // namespace
}  // namespace naru::dialect
