#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dialect/anthropic/stream_checker.h"

namespace naru::dialect {
namespace {

using anthropic_wire::ClientMessage;
using anthropic_wire::StreamChecker;
using chat::Event;
using Events = std::vector<Event>;

constexpr std::uint64_t kRuns = 400;

std::string write(const Events& events) {
  const auto writer = anthropic().make_writer({.public_model = "public", .answer_id = "msg_1"});
  std::string out;
  for (const Event& event : events) writer->write(event, out);
  return out;
}

ClientMessage seen_by_client(const Events& events) {
  StreamChecker client;
  client.feed(write(events));
  EXPECT_TRUE(client.ended());
  return client.message();
}

chat::PartStarted begin(std::uint32_t part, chat::Part head) {
  return {.part = part, .head = std::move(head)};
}
chat::PartDelta more(std::uint32_t part, std::string text) {
  return {.part = part, .text = std::move(text)};
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
  EXPECT_THAT(write({kUsage, kStarted}), testing::HasSubstr(R"("usage":{"input_tokens":5)"));
}

TEST(AnthropicWriter, holds_the_end_back_until_all_usage_has_come) {
  const Events before = {kStarted, finished(chat::StopReason::EndTurn), kUsage,
                         chat::UsageSeen{{.input = 5, .cache_read = 2, .output = 8}}};
  EXPECT_THAT(write(before), testing::Not(testing::HasSubstr("message_delta")));
  Events all = before;
  all.emplace_back(chat::Ended{});
  EXPECT_EQ(seen_by_client(all).usage, (std::vector<std::int64_t>{5, 0, 2, 8}));
}

TEST(AnthropicWriter, writes_tool_calls_and_reasoning) {
  const ClientMessage message =
      seen_by_client({kStarted, begin(0, chat::Thinking{}), more(0, "hm"),
                      chat::ThinkingSigned{.part = 0, .signature = "c2ln"}, end(0),
                      begin(1, chat::ToolCall{"t1", "f", ""}), more(1, "{\"a\":"), more(1, "1}"),
                      end(1), begin(2, chat::ToolCall{"t2", "g", ""}), end(2),
                      finished(chat::StopReason::ToolUse), chat::Ended{}});
  EXPECT_EQ(message.blocks, (std::vector<std::string>{"thinking:hm:c2ln", "tool_use:t1:f:{\"a\":1}",
                                                      "tool_use:t2:g:{}"}));
  EXPECT_EQ(message.stop_reason, "tool_use");
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
            (std::vector<std::string>{"text:ac", "text:b"}));
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

/// A made-up answer; the same seed makes the same.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : rng_(seed) {}

  chat::Response response() {
    chat::Response response{.id = "msg_1", .model = "public", .choices = {}};
    chat::Choice& choice = response.choices.emplace_back();
    for (std::uint64_t i = rng_.below(6); i > 0; --i) choice.parts.push_back(part());
    choice.stop = static_cast<chat::StopReason>(rng_.below(6));
    if (choice.stop == chat::StopReason::StopSequence) choice.stop_sequence = text();
    response.usage = chat::Usage{.input = count(),
                                 .cache_read = count(),
                                 .cache_write_5m = count(),
                                 .cache_write_1h = count(),
                                 .output = count()};
    return response;
  }

  /// The events of `response`, its texts in pieces cut at any byte but within no character.
  Events events(const chat::Response& response) {
    Events events{kStarted};
    std::uint32_t number = 0;
    for (const chat::Part& part : response.choices.front().parts) add_part(part, number++, events);
    const chat::Choice& choice = response.choices.front();
    events.emplace_back(finished(choice.stop, choice.stop_sequence));
    const bool early = rng_.below(2) == 0;
    events.insert(early ? events.begin() + 1 : events.end(), chat::UsageSeen{*response.usage});
    events.emplace_back(chat::Ended{});
    return events;
  }

  /// `bytes` in chunks of any size.
  std::vector<std::string> chunks(std::string_view bytes) {
    std::vector<std::string> chunks;
    while (!bytes.empty()) {
      const std::size_t size = std::min<std::size_t>(bytes.size(), 1 + rng_.below(40));
      chunks.emplace_back(bytes.substr(0, size));
      bytes.remove_prefix(size);
    }
    return chunks;
  }

 private:
  std::int64_t count() { return static_cast<std::int64_t>(rng_.below(100'000)); }

  std::string text() {
    static constexpr std::string_view kPieces[] = {"a",  " ",  "\"", "\\", "\n",
                                                   "안", "녕", "🙂", "{"};
    std::string text;
    for (std::uint64_t i = rng_.below(8); i > 0; --i) text += kPieces[rng_.below(9)];
    return text;
  }

  chat::Part part() {
    if (rng_.below(3) == 0) return chat::Text{text()};
    if (rng_.below(2) == 0) return chat::Thinking{text() + "x", rng_.below(2) == 0 ? "c2ln" : ""};
    std::string arguments;
    if (rng_.below(4) != 0) {
      json::Writer out(arguments);
      out.object().field("q", text()).field("n", count()).end_object();
    }
    return chat::ToolCall{"t" + std::to_string(rng_.below(9)), "f", arguments};
  }

  void add_part(const chat::Part& part, std::uint32_t number, Events& events) {
    if (const auto* call = std::get_if<chat::ToolCall>(&part)) {
      events.emplace_back(begin(number, chat::ToolCall{call->id, call->name, ""}));
      add_pieces(call->arguments, number, events);
    } else if (const auto* thinking = std::get_if<chat::Thinking>(&part)) {
      events.emplace_back(begin(number, chat::Thinking{}));
      add_pieces(thinking->text, number, events);
      if (!thinking->signature.empty())
        events.emplace_back(chat::ThinkingSigned{.part = number, .signature = thinking->signature});
    } else {
      events.emplace_back(begin(number, chat::Text{}));
      add_pieces(std::get<chat::Text>(part).text, number, events);
    }
    events.emplace_back(end(number));
  }

  void add_pieces(std::string_view text, std::uint32_t number, Events& events) {
    while (!text.empty()) {
      std::size_t size = std::min<std::size_t>(text.size(), 1 + rng_.below(4));
      while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
      events.emplace_back(more(number, std::string(text.substr(0, size))));
      text.remove_prefix(size);
    }
  }

  Rng rng_;
};

TEST(AnthropicWriter, says_the_same_streamed_and_plain) {
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    Maker maker(seed);
    const chat::Response response = maker.response();
    EXPECT_EQ(seen_by_client(maker.events(response)),
              anthropic_wire::read_plain(anthropic().write_answer(response)));
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

/// What `read` gives of a stream, put together again as a plain answer.
Result<chat::Response> put_together(const Events& events) {
  chat::Response response;
  chat::Choice& choice = response.choices.emplace_back();
  const auto more_of = [&](const chat::PartDelta& delta) {
    chat::Part& part = choice.parts.at(delta.part);
    if (auto* call = std::get_if<chat::ToolCall>(&part)) call->arguments += delta.text;
    if (auto* text = std::get_if<chat::Text>(&part)) text->text += delta.text;
    if (auto* thinking = std::get_if<chat::Thinking>(&part)) thinking->text += delta.text;
  };
  for (const Event& event : events) {
    if (const auto* one = std::get_if<chat::Started>(&event)) {
      response.id = one->id;
      response.model = one->model;
    }
    if (const auto* one = std::get_if<chat::PartStarted>(&event)) choice.parts.push_back(one->head);
    if (const auto* one = std::get_if<chat::PartDelta>(&event)) more_of(*one);
    if (const auto* one = std::get_if<chat::ThinkingSigned>(&event))
      std::get<chat::Thinking>(choice.parts.at(one->part)).signature = one->signature;
    if (const auto* one = std::get_if<chat::Finished>(&event)) {
      choice.stop = one->stop;
      choice.stop_sequence = one->stop_sequence;
    }
    if (const auto* one = std::get_if<chat::UsageSeen>(&event)) response.usage = one->usage;
  }
  return response;
}

TEST(AnthropicReader, reads_the_same_streamed_and_plain) {
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    Maker maker(seed);
    const chat::Response made = maker.response();
    const auto plain_tree_text = anthropic().write_answer(made);
    const auto plain_tree = json::Tree::parse(plain_tree_text);
    const auto plain = anthropic().read_answer(*plain_tree);
    ASSERT_TRUE(plain) << "seed " << seed;
    const auto reader = anthropic().make_reader();
    wire::Splitter splitter(1 << 20);
    Events events;
    for (const std::string& chunk : maker.chunks(write(maker.events(made)))) {
      ASSERT_TRUE(splitter.feed(chunk));
      while (const auto event = splitter.next()) ASSERT_TRUE(reader->read(*event, events));
    }
    EXPECT_EQ(*put_together(events), *plain) << "seed " << seed;
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace naru::dialect
