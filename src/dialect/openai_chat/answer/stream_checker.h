#pragma once
#include <gtest/gtest.h>

#include "dialect/openai_chat/answer/stream_rules.h"

/// For tests: reads a stream of this dialect as the official SDKs do, and holds it to its grammar
/// (`stream_rules.h`) and to what naru's writer promises beyond. Shares no code with the codec, so
/// that one misreading cannot be on both sides.
namespace naru::dialect::openai_chat_client {

/// One choice as a client holds it at the end, whichever way it came.
struct ClientChoice {
  std::string content, refusal, reasoning, finish_reason;
  std::vector<std::string> calls = {};        ///< `id:name:{…}`
  std::vector<std::string> annotations = {};  ///< their JSON
  std::vector<std::string> details = {};      ///< of the reasoning, their JSON
  std::vector<std::string> logprobs = {};     ///< of the content's tokens, then the refusal's
  bool operator==(const ClientChoice&) const = default;
};

struct ClientMessage {
  std::string id, model, service_tier;
  std::int64_t created = 0;
  std::vector<ClientChoice> choices = {};
  std::string usage = {};  ///< its JSON, if there is any
  bool operator==(const ClientMessage&) const = default;
};

inline void append_raws(json::ValueView object, std::string_view name,
                        std::vector<std::string>& raws) {
  const auto list = object.find(name);
  if (list)
    for (const json::ValueView one : *list) raws.emplace_back(one.raw());
}

/// Tokens' log probabilities of a choice or of a chunk of one.
inline void append_logprobs(json::ValueView choice, std::vector<std::string>& raws) {
  const auto logprobs = choice.find("logprobs");
  ASSERT_TRUE(logprobs) << choice.raw();
  if (logprobs->is_null()) return;
  EXPECT_EQ(logprobs->size(), 2U) << "content and refusal: " << choice.raw();
  for (const char* name : {"content", "refusal"}) append_raws(*logprobs, name, raws);
}

inline void expect_finish_reason(const std::string& word) {
  static const std::set<std::string> kWords = {"stop", "length", "tool_calls", "content_filter",
                                               "function_call"};
  EXPECT_TRUE(kWords.contains(word)) << word;
}

inline ClientChoice read_plain_choice(json::ValueView choice) {
  const json::ValueView message = *choice.find("message");
  EXPECT_EQ(text_at(message, "role"), "assistant");
  for (const char* name : {"content", "refusal"}) EXPECT_TRUE(message.find(name)) << name;
  ClientChoice read{text_at(message, "content"), text_at(message, "refusal"),
                    text_at(message, "reasoning_content"), text_at(choice, "finish_reason")};
  expect_finish_reason(read.finish_reason);
  append_raws(message, "annotations", read.annotations);
  append_raws(message, "reasoning_details", read.details);
  append_logprobs(choice, read.logprobs);
  if (const auto calls = message.find("tool_calls"))
    for (const json::ValueView call : *calls) {
      EXPECT_EQ(text_at(call, "type"), "function");
      const json::ValueView function = *call.find("function");
      read.calls.push_back(fmt::format("{}:{}:{}", text_at(call, "id"), text_at(function, "name"),
                                       text_at(function, "arguments")));
    }
  return read;
}

inline ClientMessage read_plain(std::string_view body) {
  const auto tree = json::Tree::parse(body);
  EXPECT_TRUE(tree) << body;
  const json::ValueView root = tree->root();
  EXPECT_EQ(text_at(root, "object"), "chat.completion");
  ClientMessage message{text_at(root, "id"), text_at(root, "model"), text_at(root, "service_tier"),
                        root.find("created")->integer().value_or(-1)};
  const json::ValueView choices = *root.find("choices");
  for (const json::ValueView choice : choices) {
    EXPECT_EQ(choice.find("index")->integer(), static_cast<std::int64_t>(message.choices.size()));
    message.choices.push_back(read_plain_choice(choice));
  }
  if (const auto usage = root.find("usage")) message.usage = usage->raw();
  return message;
}

/// Follows a stream; each breach is a failure of the running test.
class StreamChecker {
 public:
  /// Takes whole frames.
  void feed(std::string_view bytes) {
    EXPECT_TRUE(splitter_.feed(bytes));
    while (const auto event = splitter_.next())
      if (event->has_data) take(*event);
  }
  bool ended() const { return rules_.ended(); }
  const ClientMessage& message() const { return message_; }

 private:
  struct Call {
    std::string id, name, arguments;
  };
  struct Seen {
    std::int64_t index = 0;
    bool finished = false;
    std::vector<Call> calls = {};
    ClientChoice choice = {};
  };

  void take(const wire::EventView& event) {
    ASSERT_EQ(rules_.take(event), "") << event.raw;
    EXPECT_EQ(event.event, "") << event.raw;
    if (event.data == "[DONE]") return end();
    const auto tree = json::Tree::parse(event.data);
    ASSERT_TRUE(tree) << event.raw;
    EXPECT_EQ(message_.usage, "") << "after the usage: " << event.raw;
    take_head(tree->root());
    const json::ValueView choices = *tree->root().find("choices");
    const auto usage = tree->root().find("usage");
    const bool counts = usage && !usage->is_null();
    EXPECT_EQ(choices.size() == 0, counts) << "usage has a chunk of its own: " << event.raw;
    if (counts) message_.usage = usage->raw();
    for (const json::ValueView choice : choices) take_choice(choice);
  }

  /// The same in every chunk.
  void take_head(json::ValueView root) {
    EXPECT_EQ(text_at(root, "object"), "chat.completion.chunk");
    const ClientMessage head{text_at(root, "id"), text_at(root, "model"),
                             text_at(root, "service_tier"),
                             root.find("created")->integer().value_or(-1)};
    if (!std::exchange(started_, true)) message_ = head;
    EXPECT_EQ(head.id, message_.id);
    EXPECT_EQ(head.model, message_.model);
    EXPECT_EQ(head.service_tier, message_.service_tier);
    EXPECT_EQ(head.created, message_.created);
  }

  void take_choice(json::ValueView value) {
    const json::ValueView delta = *value.find("delta");
    const bool first = find(value) == nullptr;
    EXPECT_EQ(text_at(delta, "role"), first ? "assistant" : "")
        << "one role, first: " << value.raw();
    if (first) seen_.push_back({.index = value.find("index")->integer().value_or(-1)});
    Seen& seen = *find(value);
    EXPECT_FALSE(seen.finished) << "after its finish_reason: " << value.raw();
    take_delta(delta, seen);
    append_logprobs(value, seen.choice.logprobs);
    seen.choice.finish_reason = text_at(value, "finish_reason");
    seen.finished = !value.find("finish_reason")->is_null();
    if (seen.finished) {
      expect_finish_reason(seen.choice.finish_reason);
      EXPECT_EQ(delta.size(), 0U) << value.raw();
    }
  }

  Seen* find(json::ValueView value) {
    const auto at =
        std::ranges::find(seen_, value.find("index")->integer().value_or(-1), &Seen::index);
    return at == seen_.end() ? nullptr : &*at;
  }

  static void take_delta(json::ValueView delta, Seen& seen) {
    static const std::set<std::string_view> kMembers = {
        "role",        "content",   "refusal", "reasoning_content", "reasoning_details",
        "annotations", "tool_calls"};
    for (const json::ValueView member : delta)
      EXPECT_TRUE(kMembers.contains(member.key())) << delta.raw();
    seen.choice.content += text_at(delta, "content");
    seen.choice.refusal += text_at(delta, "refusal");
    seen.choice.reasoning += text_at(delta, "reasoning_content");
    append_raws(delta, "annotations", seen.choice.annotations);
    append_raws(delta, "reasoning_details", seen.choice.details);
    if (const auto calls = delta.find("tool_calls"))
      for (const json::ValueView call : *calls) take_call(call, seen);
  }

  /// Begins once, with its id and name; then only arguments.
  static void take_call(json::ValueView call, Seen& seen) {
    const auto index = static_cast<std::size_t>(call.find("index")->integer().value_or(-1));
    const json::ValueView function = *call.find("function");
    if (index == seen.calls.size()) {
      EXPECT_EQ(text_at(call, "type"), "function");
      EXPECT_NE(text_at(call, "id"), "");
      EXPECT_NE(text_at(function, "name"), "");
      seen.calls.push_back({text_at(call, "id"), text_at(function, "name"), {}});
    } else {
      EXPECT_EQ(index + 1, seen.calls.size()) << "not the call that is open: " << call.raw();
      EXPECT_EQ(call.size(), 2U) << call.raw();
      EXPECT_EQ(function.size(), 1U) << call.raw();
    }
    EXPECT_TRUE(function.find("arguments")) << call.raw();
    seen.calls.back().arguments += text_at(function, "arguments");
  }

  void end() {
    std::ranges::sort(seen_, {}, &Seen::index);
    for (Seen& seen : seen_) {
      EXPECT_TRUE(seen.finished) << "choice " << seen.index << " never ends";
      for (const Call& call : seen.calls) {
        EXPECT_NE(call.arguments, "");
        seen.choice.calls.push_back(fmt::format("{}:{}:{}", call.id, call.name, call.arguments));
      }
      message_.choices.push_back(std::move(seen.choice));
    }
  }

  wire::Splitter splitter_{1 << 20};
  std::vector<Seen> seen_;
  ClientMessage message_;
  StreamRules rules_;
  bool started_ = false;
};

/// The message of a whole stream.
inline ClientMessage read_stream(std::string_view bytes) {
  StreamChecker checker;
  checker.feed(bytes);
  EXPECT_TRUE(checker.ended()) << bytes;
  return checker.message();
}

}  // namespace naru::dialect::openai_chat_client
