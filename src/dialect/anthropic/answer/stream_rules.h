#pragma once
#include <set>

#include "base/json.h"
#include "chat/wire/sse.h"

/// For tests: the grammar of a Messages stream, whoever sends it, a provider or naru.
/// Shares no code with the codec, so that one misreading cannot be on both sides.
namespace naru::dialect::anthropic_client {

inline std::string text_at(json::ValueView object, std::string_view name) {
  const auto member = object.find(name);
  return member ? std::string(member->text()) : std::string();
}

class StreamRules {
 public:
  /// Empty, or the rule that `event` breaks.
  std::string take(const wire::EventView& event) {
    if (ended_) return "something comes after message_stop";
    if (!event.has_data) return event.event.empty() ? "" : "an event has a name and no data";
    const auto tree = json::Tree::parse(event.data, json::kFromUpstream);
    if (!tree || !tree->root().is_object()) return "an event is no JSON object";
    const json::ValueView root = tree->root();
    const std::string type = text_at(root, "type");
    if (type != event.event) return "an event's name is not its type";
    if (type == "ping") return {};
    if (type == "message_start") return start(root);
    if (!started_) return "something comes before message_start";
    if (type == "content_block_start") return begin(root);
    if (type == "content_block_delta") return more(root);
    if (type == "content_block_stop") return stop(root);
    if (type == "message_delta") return tell(root);
    if (type != "message_stop") return "a foreign event";
    if (open_) return "a block stays open";
    if (!told_) return "no message_delta";
    ended_ = true;
    return {};
  }
  bool ended() const { return ended_; }

 private:
  static std::string reason_in(json::ValueView holder) {
    static const std::set<std::string> kWords = {"end_turn",
                                                 "max_tokens",
                                                 "stop_sequence",
                                                 "tool_use",
                                                 "refusal",
                                                 "pause_turn",
                                                 "model_context_window_exceeded"};
    const auto reason = holder.find("stop_reason");
    if (!reason || reason->is_null() || kWords.contains(std::string(reason->text()))) return {};
    return "a foreign stop_reason";
  }

  std::string start(json::ValueView root) {
    if (std::exchange(started_, true)) return "message_start twice";
    const auto message = root.find("message");
    if (!message || !message->is_object()) return "message_start without its message";
    const auto role = message->find("role");
    if (role && !role->is_null() && role->text() != "assistant") return "a foreign role";
    return reason_in(*message);
  }

  std::string begin(json::ValueView root) {
    if (stopped_) return "a block begins behind the reason to stop";
    if (open_) return "a block begins within another";
    if (root.find("index")->integer() != blocks_) return "blocks are not counted up";
    const auto block = root.find("content_block");
    if (!block || text_at(*block, "type").empty()) return "a block without a type";
    ++blocks_;
    open_ = text_at(*block, "type");
    const bool nameless = text_at(*block, "id").empty() || text_at(*block, "name").empty();
    return open_ == "tool_use" && nameless ? "a call nobody can answer" : "";
  }

  bool is_open(json::ValueView root) const {
    return open_ && root.find("index")->integer() == blocks_ - 1;
  }

  std::string more(json::ValueView root) const {
    static const std::set<std::string> kFits = {
        "text text_delta",           "text citations_delta",
        "tool_use input_json_delta", "server_tool_use input_json_delta",
        "thinking thinking_delta",   "thinking signature_delta"};
    if (!is_open(root)) return "a delta of no open block";
    const auto delta = root.find("delta");
    if (!delta) return "a delta without its words";
    static const std::set<std::string> kTypes = {"text", "tool_use", "server_tool_use", "thinking",
                                                 "redacted_thinking"};
    if (!kTypes.contains(*open_)) return {};
    return kFits.contains(*open_ + " " + text_at(*delta, "type")) ? "" : "a delta of another block";
  }

  std::string stop(json::ValueView root) {
    if (!is_open(root)) return "a block stops that is not open";
    open_.reset();
    return {};
  }

  /// May come more than once.
  std::string tell(json::ValueView root) {
    const auto delta = root.find("delta");
    if (!delta) return "message_delta without its delta";
    told_ = true;
    stopped_ = stopped_ || !text_at(*delta, "stop_reason").empty();
    if (stopped_ && open_) return "a reason to stop within a block";
    return reason_in(*delta);
  }

  std::int64_t blocks_ = 0;
  std::optional<std::string> open_;  // type of the open block
  bool started_ = false;
  bool told_ = false;
  bool stopped_ = false;
  bool ended_ = false;
};

}  // namespace naru::dialect::anthropic_client
