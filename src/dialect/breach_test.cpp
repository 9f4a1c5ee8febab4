#include <gtest/gtest.h>

#include "base/rng.h"
#include "dialect/testing_rules.h"

/// Streams that break their own dialect's grammar, to clients of every dialect.
namespace naru::dialect {
namespace {

using testing::Strings;

std::string bytes_of(const Dialect& upstream, const Strings& events) {
  std::string bytes;
  for (const std::string& data : events) {
    std::string_view name;
    constexpr std::string_view kType = R"({"type":")";
    if (&upstream != &openai_chat() && data.starts_with(kType))
      name = std::string_view(data).substr(kType.size(), data.find('"', kType.size()) - 9);
    wire::append_event(bytes, name, data);
  }
  return bytes;
}

testing::Streamed stream(const Dialect& client, const Dialect& upstream, const Strings& events) {
  Rng rng(7);
  const WriterOptions options{.public_model = "public",
                              .answer_id = client.make_id(Operation::Chat, rng),
                              .created_s = 1,
                              .stream_usage = true};
  return testing::stream({&client, &upstream, Operation::Chat}, options,
                         bytes_of(upstream, events));
}

void expect_refused(const Dialect& upstream, const Strings& events) {
  for (const Dialect* client : all_dialects()) {
    const testing::Streamed got = stream(*client, upstream, events);
    const std::string where =
        fmt::format("{} -> {}: {}", client->name(), upstream.name(), bytes_of(upstream, events));
    ASSERT_TRUE(got.fault) << where;
    EXPECT_EQ(got.fault->kind, FaultKind::UpstreamInvalid) << where;
    EXPECT_EQ(testing::breach_in(*client, got), "") << where;
  }
}

void expect_whole(const Dialect& upstream, const Strings& events) {
  for (const Dialect* client : all_dialects()) {
    const testing::Streamed got = stream(*client, upstream, events);
    EXPECT_FALSE(got.fault) << client->name() << ": " << got.fault->detail;
    EXPECT_EQ(testing::breach_in(*client, got), "") << client->name();
  }
}

TEST(Grammars, are_there_for_every_dialect) {
  for (const Dialect* one : all_dialects()) {
    const std::string breach = testing::breach_in(*one, {.bytes = {}, .terminal = {}});
    EXPECT_EQ(breach, "it neither failed nor ended");
  }
}

// Anthropic.

const std::string kStart =
    R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}})";
const std::string kTell =
    R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}})";
const std::string kEnd = R"({"type":"message_stop"})";
std::string begin(int index, std::string_view block = R"({"type":"text","text":""})") {
  return fmt::format(R"({{"type":"content_block_start","index":{},"content_block":{}}})", index,
                     block);
}
std::string say(int index, std::string_view delta = R"({"type":"text_delta","text":"a"})") {
  return fmt::format(R"({{"type":"content_block_delta","index":{},"delta":{}}})", index, delta);
}
std::string stop(int index) {
  return fmt::format(R"({{"type":"content_block_stop","index":{}}})", index);
}

TEST(Breach, of_a_messages_stream_ends_in_a_fault) {
  const Strings broken[] = {
      {kStart, begin(0), say(0), stop(0), kEnd},
      {kStart, begin(0), begin(0), stop(0), kTell, kEnd},
      {kStart, begin(0), begin(2), stop(0), stop(2), kTell, kEnd},
      {kStart, begin(0), begin(1), say(0), stop(0), stop(1), kTell, kEnd},
      {kStart, begin(0), begin(1), stop(0), stop(0), stop(1), kTell, kEnd},
      {kStart, begin(0), begin(1), stop(0), stop(1), stop(1), kTell, kEnd},
      {kStart, begin(0), begin(1), stop(0), kTell, stop(1), kEnd},
      {kStart, begin(1), say(1), stop(1), kTell, kEnd},
      {kStart, begin(0), stop(0), begin(2), stop(2), kTell, kEnd},
      {kStart, begin(0), say(0), kTell, stop(0), kEnd},
      {kStart, begin(0), stop(0), kTell, begin(1), stop(1), kTell, kEnd},
      {kStart, begin(0), say(1), stop(0), kTell, kEnd},
      {kStart, begin(0), say(0, R"({"type":"input_json_delta","partial_json":"{}"})"), stop(0),
       kTell, kEnd},
      {kStart, begin(0), say(0, R"({"text":"a"})"), stop(0), kTell, kEnd},
      {kStart, begin(0), say(0, R"({"type":5,"text":"a"})"), stop(0), kTell, kEnd},
      {kStart, begin(0), say(0, R"({"type":"text_delta","text":5})"), stop(0), kTell, kEnd},
      {kStart, begin(0), say(0, R"({"type":"text_delta","words":"a"})"), stop(0), kTell, kEnd},
      {kStart, begin(0), say(0, R"({"type":"citations_delta","citation":"a"})"), stop(0), kTell,
       kEnd},
      {R"({"type":"message_start","message":{"content":[{"type":"text","text":"a"}]}})", kTell,
       kEnd},
      {R"({"type":"message_start","message":{"content":"a"}})", kTell, kEnd},
      {kStart, begin(0, R"({"text":""})"), stop(0), kTell, kEnd},
      {kStart, begin(0, R"({"type":"tool_use","id":"t","input":{}})"), stop(0), kTell, kEnd},
      {kStart, "NaN", begin(0), say(0), stop(0), kTell, kEnd},
      {kStart, "[]", kTell, kEnd},
      {kStart, kStart, kTell, kEnd},
      {R"({"type":"message_start","message":{"role":"user"}})", begin(0), stop(0), kTell, kEnd},
  };
  for (const Strings& events : broken) expect_refused(anthropic(), events);
}

/// What no client is shown, in the middle of a stream that is whole without it.
TEST(Breach, of_no_kind_a_messages_client_knows_is_dropped) {
  for (const std::string_view foreign :
       {R"({"type":"response.created","response":{}})", R"({"type":"chat.completion.chunk"})",
        R"({"type":"later_event","x":{}})", R"({"x":1})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"later_delta","text":"b"}})",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":null}})"}) {
    const Strings whole = {kStart, begin(0), say(0), stop(0), kTell, kEnd};
    Strings events = whole;
    events.insert(events.begin() + 3, std::string(foreign));
    expect_whole(anthropic(), events);
    EXPECT_EQ(stream(anthropic(), anthropic(), events).all(),
              stream(anthropic(), anthropic(), whole).all())
        << foreign;
  }
}

/// As llama-server sends its blocks: all of them are stopped at the end, reasoning with a seal that
/// is empty.
TEST(SameStream, ends_a_messages_block_where_the_next_one_starts) {
  const std::string thinks = begin(0, R"({"type":"thinking","thinking":""})");
  const std::string calls = begin(2, R"({"type":"tool_use","id":"t","name":"f"})");
  const std::string thought = say(0, R"({"type":"thinking_delta","thinking":"hm"})");
  const std::string seal = say(0, R"({"type":"signature_delta","signature":""})");
  const std::string input = say(2, R"({"type":"input_json_delta","partial_json":"{}"})");
  const Strings late = {kStart, thinks,  thought, begin(1), say(1), calls, input,
                        seal,   stop(0), stop(1), stop(2),  kTell,  kEnd};
  const Strings kept = {kStart,  thinks, thought, stop(0), begin(1), say(1),
                        stop(1), calls,  input,   stop(2), kTell,    kEnd};
  expect_whole(anthropic(), late);
  for (const Dialect* client : all_dialects())
    EXPECT_EQ(stream(*client, anthropic(), late).all(), stream(*client, anthropic(), kept).all())
        << client->name();
  for (const Strings& events : {Strings{kStart, begin(0), begin(1), stop(1), stop(0), kTell, kEnd},
                                Strings{kStart, begin(0), begin(1), stop(1), kTell, stop(0), kEnd},
                                Strings{kStart, begin(0), say(0), begin(1), stop(1), kTell, kEnd}})
    expect_whole(anthropic(), events);
}

TEST(SameStream, names_the_events_of_a_messages_stream_that_come_without) {
  const Strings events = {kStart, R"({"type":"ping"})", begin(0), say(0), stop(0), kTell, kEnd};
  std::string nameless = "\xEF\xBB\xBF";
  for (const std::string& data : events) wire::append_event(nameless, "", data);
  for (const Dialect* client : all_dialects()) {
    const WriterOptions options{.public_model = "m", .answer_id = "msg_1", .stream_usage = true};
    const Ends ends{client, &anthropic(), Operation::Chat};
    const std::string named = testing::stream(ends, options, bytes_of(anthropic(), events)).all();
    EXPECT_EQ(testing::stream(ends, options, nameless).all(), named) << client->name();
  }
}

TEST(SameStream, drops_events_of_a_messages_stream_whose_data_is_empty) {
  const std::string whole = bytes_of(anthropic(), {kStart, begin(0), say(0), stop(0), kTell, kEnd});
  const std::size_t at = whole.find("event: content_block_delta");
  for (const Dialect* client : all_dialects())
    for (const std::string_view empty :
         {"event: ping\ndata: \n\n", "data:\n\n", "event: content_block_start\ndata:\n\n",
          "event: zzz\ndata:\ndata: \n\n"}) {
      const Ends ends{client, &anthropic(), Operation::Chat};
      const std::string got = testing::stream(ends, {}, std::string(whole).insert(at, empty)).all();
      EXPECT_EQ(got, testing::stream(ends, {}, whole).all()) << client->name() << empty;
    }
}

// Chat Completions.

std::string chunk(std::string_view choices, std::string_view more = "") {
  return fmt::format(R"({{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,)"
                     R"("model":"m","choices":[{}]{}}})",
                     choices, more);
}
std::string choice(std::string_view index, std::string_view delta,
                   std::string_view reason = "null") {
  return fmt::format(R"({{"index":{},"delta":{},"finish_reason":{}}})", index, delta, reason);
}
const std::string kHello =
    chunk(choice("0", R"({"role":"assistant","content":"a","refusal":null})"));
const std::string kFinish = chunk(choice("0", "{}", R"("stop")"));
const std::string kDone = "[DONE]";
std::string calls(std::string_view calls) {
  return chunk(choice("0", fmt::format(R"({{"tool_calls":[{}]}})", calls)));
}

const std::string kMessage =
    R"({"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"})";

TEST(Breach, of_a_chat_stream_ends_in_a_fault) {
  const Strings broken[] = {
      {kHello, kFinish, kHello, kDone},
      {kHello, kFinish, calls(R"({"index":0,"id":"c","function":{"name":"f"}})"), kDone},
      {kHello, kFinish,
       chunk(choice("0", R"({"reasoning_details":[{"type":"reasoning.text","text":"b"}]})")),
       kDone},
      {kHello, chunk("7"), kFinish, kDone},
      {kHello, chunk("null"), kFinish, kDone},
      {kHello, chunk(choice("-1", "{}", R"("stop")")), kFinish, kDone},
      {kHello, chunk(choice("0.5", "{}")), kFinish, kDone},
      {kHello, chunk(choice("\"0\"", "{}")), kFinish, kDone},
      {chunk(choice("3", R"({"role":"assistant","content":"a"})", R"("stop")")), kDone},
      {kHello, chunk(choice("2", R"({"content":"a"})", R"("stop")")), kFinish, kDone},
      {calls(R"({"index":-1,"id":"c","function":{"name":"f","arguments":"{}"}})"), kFinish, kDone},
      {calls("7"), kFinish, kDone},
      {calls(R"({"index":0,"id":"c","function":{"arguments":"{}"}})"), kFinish, kDone},
      {calls(R"({"index":0,"id":"c"})"), kFinish, kDone},
      {calls(R"({"index":0,"id":"c"})"), kDone},
      {chunk(choice("0", R"("a")")), kFinish, kDone},
      {chunk(choice("0", R"([{"content":"a"}])")), kFinish, kDone},
      {chunk(choice("0", R"({"content":5})")), kFinish, kDone},
      {chunk(choice("0", R"({"content":{"text":"a"}})")), kFinish, kDone},
      {chunk(kMessage), kFinish, kDone},
      {kHello, "NaN", kFinish, kDone},
      {kDone},
      {chunk(""), kDone},
  };
  for (const Strings& events : broken) expect_refused(openai_chat(), events);
}

TEST(Breach, of_no_kind_a_chat_client_knows_is_dropped) {
  const Strings whole = {kHello, kFinish, kDone};
  for (const std::string_view foreign :
       {R"({"type":"message_stop"})", R"({"type":"response.completed","response":{}})",
        R"({"type":"message_delta","delta":{},"usage":{"output_tokens":7}})", "null"}) {
    Strings events = whole;
    events.insert(events.begin() + 1, std::string(foreign));
    expect_whole(openai_chat(), events);
    EXPECT_EQ(stream(openai_chat(), openai_chat(), events).all(),
              stream(openai_chat(), openai_chat(), whole).all())
        << foreign;
  }
}

std::string renamed(std::string chunk) {
  return chunk.replace(chunk.find(R"("m")"), 3, R"("public")");
}

TEST(SameStream, has_chat_roles_and_indices_of_calls_be_what_clients_know) {
  const auto told = [](const std::string& event) {
    const std::string all = stream(openai_chat(), openai_chat(), {event, kFinish, kDone}).all();
    return all.substr(6, all.find("\n\n") - 6);
  };
  for (const std::string_view role : {R"("user")", R"("bot")", "5"})
    EXPECT_EQ(told(chunk(choice("0", fmt::format(R"({{"role":{},"content":"a"}})", role)))),
              renamed(chunk(choice("0", R"({"role":"assistant","content":"a"})"))));
  const std::string call = R"("id":"c","function":{"name":"f","arguments":"{}"}})";
  for (const std::string_view index : {R"("index":1,)", R"("index":null,)", ""})
    EXPECT_EQ(told(calls(fmt::format("{{{}{}", index, call))),
              renamed(calls(R"({"index":0,)" + call)));
}

/// What servers in use do.
TEST(SameStream, takes_chat_streams_that_are_loose) {
  const std::string azure =
      R"({"id":"","object":"","created":0,"model":"","choices":[],"prompt_filter_results":[]})";
  const std::string filtered = R"({"index":0,"finish_reason":null,"content_filter_results":{}})";
  const std::string usage =
      chunk("", R"(,"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2})");
  for (const Strings& events :
       {Strings{azure, kHello, kFinish, chunk(filtered), usage, kDone},
        Strings{kHello, kFinish, kFinish, kDone},
        Strings{kHello, kFinish, chunk(choice("0", R"({"role":"assistant","content":""})")), kDone},
        Strings{kHello, chunk(kMessage), kDone},
        Strings{calls(R"({"index":0,"id":"A","function":{"name":"f"}})"),
                calls(R"({"index":0,"id":"B","function":{"arguments":"{}"}})"), kFinish, kDone},
        Strings{calls(R"({"function":{"name":"f","arguments":"{}"}})"),
                calls(R"({"function":{"name":"g","arguments":"{}"}})"), kFinish, kDone},
        Strings{kHello, calls(R"({"index":0,"id":"","function":{"name":"","arguments":""}})"),
                kFinish, kDone},
        Strings{kHello, kDone}, Strings{"null", kHello, kFinish, kDone}, Strings{kHello, kFinish},
        Strings{kHello, chunk(choice("1", R"({"content":"b"})", R"("length")")), kFinish, kDone}})
    expect_whole(openai_chat(), events);
}

// Responses.

std::string response(std::string_view type, std::string_view status,
                     std::string_view output = "[]") {
  return fmt::format(R"({{"type":"response.{}","response":{{"id":"resp_1","object":"response",)"
                     R"("created_at":1,"status":{},"model":"m","output":{}}}}})",
                     type, status, output);
}
const std::string kCreated = response("created", R"("in_progress")");
const std::string kCompleted = response("completed", R"("completed")");
std::string event(std::string_view type, std::string_view members) {
  return fmt::format(R"({{"type":"response.{}",{}}})", type, members);
}
std::string item(std::string_view type, int index,
                 std::string_view members = R"("status":"completed","role":"assistant")") {
  return event(type, fmt::format(R"("output_index":{},"item":{{"id":"msg_{}","type":"message",)"
                                 R"({},"content":[]}})",
                                 index, index, members));
}
std::string part(std::string_view type, std::string_view more, std::string_view index = "0") {
  return event(type, fmt::format(R"("item_id":"msg_0","output_index":{},"content_index":0,{})",
                                 index, more));
}
const std::string kItem = item("output_item.added", 0);
const std::string kItemDone = item("output_item.done", 0);
const std::string kPart =
    part("content_part.added", R"("part":{"type":"output_text","text":"","annotations":[]})");
const std::string kPartDone =
    part("content_part.done", R"("part":{"type":"output_text","text":"a","annotations":[]})");
const std::string kWords = part("output_text.delta", R"("delta":"a")");
const std::string kText = part("output_text.done", R"("text":"a")");

TEST(Breach, of_a_responses_stream_ends_in_a_fault) {
  const Strings broken[] = {
      {kCreated, kItem, kWords, kItemDone, kCompleted},
      {kCreated, kItem, kText, kItemDone, kCompleted},
      {kCreated, kItem, kPart, part("refusal.delta", R"("delta":"a")"), kCompleted},
      {kCreated, kItem, kPart, kWords, kText, kPartDone, kPartDone, kItemDone, kCompleted},
      {kCreated, kItem, kPart, kWords, kText, kText, kPartDone, kItemDone, kCompleted},
      {kCreated, kItem, kPart, kItemDone, kItemDone, kCompleted},
      {kCreated, kItem, kPart, part("output_text.delta", R"("delta":"a")", "9223372036854775808"),
       kItemDone, kCompleted},
      {kCreated, kItem, kPart, part("output_text.delta", R"("delta":"a")", "-1"), kCompleted},
      {kCreated, kItem, kPart, part("output_text.delta", R"("delta":"a")", "1"), kCompleted},
      {kCreated, item("output_item.added", 1), kCompleted},
      {kCreated, item("output_item.added", 0, R"("status":"zzz")"), kCompleted},
      {kCreated, item("output_item.added", 0, R"("role":"user")"), kCompleted},
      {kCreated, kItem, item("output_item.done", 0, R"("status":5)"), kCompleted},
      {response("created", R"("zzz")"), kItem, kItemDone, kCompleted},
      {kCreated, response("in_progress", R"("zzz")"), kCompleted},
      {kCreated, response("completed", R"("zzz")")},
      {kCreated, response("completed", R"("in_progress")")},
      {kCreated, response("incomplete", R"("completed")")},
      {kCreated, kItem, kItemDone,
       response("completed", R"("completed")", R"([{"type":"function_call","call_id":"c"}])")},
      {kCreated,
       response("completed", R"("completed")",
                R"([{"type":"message","role":"assistant","status":"zzz","content":[]}])")},
      {event("web_search_call.searching", R"("output_index":0)"), kCreated, kCompleted},
      {kCreated,
       event("output_item.added",
             R"("output_index":0,"item":{"id":"fc_1","call_id":"c","type":"function_call"})"),
       kCompleted},
      {kCreated, "NaN", kCompleted},
  };
  for (const Strings& events : broken) expect_refused(openai_responses(), events);
  const std::string call =
      event("output_item.added", R"("output_index":0,"item":{"id":"fc_1","call_id":"c","name":"f",)"
                                 R"("type":"function_call","arguments":""})");
  const auto arguments = [](std::string_view type, std::string_view more) {
    return event(fmt::format("function_call_arguments.{}", type),
                 fmt::format(R"("item_id":"fc_1","output_index":0,{})", more));
  };
  expect_refused(openai_responses(), {kCreated, call, arguments("delta", R"("delta":"{}")"),
                                      arguments("done", R"("arguments":"{}")"),
                                      arguments("delta", R"("delta":"{}")"), kCompleted});
  expect_refused(openai_responses(),
                 {kCreated, call, arguments("delta", R"("delta":"{")"), kCompleted});
}

TEST(Breach, of_an_event_with_two_names_ends_in_a_fault) {
  const std::string events = bytes_of(openai_responses(), {kCreated}) +
                             "event: message_stop\ndata: " + kCompleted + "\n\n";
  for (const Dialect* client : all_dialects()) {
    const testing::Streamed got =
        testing::stream({client, &openai_responses(), Operation::Chat}, {}, events);
    ASSERT_TRUE(got.fault) << client->name();
    EXPECT_EQ(got.fault->kind, FaultKind::UpstreamInvalid);
    EXPECT_EQ(got.terminal, "");
  }
}

TEST(Breach, of_no_kind_a_responses_client_knows_is_dropped) {
  const Strings whole = {kCreated, kItem, kPart, kWords, kText, kPartDone, kItemDone, kCompleted};
  for (const std::string_view foreign :
       {R"({"type":"message_delta","delta":{}})", R"({"type":"chat.completion.chunk"})",
        R"({"type":"response.later","delta":"b"})", R"({"x":1})",
        R"({"type":"response.content_part.added","output_index":0,"part":null})"}) {
    Strings events = whole;
    events.insert(events.begin() + 4, std::string(foreign));
    expect_whole(openai_responses(), events);
    EXPECT_EQ(stream(openai_responses(), openai_responses(), events).all(),
              stream(openai_responses(), openai_responses(), whole).all())
        << foreign;
  }
}

}  // namespace
}  // namespace naru::dialect
