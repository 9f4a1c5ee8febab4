#include <gtest/gtest.h>

#include "dialect/testing_events.h"

namespace naru::dialect {
namespace {

using chat::StopReason;
using testing::Strings;

constexpr std::string_view kFolder = "src/dialect/openai_chat/corpus/openai_chat_stream/";

std::string sample(std::string_view name) {
  return testing::file(fmt::format("{}{}.sse", kFolder, name));
}

chat::Response told_by(const std::string& bytes) {
  std::optional<Fault> fault;
  const auto events = testing::read_events(openai_chat(), bytes, &fault);
  EXPECT_FALSE(fault) << fault->detail;
  EXPECT_EQ(testing::broken_rule(events), "");
  return testing::collect(events);
}

Fault fault_of(const std::string& bytes) {
  std::optional<Fault> fault;
  const auto events = testing::read_events(openai_chat(), bytes, &fault);
  EXPECT_EQ(testing::broken_rule(events), "");
  EXPECT_TRUE(fault);
  return fault.value_or(Fault{});
}

std::string written(std::span<const chat::Event> events, WriterOptions options) {
  const auto writer = openai_chat().make_writer(std::move(options));
  std::string bytes;
  std::vector<chat::Loss> losses;
  for (const chat::Event& event : events) writer->write(event, bytes, losses);
  return bytes;
}

/// A chunk with one choice of `delta`.
std::string chunk(std::string_view delta, std::string_view stop = "null") {
  return fmt::format(
      "data: {{\"choices\":[{{\"index\":0,\"delta\":{},\"finish_reason\":{}}}]}}\n\n", delta, stop);
}

TEST(OpenAiReader, tells_an_answer_in_korean) {
  const chat::Response response = told_by(sample("korean"));
  EXPECT_EQ(response.choices.at(0).parts,
            (std::vector<chat::Part>{chat::Text{"안녕하세요, 반갑습니다 😀"}}));
  EXPECT_EQ(response.model, "gpt-4.1-2025-04-14");
  EXPECT_EQ(response.usage,
            (chat::Usage{.input = 7, .cache_read = 12, .output = 7, .reasoning = 3}));
}

TEST(OpenAiReader, tells_tool_calls_with_arguments_in_pieces) {
  const chat::Response response = told_by(sample("tools"));
  EXPECT_EQ(response.choices.at(0).parts,
            (std::vector<chat::Part>{chat::ToolCall{"call_a", "get_weather", R"({"city":"서울"})"},
                                     chat::ToolCall{"call_b", "get_time", "{}"}}));
  EXPECT_EQ(response.choices.at(0).stop, StopReason::ToolUse);
}

TEST(OpenAiReader, ends_a_tool_turn_as_one_though_the_server_says_stop) {
  const chat::Choice choice = told_by(sample("text_then_tool")).choices.at(0);
  EXPECT_EQ(choice.parts, (std::vector<chat::Part>{chat::Text{"Let me look."},
                                                   chat::ToolCall{"call_a", "look", "{}"}}));
  EXPECT_EQ(choice.stop, StopReason::ToolUse);
}

TEST(OpenAiReader, tells_calls_apart_that_carry_no_index) {
  EXPECT_EQ(told_by(sample("tools_without_index")).choices.at(0).parts,
            (std::vector<chat::Part>{chat::ToolCall{"call_0_0", "one", R"({"a":1})"},
                                     chat::ToolCall{"x2", "two", "{}"}}));
}

/// A chunk with `calls`, then the end.
chat::Choice choice_with(std::initializer_list<std::string_view> calls) {
  std::string bytes;
  for (const std::string_view one : calls)
    bytes += chunk(fmt::format(R"({{"tool_calls":[{}]}})", one));
  return told_by(bytes + chunk("{}", R"("stop")")).choices.at(0);
}
using Parts = std::vector<chat::Part>;

TEST(OpenAiReader, keeps_the_first_of_ids_that_change_with_each_piece) {
  const Parts call = {chat::ToolCall{"A", "f", "{}"}};
  EXPECT_EQ(choice_with({R"({"index":0,"id":"A","function":{"name":"f"}})",
                         R"({"index":0,"id":"B","function":{"arguments":"{"}})",
                         R"({"index":0,"id":"C","function":{"arguments":"}"}})"})
                .parts,
            call);
  EXPECT_EQ(choice_with({R"({"id":"A","function":{"name":"f"}})",
                         R"({"id":"B","function":{"name":"","arguments":"{}"}})"})
                .parts,
            call);
  EXPECT_EQ(choice_with({R"({"index":0,"id":"A"})",
                         R"({"index":0,"id":"B","function":{"name":"f","arguments":"{}"}})"})
                .parts,
            call);
}

TEST(OpenAiReader, tells_calls_apart_by_name_where_neither_index_nor_id_does) {
  const Parts two = {chat::ToolCall{"call_0_0", "f", "1"}, chat::ToolCall{"call_0_1", "g", "2"}};
  EXPECT_EQ(choice_with({R"({"function":{"name":"f","arguments":"1"}},)"
                         R"({"id":"","function":{"name":"g"}})",
                         R"({"function":{"arguments":"2"}})"})
                .parts,
            two);
  EXPECT_EQ(choice_with({R"({"index":0,"function":{"name":"f","arguments":"1"}})",
                         R"({"index":0,"id":"","function":{"name":"g","arguments":"2"}})"})
                .parts,
            two);
  EXPECT_EQ(choice_with({R"({"function":{"name":"f","arguments":"1"}})",
                         R"({"function":{"name":"f","arguments":"2"}})"})
                .parts,
            (Parts{chat::ToolCall{"call_0_0", "f", "1"}, chat::ToolCall{"call_0_1", "f", "2"}}));
  EXPECT_EQ(choice_with({R"({"index":0,"function":{"name":"f","arguments":"1"}})",
                         R"({"index":0,"function":{"name":"f","arguments":"2"}})"})
                .parts,
            (Parts{chat::ToolCall{"call_0_0", "f", "12"}}));
}

TEST(OpenAiReader, drops_a_place_held_for_no_call) {
  const chat::Choice choice =
      choice_with({R"({"index":0,"id":"","function":{"name":"","arguments":""}})"});
  EXPECT_EQ(choice.parts, Parts{});
  EXPECT_EQ(choice.stop, StopReason::EndTurn);
}

TEST(OpenAiReader, takes_arguments_that_are_an_object) {
  EXPECT_EQ(
      choice_with({R"({"index":0,"id":"A","function":{"name":"f","arguments":{"a":[1]}}})"}).parts,
      (Parts{chat::ToolCall{"A", "f", R"({"a":[1]})"}}));
}

TEST(OpenAiReader, tells_older_function_calls) {
  EXPECT_EQ(told_by(sample("older_function")).choices.at(0).parts,
            (std::vector<chat::Part>{chat::ToolCall{"call_0_0", "f", R"({"a":1})"}}));
}

TEST(OpenAiReader, tells_reasoning_as_a_part_before_the_text) {
  EXPECT_EQ(told_by(sample("reasoning")).choices.at(0).parts,
            (std::vector<chat::Part>{chat::Thinking{"Think hard.", ""}, chat::Text{"Four"}}));
  EXPECT_EQ(told_by(sample("blocks")).choices.at(0).parts,
            (std::vector<chat::Part>{chat::Thinking{"hm", ""}, chat::Text{"yes"}}));
}

TEST(OpenAiReader, tells_refusals) {
  EXPECT_EQ(told_by(sample("refusal")).choices.at(0).stop, StopReason::Refusal);
  EXPECT_EQ(told_by(sample("filtered")).choices.at(0).stop, StopReason::Refusal);
}

TEST(OpenAiReader, takes_the_last_usage_of_many) {
  EXPECT_EQ(told_by(sample("two_usages")).usage->output, 7);
}

TEST(OpenAiReader, adds_up_what_an_engine_reports_for_each_choice) {
  const chat::Response response = told_by(sample("engine_two_choices"));
  EXPECT_EQ(response.choices.size(), 2U);
  EXPECT_EQ(response.usage, (chat::Usage{.input = 9, .cache_read = 24, .output = 8}));
}

TEST(OpenAiReader, takes_an_event_of_null_for_silence) {
  const std::string null = "data: null\n\n";
  const auto events =
      testing::read_events(openai_chat(), null + sample("text").insert(0, null) + null);
  EXPECT_EQ(testing::collect(events), told_by(sample("text")));
  EXPECT_EQ(events.size(), testing::read_events(openai_chat(), sample("text")).size());
}

TEST(OpenAiReader, takes_usage_without_counts_for_none) {
  for (const std::string_view usage :
       {"null", "{}", R"({"prompt_tokens":null,"completion_tokens":null})",
        R"({"total_tokens":5})"}) {
    const std::string told =
        chunk("{}", R"("stop")") + fmt::format("data: {{\"choices\":[],\"usage\":{}}}\n\n", usage);
    EXPECT_EQ(told_by(told).usage, std::nullopt) << usage;
  }
}

TEST(OpenAiReader, joins_a_character_cut_between_two_deltas) {
  const auto said = [](std::string_view field, std::string_view first, std::string_view second) {
    const auto delta = [&](std::string_view text) {
      return chunk(fmt::format(R"({{"{}":"{}"}})", field, text));
    };
    return told_by(delta(first) + delta(second) + chunk("{}", R"("stop")")).choices.at(0).parts;
  };
  const auto text = [](std::string words) { return std::vector<chat::Part>{chat::Text{words}}; };
  EXPECT_EQ(said("content", R"(a\ud83d)", R"(\ude00b)"), text("a\U0001F600b"));
  EXPECT_EQ(said("content", R"(\uD83D)", R"(\uDE00)"), text("\U0001F600"));
  EXPECT_EQ(said("content", R"(a\ud83d)", "b"), text("a\uFFFDb"));
  EXPECT_EQ(said("content", "a", R"(\ude00b)"), text("a\uFFFDb"));
  EXPECT_EQ(said("content", "a", R"(b\ud83d)"), text("ab\uFFFD"));
  EXPECT_EQ(said("content", R"(\\ud83d)", "\uFFFD"), text("\\ud83d\uFFFD"));
  EXPECT_EQ(said("reasoning", R"(\ud83d)", R"(\ude00)"),
            (std::vector<chat::Part>{chat::Thinking{"\U0001F600", ""}}));
}

TEST(OpenAiReader, joins_a_character_cut_within_a_calls_arguments) {
  const auto call = [](std::string_view arguments) {
    return chunk(fmt::format(
        R"({{"tool_calls":[{{"index":0,"id":"c","function":{{"name":"f","arguments":"{}"}}}}]}})",
        arguments));
  };
  EXPECT_EQ(told_by(call(R"({\"a\":\"\ud83d)") + call(R"(\ude00\"})") + chunk("{}", R"("stop")"))
                .choices.at(0)
                .parts,
            (std::vector<chat::Part>{chat::ToolCall{"c", "f", "{\"a\":\"\U0001F600\"}"}}));
}

TEST(OpenAiReader, ends_whole_without_a_marker_when_every_choice_has_ended) {
  EXPECT_EQ(told_by(sample("no_done")).choices.at(0).stop, StopReason::EndTurn);
}

TEST(OpenAiReader, takes_nothing_after_the_marker) {
  EXPECT_EQ(told_by(sample("done_twice")).choices.at(0).parts,
            (std::vector<chat::Part>{chat::Text{"x"}}));
}

TEST(OpenAiReader, starts_no_part_for_empty_text) {
  const auto events = testing::read_events(
      openai_chat(),
      chunk(R"({"role":"assistant","content":""})") +
          chunk(R"({"content":"","tool_calls":[{"index":0,"id":"c","function":{"name":"f"}}]})",
                R"("tool_calls")") +
          "data: [DONE]\n\n");
  EXPECT_EQ(testing::collect(events).choices.at(0).parts,
            (std::vector<chat::Part>{chat::ToolCall{"c", "f", ""}}));
}

TEST(OpenAiReader, reports_the_upstreams_own_fault) {
  EXPECT_EQ(fault_of(sample("error_mid")).kind, FaultKind::UpstreamFailed);
  EXPECT_EQ(fault_of(sample("error_event")).kind, FaultKind::Overloaded);
  EXPECT_EQ(fault_of(sample("aborted")).kind, FaultKind::UpstreamFailed);
  const Fault refused = fault_of(sample("error_vllm"));
  EXPECT_EQ(refused.kind, FaultKind::UpstreamRefused);
  EXPECT_EQ(refused.detail, "prompt is too long");
  EXPECT_EQ(refused.upstream_status, 400);
  EXPECT_EQ(fault_of(sample("error_field")).detail,
            "the request exceeds the available context size");
}

TEST(OpenAiReader, refuses_what_breaks_the_grammar) {
  for (const std::string_view name : {"cut", "only_done", "mixed_arguments"})
    EXPECT_EQ(fault_of(sample(name)).kind, FaultKind::UpstreamInvalid) << name;
  const auto refuses = [](std::string_view bytes) {
    EXPECT_EQ(fault_of(std::string(bytes)).kind, FaultKind::UpstreamInvalid) << bytes;
  };
  refuses("data: {\n\n");
  refuses("data: 7\n\n");
  refuses("data: {\"choices\":7}\n\n");
  refuses("data: {\"choices\":[{\"index\":128,\"delta\":{}}]}\n\n");
  refuses(chunk("{}", R"("stop")") + chunk(R"({"content":"late"})"));
  refuses(chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{"}}]})"));
  refuses(chunk(R"({"tool_calls":[{"index":0,"id":"c"}]})", R"("stop")"));
}

TEST(OpenAiWriter, begins_with_one_role_and_ends_with_one_marker) {
  const std::vector<chat::Event> events = {chat::Started{"their-id", "their-model", 1},
                                           chat::PartStarted{0, 0, chat::Text{}},
                                           chat::PartDelta{0, 0, "a\n\"b\""},
                                           chat::PartEnded{0, 0},
                                           chat::Finished{0, StopReason::EndTurn, {}},
                                           chat::UsageSeen{{.input = 1, .output = 2}},
                                           chat::Ended{}};
  const std::string head =
      R"(data: {"id":"id","object":"chat.completion.chunk","created":9,"model":"m","choices":[{"index":0,"delta":)";
  EXPECT_EQ(written(events, {.public_model = "m", .answer_id = "id", .created_s = 9}),
            head + R"({"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]})" +
                "\n\n" + head +
                R"({"content":"a\n\"b\""},"logprobs":null,"finish_reason":null}]})" + "\n\n" +
                head + R"({},"logprobs":null,"finish_reason":"stop"}]})" + "\n\ndata: [DONE]\n\n");
}

TEST(OpenAiWriter, gives_usage_as_its_last_chunk_to_whom_asks) {
  const std::vector<chat::Event> events = {
      chat::Started{}, chat::UsageSeen{{.input = 9}}, chat::Finished{},
      chat::UsageSeen{{.input = 1, .cache_read = 8, .output = 2}}, chat::Ended{}};
  const std::string bytes =
      written(events, {.public_model = "m", .answer_id = "i", .stream_usage = true});
  EXPECT_NE(bytes.find(R"("finish_reason":"stop"}],"usage":null})"), std::string::npos);
  EXPECT_TRUE(bytes.ends_with(
      R"("choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,)"
      R"("prompt_tokens_details":{"cached_tokens":8},)"
      R"("completion_tokens_details":{"reasoning_tokens":0}}})"
      "\n\ndata: [DONE]\n\n"))
      << bytes;
}

TEST(OpenAiWriter, gives_a_call_without_arguments_an_empty_object) {
  const std::vector<chat::Event> events = {chat::Started{},
                                           chat::PartStarted{0, 0, chat::ToolCall{"c", "f", ""}},
                                           chat::PartEnded{0, 0},
                                           chat::PartStarted{0, 1, chat::ToolCall{"d", "g", ""}},
                                           chat::PartDelta{0, 1, "[]"},
                                           chat::PartEnded{0, 1},
                                           chat::Finished{0, StopReason::ToolUse, {}},
                                           chat::Ended{}};
  EXPECT_EQ(
      told_by(written(events, {})).choices.at(0).parts,
      (std::vector<chat::Part>{chat::ToolCall{"c", "f", "{}"}, chat::ToolCall{"d", "g", "[]"}}));
}

TEST(OpenAiWriter, pings_with_a_comment_line) {
  EXPECT_EQ(written(std::vector<chat::Event>{chat::Ping{}}, {}), ": ping\n");
}

std::string same(const std::string& bytes) {
  const testing::Streamed got = testing::stream({&openai_chat(), &openai_chat()}, {}, bytes);
  EXPECT_FALSE(got.fault) << got.fault->detail;
  return got.bytes;
}
std::string calls(std::string_view calls) {
  return chunk(fmt::format(R"({{"tool_calls":[{}]}})", calls));
}

TEST(OpenAiScanner, tells_each_call_apart_by_index_and_of_its_ids_the_first) {
  const std::string end = chunk("{}", R"("stop")");
  EXPECT_EQ(same(calls(R"({"index":0,"id":"A","function":{"name":"f"}})") +
                 calls(R"({"index":0,"id":"B","function":{"arguments":"{}"}})") + end),
            calls(R"({"index":0,"id":"A","function":{"name":"f"}})") +
                calls(R"({"index":0,"id":null,"function":{"arguments":"{}"}})") + end);
  EXPECT_EQ(same(calls(R"({"index":0,"function":{"name":"f"}})") +
                 calls(R"({"index":0,"type":"tool_use","function":{"name":"g"}})") + end),
            calls(R"({"index":0,"function":{"name":"f"}})") +
                calls(R"({"index":1,"type":"function","function":{"name":"g"}})") + end);
}

TEST(OpenAiScanner, passes_a_place_held_for_no_call) {
  const std::string bytes = calls(R"({"index":0,"id":"","function":{"name":"","arguments":""}})") +
                            chunk("{}", R"("stop")");
  const testing::Streamed got = testing::stream({&openai_chat(), &openai_chat()}, {}, bytes);
  EXPECT_EQ(got.bytes, bytes);
  EXPECT_EQ(got.facts.stop, StopReason::EndTurn);
}

TEST(OpenAiScanner, counts_arguments_that_are_an_object_and_leaves_them) {
  const std::string bytes =
      calls(R"({"index":0,"id":"A","function":{"name":"f","arguments":{"a":1}}})") +
      chunk("{}", R"("stop")");
  const testing::Streamed got = testing::stream({&openai_chat(), &openai_chat()}, {}, bytes);
  EXPECT_EQ(got.bytes, bytes);
  EXPECT_EQ(got.facts.delivered.ascii, 7);
}

TEST(Stream, keeps_what_a_broken_chat_answer_has_cost) {
  const std::string usage = R"("usage":{"prompt_tokens":7,"completion_tokens":3})";
  const std::string said = chunk(R"({"content":"a"})");
  const std::string told = fmt::format("data: {{\"choices\":[],{}}}\n\n", usage);
  for (const Dialect* client : all_dialects())
    for (const std::string& bytes :
         {told + "data: {\n\n", told + "data: {\"error\":{\"message\":\"x\"}}\n\n",
          said + fmt::format("data: {{\"error\":{{\"message\":\"x\"}},{}}}\n\n", usage),
          said + fmt::format("data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},"
                             "\"finish_reason\":\"error\"}}],{}}}\n\n",
                             usage)}) {
      const testing::Streamed got = testing::stream({client, &openai_chat()}, {}, bytes);
      EXPECT_TRUE(got.fault) << client->name() << bytes;
      EXPECT_EQ(got.facts.usage, (chat::Usage{.input = 7, .output = 3})) << client->name() << bytes;
    }
}

TEST(OpenAiScanner, agrees_with_the_reader_on_every_sample) {
  for (const std::string& name : testing::files_in(std::string(kFolder))) {
    if (name.starts_with("engine_completion")) continue;  // another call: it has no deltas
    const std::string bytes = testing::file(std::string(kFolder) + name);
    std::optional<Fault> fault;
    const auto events = testing::read_events(openai_chat(), bytes, &fault);
    const testing::Streamed same = testing::stream({&openai_chat(), &openai_chat()}, {}, bytes);
    if (name == "mixed_arguments.sse") continue;  // the bytes pass; only a crossing cannot
    EXPECT_EQ(fault.has_value(), same.fault.has_value()) << name;
    const chat::Response told = testing::collect(events);
    EXPECT_EQ(told.usage.value_or(chat::Usage{}), same.facts.usage) << name;
    if (!fault) EXPECT_EQ(told.choices.at(0).stop, same.facts.stop) << name;
  }
}

}  // namespace
}  // namespace naru::dialect
