#pragma once
#include <gtest/gtest.h>

#include "base/json_writer.h"
#include "dialect/anthropic/answer/stream_rules.h"
#include "dialect/anthropic/anthropic.h"

/// For tests: reads a stream of this dialect as the official SDKs do, and holds it to its grammar
/// (`stream_rules.h`) and to what naru's writer promises beyond. Shares no code with the codec, so
/// that one misreading cannot be on both sides.
namespace naru::dialect::anthropic_wire {

/// A message as a client holds it at the end, whichever way it came.
struct ClientMessage {
  std::string id, model, stop_reason, stop_sequence;
  /// `text:hello`, with each source behind it; `tool_use:id:name:{…}`
  std::vector<std::string> blocks = {};
  std::vector<std::int64_t> usage = {};  ///< input, cache write, cache read, output
  bool operator==(const ClientMessage&) const = default;
};

using anthropic_client::text_at;

inline std::vector<std::int64_t> counts_of(json::ValueView usage) {
  std::vector<std::int64_t> counts;
  for (const char* name : {"input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens",
                           "output_tokens"}) {
    const auto member = usage.find(name);
    counts.push_back(member ? member->integer().value_or(-1) : -1);
  }
  return counts;
}

/// A source, held to what clients demand of one of the web.
inline std::string citation_text(json::ValueView citation) {
  EXPECT_TRUE(citation.is_object() && citation.find("type")) << citation.raw();
  if (text_at(citation, "type") == "web_search_result_location")
    for (const char* name : {"url", "title", "cited_text", "encrypted_index"})
      EXPECT_TRUE(citation.find(name)) << name;
  return std::string(citation.raw());
}

/// One block as text, in the form `ClientMessage` compares.
inline std::string block_text(json::ValueView block) {
  const std::string type = text_at(block, "type");
  if (type == "text") {
    std::string text = "text:" + text_at(block, "text");
    if (const auto citations = block.find("citations"))
      for (const json::ValueView citation : *citations) text += ":" + citation_text(citation);
    return text;
  }
  if (type == "redacted_thinking") return "redacted_thinking:" + text_at(block, "data");
  if (type == "thinking")
    return "thinking:" + text_at(block, "thinking") + ":" + text_at(block, "signature");
  return fmt::format("{}:{}:{}:{}", type, text_at(block, "id"), text_at(block, "name"),
                     block.find("input")->raw());
}

inline ClientMessage read_plain(std::string_view body) {
  const auto tree = json::Tree::parse(body);
  EXPECT_TRUE(tree) << body;
  const json::ValueView root = tree->root();
  EXPECT_EQ(text_at(root, "type"), "message");
  EXPECT_EQ(text_at(root, "role"), "assistant");
  ClientMessage message{text_at(root, "id"), text_at(root, "model"), text_at(root, "stop_reason"),
                        text_at(root, "stop_sequence")};
  const json::ValueView content = *root.find("content");
  for (const json::ValueView block : content) message.blocks.push_back(block_text(block));
  message.usage = counts_of(*root.find("usage"));
  return message;
}

/// Follows a stream; each breach is a failure of the running test.
class StreamChecker {
 public:
  /// Takes whole frames. Gives the message once `message_stop` has come.
  void feed(std::string_view bytes) {
    EXPECT_TRUE(splitter_.feed(bytes));
    while (const auto event = splitter_.next()) take(*event);
  }
  bool ended() const { return rules_.ended(); }
  const ClientMessage& message() const { return message_; }

 private:
  struct Block {
    std::string type, id, name, text, signature;
    std::string sources = {};
  };

  void take(const wire::EventView& event) {
    ASSERT_EQ(rules_.take(event), "") << event.raw;
    const auto tree = json::Tree::parse(event.data);
    ASSERT_TRUE(tree) << event.raw;
    const json::ValueView root = tree->root();
    if (event.event == "ping") return;
    if (event.event == "message_start") return start(*root.find("message"));
    if (event.event == "content_block_start") return begin(root);
    if (event.event == "content_block_delta") return more(root);
    if (event.event == "content_block_stop") return;
    if (event.event == "message_delta") return tell(root);
    for (const Block& block : blocks_) message_.blocks.push_back(as_text(block));
  }

  void start(json::ValueView message) {
    for (const char* name : {"id", "type", "role", "model", "content", "usage"})
      EXPECT_TRUE(message.find(name)) << name;
    for (const char* name : {"stop_reason", "stop_sequence"})
      EXPECT_TRUE(message.find(name) && message.find(name)->is_null()) << name;
    EXPECT_EQ(message.find("content")->size(), 0U);
    for (const std::int64_t count : counts_of(*message.find("usage"))) EXPECT_GE(count, 0);
    message_.id = text_at(message, "id");
    message_.model = text_at(message, "model");
  }

  void begin(json::ValueView root) {
    EXPECT_FALSE(told_);
    const json::ValueView block = *root.find("content_block");
    const std::string type = text_at(block, "type");
    blocks_.push_back({type,
                       text_at(block, "id"),
                       text_at(block, "name"),
                       text_at(block, "text") + text_at(block, "thinking") + text_at(block, "data"),
                       {}});
    if (type == "tool_use") EXPECT_EQ(block.find("input")->raw(), "{}");
    if (type == "redacted_thinking") EXPECT_FALSE(blocks_.back().text.empty()) << block.raw();
  }

  void more(json::ValueView root) {
    Block* block = &blocks_.back();
    const json::ValueView delta = *root.find("delta");
    const std::string type = text_at(delta, "type");
    EXPECT_NE(block->type, "redacted_thinking") << "comes whole, in its start";
    EXPECT_TRUE(block->signature.empty()) << "goes on after its signature";
    if (type == "signature_delta") {
      block->signature = text_at(delta, "signature");
      EXPECT_FALSE(block->signature.empty());
    } else if (type == "citations_delta") {
      block->sources += ":" + citation_text(*delta.find("citation"));
    } else {
      block->text +=
          text_at(delta, "text") + text_at(delta, "thinking") + text_at(delta, "partial_json");
    }
  }

  static std::string as_text(const Block& block) {
    if (block.type == "text") return "text:" + block.text + block.sources;
    if (block.type == "redacted_thinking") return "redacted_thinking:" + block.text;
    if (block.type == "thinking") return "thinking:" + block.text + ":" + block.signature;
    return fmt::format("{}:{}:{}:{}", block.type, block.id, block.name,
                       block.text.empty() ? "{}" : block.text);
  }

  void tell(json::ValueView root) {
    EXPECT_FALSE(told_) << "message_delta twice";
    told_ = true;
    const json::ValueView delta = *root.find("delta");
    message_.stop_reason = text_at(delta, "stop_reason");
    message_.stop_sequence = text_at(delta, "stop_sequence");
    message_.usage = counts_of(*root.find("usage"));
  }

  wire::Splitter splitter_{1 << 20};
  std::vector<Block> blocks_;
  ClientMessage message_;
  anthropic_client::StreamRules rules_;
  bool told_ = false;
};

}  // namespace naru::dialect::anthropic_wire
