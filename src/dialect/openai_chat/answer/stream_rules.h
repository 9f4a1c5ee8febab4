#pragma once
#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"
#include "chat/wire/sse.h"

/// For tests: the grammar of a Chat Completions stream, whoever sends it, a provider or naru.
/// Shares no code with the codec, so that one misreading cannot be on both sides.
namespace naru::dialect::openai_chat_client {

inline std::string text_at(json::ValueView object, std::string_view name) {
  const auto member = object.find(name);
  return member ? std::string(member->text()) : std::string();
}

class StreamRules {
 public:
  /// Empty, or the rule that `event` breaks.
  std::string take(const wire::EventView& event) {
    if (ended_) return "something comes after [DONE]";
    if (!event.has_data) return event.event.empty() ? "" : "an event has a name and no data";
    if (event.data == "[DONE]") return end();
    const auto tree = json::Tree::parse(event.data, json::kFromUpstream);
    if (!tree || !tree->root().is_object()) return "a chunk is no JSON object";
    const auto choices = tree->root().find("choices");
    if (!choices || !choices->is_array()) return "a chunk without choices";
    for (const json::ValueView choice : *choices)
      if (std::string breach = take_choice(choice); !breach.empty()) return breach;
    return {};
  }
  bool ended() const { return ended_; }

 private:
  struct Call {
    bool named = false;
    bool known = false;  // it has an id
  };
  struct Choice {
    bool finished = false;
    std::vector<Call> calls = {};
    bool names_all() const {
      return std::ranges::all_of(calls, [](const Call& call) { return call.named || !call.known; });
    }
  };

  std::string take_choice(json::ValueView choice) {
    static const std::set<std::string> kReasons = {"stop", "length", "tool_calls", "content_filter",
                                                   "function_call"};
    const auto index = choice.find("index");
    if (!index || index->integer().value_or(-1) < 0) return "a choice without an index";
    Choice& seen = choices_[*index->integer()];
    if (const auto delta = choice.find("delta"))
      if (std::string breach = take_delta(*delta, seen); !breach.empty()) return breach;
    const auto reason = choice.find("finish_reason");
    if (!reason || reason->is_null()) return {};
    seen.finished = true;
    if (!seen.names_all()) return "a call without a name";
    return kReasons.contains(std::string(reason->text())) ? "" : "a foreign finish_reason";
  }

  static std::string take_delta(json::ValueView delta, Choice& seen) {
    const std::string role = text_at(delta, "role");
    if (!role.empty() && role != "assistant") return "a foreign role";
    const auto calls = delta.find("tool_calls");
    bool says = calls && calls->size() > 0;
    for (const char* name : {"content", "refusal", "reasoning_content", "reasoning"})
      says = says || !text_at(delta, name).empty();
    if (seen.finished && says) return "a choice goes on behind its finish_reason";
    if (calls)
      for (const json::ValueView call : *calls)
        if (std::string breach = take_call(call, seen); !breach.empty()) return breach;
    return {};
  }

  static std::string take_call(json::ValueView call, Choice& seen) {
    const auto index = call.find("index");
    const std::int64_t at = index ? index->integer().value_or(-1) : -1;
    if (at < 0 || std::cmp_greater(at, seen.calls.size())) return "calls are not counted up";
    if (std::cmp_equal(at, seen.calls.size())) seen.calls.emplace_back();
    const auto function = call.find("function");
    Call& place = seen.calls[static_cast<std::size_t>(at)];
    place.known = place.known || !text_at(call, "id").empty();
    place.named =
        place.named || call.find("custom") || (function && !text_at(*function, "name").empty());
    return place.named || !function || text_at(*function, "arguments").empty()
               ? ""
               : "arguments of a call without a name";
  }

  /// A choice may end by the marker alone: some servers tell no reason.
  std::string end() {
    ended_ = true;
    if (choices_.empty()) return "[DONE] without a choice";
    for (const auto& [index, choice] : choices_)
      if (!choice.names_all()) return "a call without a name";
    const bool gap = choices_.rbegin()->first + 1 != static_cast<std::int64_t>(choices_.size());
    return gap ? "choices are not counted up" : "";
  }

  std::map<std::int64_t, Choice> choices_;
  bool ended_ = false;
};

}  // namespace naru::dialect::openai_chat_client
