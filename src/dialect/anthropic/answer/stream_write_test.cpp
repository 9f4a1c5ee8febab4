#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/anthropic/answer/stream_checker.h"
#include "dialect/testing_events.h"

namespace naru::dialect {
namespace {

using anthropic_wire::ClientMessage;
using anthropic_wire::StreamChecker;
using chat::Event;
using chat::Seal;
using Events = std::vector<Event>;
using Strings = std::vector<std::string>;

constexpr std::uint64_t kRuns = 400;

const WriterOptions kOptions{.public_model = "public", .answer_id = "msg_1"};

struct Written {
  std::string bytes;
  std::vector<std::string> lost = {};  // fields
};

Written write_all(const Events& events, const WriterOptions& options = kOptions) {
  const auto writer = anthropic().make_writer(options);
  std::vector<chat::Loss> losses;
  Written written;
  for (const Event& event : events) writer->write(event, written.bytes, losses);
  for (const chat::Loss& loss : losses) written.lost.push_back(loss.field);
  return written;
}

std::string write(const Events& events) { return write_all(events).bytes; }

ClientMessage seen_by_client(const Events& events, const WriterOptions& options = kOptions) {
  StreamChecker client;
  client.feed(write_all(events, options).bytes);
  EXPECT_TRUE(client.ended());
  return client.message();
}

chat::PartStarted begin(std::uint32_t part, chat::Part head) {
  return {.part = part, .head = std::move(head)};
}
chat::PartDelta more(std::uint32_t part, std::string text) {
  return {.part = part, .text = std::move(text)};
}
chat::ThinkingSealed sealed(std::uint32_t part, std::string seal, Seal kind = Seal::Signature) {
  return {.part = part, .sealed = std::move(seal), .seal = kind};
}
chat::Cited cited(std::uint32_t part, chat::Citation citation) {
  return {.part = part, .citation = std::move(citation)};
}
chat::PartEnded end(std::uint32_t part) { return {.part = part}; }
chat::Finished finished(chat::StopReason stop, std::string sequence = {}) {
  return {.stop = stop, .stop_sequence = std::move(sequence)};
}
const chat::Started kStarted{.id = "up", .model = "upstream"};
const chat::UsageSeen kUsage{{.input = 5, .cache_read = 2, .output = 3}};

TEST(AnthropicWriter, writes_a_text_as_the_provider_does) {
  EXPECT_EQ(write({kStarted, begin(0, chat::Text{}), more(0, "안녕"), end(0),
                   finished(chat::StopReason::EndTurn), kUsage, chat::Ended{}}),
            R"(event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"public","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":0}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"안녕"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":5,"cache_creation_input_tokens":0,"cache_read_input_tokens":2,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":3}}

event: message_stop
data: {"type":"message_stop"}

)");
}

TEST(AnthropicWriter, begins_with_usage_that_is_known_by_then) {
  EXPECT_THAT(write({kUsage, kStarted}), ::testing::HasSubstr(R"("usage":{"input_tokens":5)"));
}

TEST(AnthropicWriter, holds_the_end_back_until_all_usage_has_come) {
  const Events before = {kStarted, finished(chat::StopReason::EndTurn), kUsage,
                         chat::UsageSeen{{.input = 5, .cache_read = 2, .output = 8}}};
  EXPECT_THAT(write(before), ::testing::Not(::testing::HasSubstr("message_delta")));
  Events all = before;
  all.emplace_back(chat::Ended{});
  EXPECT_EQ(seen_by_client(all).usage, (std::vector<std::int64_t>{5, 0, 2, 8}));
}

TEST(AnthropicWriter, writes_tool_calls_and_reasoning) {
  const ClientMessage message =
      seen_by_client({kStarted, begin(0, chat::Thinking{}), more(0, "hm"), sealed(0, "c2ln"),
                      end(0), begin(1, chat::ToolCall{"t1", "f", ""}), more(1, "{\"a\":"),
                      more(1, "1}"), end(1), begin(2, chat::ToolCall{"t2", "g", ""}), end(2),
                      finished(chat::StopReason::ToolUse), chat::Ended{}});
  EXPECT_EQ(message.blocks, (std::vector<std::string>{"thinking:hm:c2ln", "tool_use:t1:f:{\"a\":1}",
                                                      "tool_use:t2:g:{}"}));
  EXPECT_EQ(message.stop_reason, "tool_use");
}

/// A call whose arguments come in `pieces`, as a client is shown it streamed and plain, and what is
/// named as lost of it.
struct Called {
  Strings streamed, plain, lost_streamed, lost_plain;
};
Called call(const Strings& pieces) {
  Events events{kStarted, begin(0, chat::Text{"a"}), end(0),
                begin(1, chat::ToolCall{"t", "f", ""})};
  chat::Response whole{.id = "i", .model = "m", .choices = {}, .usage = kUsage.usage};
  chat::ToolCall made{"t", "f", ""};
  for (const std::string& piece : pieces) {
    events.emplace_back(more(1, piece));
    made.arguments += piece;
  }
  events.insert(events.end(), {end(1), kUsage, finished(chat::StopReason::ToolUse), chat::Ended{}});
  whole.choices.push_back({.parts = {chat::Text{"a"}, std::move(made)}});
  std::vector<chat::Loss> losses;
  const std::string body = anthropic().write_answer(whole, kOptions, losses);
  Called called{seen_by_client(events).blocks,
                anthropic_wire::read_plain(body).blocks,
                write_all(events).lost,
                {}};
  for (const chat::Loss& loss : losses) called.lost_plain.push_back(loss.field);
  return called;
}

TEST(AnthropicWriter, puts_arguments_that_are_no_object_into_one_and_names_them) {
  for (const Strings& pieces :
       {Strings{"5"}, Strings{"[1", ",\"\\n\"]"}, Strings{" \n", "say ", "\"x"}}) {
    const Called called = call(pieces);
    EXPECT_EQ(called.streamed, called.plain);
    EXPECT_THAT(called.plain.back(), ::testing::StartsWith(R"(tool_use:t:f:{"raw_arguments":")"));
    EXPECT_EQ(called.lost_streamed, Strings{"answer.content[1].arguments"});
    EXPECT_EQ(called.lost_plain, Strings{"answer.content[1].arguments"});
  }
}

TEST(AnthropicWriter, names_arguments_that_began_as_an_object_and_became_none) {
  const Called called = call({R"({"a":)", "1"});
  EXPECT_EQ(called.streamed.back(), R"(tool_use:t:f:{"a":1)");
  EXPECT_EQ(called.plain.back(), R"(tool_use:t:f:{"raw_arguments":"{\"a\":1"})");
  EXPECT_EQ(called.lost_streamed, called.lost_plain);
  EXPECT_EQ(called.lost_plain, Strings{"answer.content[1].arguments"});
}

TEST(AnthropicWriter, loses_nothing_of_an_object_or_of_no_arguments) {
  for (const Strings& pieces : {Strings{"\n", R"({"a":)", " 1} "}, Strings{}, Strings{" ", "\n"}}) {
    const Called called = call(pieces);
    EXPECT_EQ(called.lost_streamed, Strings{});
    EXPECT_EQ(called.lost_plain, Strings{});
  }
}

Strings blocks_of(Events parts, const WriterOptions& options = kOptions) {
  parts.insert(parts.begin(), kStarted);
  parts.emplace_back(chat::Ended{});
  return seen_by_client(parts, options).blocks;
}

TEST(AnthropicWriter, shows_reasoning_without_words_by_its_seal) {
  EXPECT_EQ(blocks_of({begin(0, chat::Thinking{}), sealed(0, "s"), end(0)}),
            Strings{"thinking::s"});
  EXPECT_EQ(blocks_of({begin(0, chat::Thinking{}), sealed(0, "d", Seal::Redacted), end(0)}),
            Strings{"redacted_thinking:d"});
  EXPECT_EQ(blocks_of({begin(0, chat::Thinking{}), end(0)}), Strings{});
}

TEST(AnthropicWriter, tells_the_seal_last_whenever_it_came) {
  EXPECT_EQ(blocks_of({begin(0, chat::Thinking{.text = "", .sealed = "s", .seal = Seal::Signature}),
                       more(0, "hm"), end(0)}),
            Strings{"thinking:hm:s"});
  EXPECT_EQ(blocks_of({begin(0, chat::Thinking{}), sealed(0, "s"), more(0, "hm")}),
            Strings{"thinking:hm:s"});
}

TEST(AnthropicWriter, wraps_the_seal_of_reasoning_that_crosses) {
  WriterOptions crossing = kOptions;
  crossing.upstream = "up";
  const chat::Thinking head{.text = "", .id = "rs_1"};
  EXPECT_EQ(
      blocks_of({begin(0, head), more(0, "hm"), sealed(0, "e", Seal::Encrypted), end(0)}, crossing),
      Strings{"thinking:hm:naru1:encrypted:up:rs_1:e"});
  EXPECT_EQ(blocks_of({begin(0, head), sealed(0, "e", Seal::Encrypted), end(0)}, crossing),
            Strings{"redacted_thinking:naru1:encrypted:up:rs_1:e"});
}

TEST(AnthropicWriter, shows_sources_and_names_those_it_cannot) {
  const Events events = {kStarted,
                         begin(0, chat::Text{}),
                         more(0, "a"),
                         cited(0, {"", "", "", R"({"type":"file_citation"})"}),
                         cited(0, {"https://b", "B"}),
                         end(0),
                         kUsage,
                         chat::Ended{}};
  EXPECT_EQ(write_all(events).lost, Strings{"answer.content[0].citations[0]"});
  EXPECT_EQ(
      seen_by_client(events).blocks,
      Strings{
          R"(text:a:{"type":"web_search_result_location","url":"https://b","title":"B","cited_text":"","encrypted_index":""})"});
}

TEST(AnthropicWriter, names_what_it_has_no_place_for_once) {
  chat::PartDelta likely = more(0, "a");
  likely.logprobs = "[{}]";
  chat::Started started = kStarted;
  started.service_tier = "flex";
  EXPECT_EQ(write_all({started, begin(0, chat::Text{}), likely, likely, end(0),
                       begin(1, chat::Opaque{"audio", "{}"}), end(1),
                       chat::PartStarted{.choice = 1, .part = 0, .head = chat::Text{}},
                       chat::PartDelta{.choice = 1, .part = 0, .text = "b"}, chat::Ended{}})
                .lost,
            (Strings{"answer.service_tier", "answer.content[0].logprobs", "answer.content[1]",
                     "answer.choices[1]", "answer.usage"}));
}

TEST(AnthropicWriter, tells_the_service_tier_at_the_start) {
  chat::Started started = kStarted;
  started.service_tier = "default";
  EXPECT_THAT(write({started}), ::testing::HasSubstr(R"("service_tier":"standard")"));
}

TEST(AnthropicWriter, leaves_no_empty_text_before_a_call) {
  const ClientMessage message =
      seen_by_client({kStarted, begin(0, chat::Text{}), more(0, ""), end(0),
                      begin(1, chat::ToolCall{"t", "f", ""}), end(1),
                      finished(chat::StopReason::EndTurn), chat::Ended{}});
  EXPECT_EQ(message.blocks, (std::vector<std::string>{"tool_use:t:f:{}"}));
  EXPECT_EQ(message.stop_reason, "tool_use");
}

TEST(AnthropicWriter, is_grammatical_whatever_order_the_events_have) {
  EXPECT_EQ(seen_by_client({chat::Ended{}}).stop_reason, "end_turn");
  EXPECT_TRUE(seen_by_client({kStarted, chat::Ping{}, kStarted, chat::Ended{}}).blocks.empty());
  EXPECT_EQ(seen_by_client({begin(0, chat::Text{"a"}), begin(1, chat::Text{}), more(1, "b"),
                            more(0, "c"), more(9, "lost"), begin(0, chat::Text{"again"}), end(9),
                            chat::Ended{}, chat::Ended{}, more(0, "late")})
                .blocks,
            (std::vector<std::string>{"text:a", "text:b", "text:again"}));
}

TEST(AnthropicWriter, shows_the_first_choice_alone) {
  const ClientMessage message = seen_by_client(
      {kStarted, begin(0, chat::Text{}),
       chat::PartStarted{.choice = 1, .part = 0, .head = chat::Text{}}, more(0, "a"),
       chat::PartDelta{.choice = 1, .part = 0, .text = "b"},
       chat::PartEnded{.choice = 1, .part = 0}, end(0), finished(chat::StopReason::EndTurn),
       chat::Finished{1, chat::StopReason::MaxTokens, ""}, chat::Ended{}});
  EXPECT_EQ(message.blocks, (std::vector<std::string>{"text:a"}));
  EXPECT_EQ(message.stop_reason, "end_turn");
}

/// A made-up answer, in the form in which it is read; the same seed makes the same.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : rng_(seed) {}

  chat::Response response() {
    chat::Response response{.id = "msg_1", .model = "public", .choices = {}};
    chat::Choice& choice = response.choices.emplace_back();
    for (std::uint64_t i = rng_.below(6); i > 0; --i) choice.parts.push_back(part());
    choice.stop = stop(choice.parts);
    if (choice.stop == chat::StopReason::StopSequence) choice.stop_sequence = text();
    response.usage = chat::Usage{.input = count(),
                                 .cache_read = count(),
                                 .cache_write_5m = count(),
                                 .cache_write_1h = count(),
                                 .output = count()};
    response.usage->reasoning = response.usage->output / 2;
    response.service_tier = any<const char*>({"", "default", "priority"});
    return response;
  }

  /// The events of `response`, its texts in pieces of any size cut within no character.
  Events events(const chat::Response& response) {
    Events events;
    for (Event& event : testing::events_of(response, std::string::npos)) {
      const auto* usage = std::get_if<chat::UsageSeen>(&event);
      if (const auto* delta = std::get_if<chat::PartDelta>(&event))
        add_pieces(*delta, events);
      else if (usage != nullptr && rng_.below(2) == 0)
        events.insert(events.begin() + 1, *usage);
      else
        events.push_back(std::move(event));
    }
    return events;
  }

  /// `bytes` in chunks of any size.
  Strings chunks(std::string_view bytes) {
    Strings chunks;
    while (!bytes.empty()) {
      const std::size_t size = std::min<std::size_t>(bytes.size(), 1 + rng_.below(40));
      chunks.emplace_back(bytes.substr(0, size));
      bytes.remove_prefix(size);
    }
    return chunks;
  }

 private:
  template <class T>
  T any(std::initializer_list<T> of) {
    return *(of.begin() + static_cast<std::ptrdiff_t>(rng_.below(of.size())));
  }
  std::int64_t count() { return static_cast<std::int64_t>(rng_.below(100'000)); }

  std::string text() {
    std::string text;
    for (std::uint64_t i = rng_.below(8); i > 0; --i)
      text += any<const char*>({"a", " ", "\"", "\\", "\n", "안", "녕", "🙂", "{"});
    return text + "x";
  }

  chat::StopReason stop(const std::vector<chat::Part>& parts) {
    using chat::StopReason;
    const bool calls = std::ranges::any_of(
        parts, [](const auto& part) { return std::holds_alternative<chat::ToolCall>(part); });
    return any({calls ? StopReason::ToolUse : StopReason::EndTurn, StopReason::MaxTokens,
                StopReason::StopSequence, StopReason::Refusal, StopReason::Pause});
  }

  chat::Part part() {
    if (rng_.below(3) == 0) return cited_text();
    if (rng_.below(2) == 0)
      return any<chat::Thinking>({{text()},
                                  {text(), "c2ln", Seal::Signature},
                                  {"", "c2ln", Seal::Signature},
                                  {"", "c2Vh", Seal::Redacted}});
    std::string arguments;
    json::Writer out(arguments);
    out.object().field("q", text()).field("n", count()).end_object();
    return chat::ToolCall{"t" + std::to_string(rng_.below(9)), "f", arguments};
  }

  chat::Text cited_text() {
    chat::Text said{.text = text()};
    for (std::uint64_t i = rng_.below(3); i > 0; --i) {
      chat::Citation& citation = said.citations.emplace_back();
      if (rng_.below(2) == 0) citation = {.url = "https://a", .title = text(), .quote = text()};
      json::Writer out(citation.raw);
      out.object().field("cited_text", citation.quote);
      if (citation.url.empty())
        out.field("type", "char_location").field("start_char_index", count());
      else
        out.field("type", "web_search_result_location")
            .field("title", citation.title)
            .field("encrypted_index", text())
            .field("url", citation.url);
      out.end_object();
    }
    return said;
  }

  void add_pieces(const chat::PartDelta& delta, Events& events) {
    std::string_view text = delta.text;
    while (!text.empty()) {
      std::size_t size = std::min<std::size_t>(text.size(), 1 + rng_.below(4));
      while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
      events.emplace_back(more(delta.part, std::string(text.substr(0, size))));
      text.remove_prefix(size);
    }
  }

  Rng rng_;
};

std::string write_plain(const chat::Response& response) {
  std::vector<chat::Loss> losses;
  std::string body = anthropic().write_answer(response, kOptions, losses);
  EXPECT_TRUE(losses.empty()) << losses.front().field;
  return body;
}

TEST(AnthropicWriter, says_the_same_streamed_and_plain) {
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    Maker maker(seed);
    const chat::Response response = maker.response();
    EXPECT_EQ(seen_by_client(maker.events(response)),
              anthropic_wire::read_plain(write_plain(response)));
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

TEST(AnthropicReader, reads_back_what_was_written_plain) {
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    const chat::Response made = Maker(seed).response();
    const testing::Parsed body(write_plain(made));
    EXPECT_EQ(anthropic().read_answer(body.tree()), made);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

TEST(AnthropicReader, reads_back_what_was_written_as_a_stream) {
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    Maker maker(seed);
    const chat::Response made = maker.response();
    const auto reader = anthropic().make_reader();
    wire::Splitter splitter(1 << 20);
    Events events;
    for (const std::string& chunk : maker.chunks(write(maker.events(made)))) {
      ASSERT_TRUE(splitter.feed(chunk));
      while (const auto event = splitter.next()) ASSERT_TRUE(reader->read(*event, events));
    }
    EXPECT_EQ(testing::broken_rule(events), "");
    EXPECT_EQ(testing::collect(events), made);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace naru::dialect
