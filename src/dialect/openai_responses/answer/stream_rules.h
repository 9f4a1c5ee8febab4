#pragma once
#include <map>
#include <set>

#include "base/json.h"
#include "chat/wire/sse.h"

/// For tests: the grammar of a Responses stream, whoever sends it, a provider or naru.
/// Shares no code with the codec, so that one misreading cannot be on both sides.
namespace naru::dialect::openai_responses_client {

class StreamRules {
 public:
  /// Empty, or the rule that `event` breaks.
  std::string take(const wire::EventView& event) {
    if (ended_) return "something comes after the end";
    if (!event.has_data) return event.event.empty() ? "" : "an event has a name and no data";
    const auto tree = json::Tree::parse(event.data, json::kFromUpstream);
    if (!tree || !tree->root().is_object()) return "an event is no JSON object";
    const json::ValueView root = tree->root();
    const std::string type = text_at(root, "type");
    if (type != event.event) return "an event's name is not its type";
    if (!type.starts_with("response.")) return "a foreign event";
    if (type == "response.created" && std::exchange(begun_, true)) return "response.created twice";
    if (const auto response = root.find("response")) return take_response(type, *response);
    if (!begun_) return "something comes before response.created";
    static const std::set<std::string> kFamilies = {
        "output_item", "content_part",           "output_text",    "function_call_arguments",
        "refusal",     "reasoning_summary_part", "reasoning_text", "reasoning_summary_text"};
    const std::string family = type.substr(9, type.find('.', 9) - 9);
    if (!kFamilies.contains(family)) return {};  // of hosted tools
    if (!root.find("output_index")) return "an event of no item";
    const std::int64_t index = root.find("output_index")->integer().value_or(-1);
    if (type == "response.output_item.added") return add_item(index, root);
    if (type == "response.output_item.done") return end_item(index, root);
    const auto item = items_.find(index);
    if (item == items_.end() || item->second.done) return "an event of no open item";
    return take_part(type, root, item->second);
  }
  bool ended() const { return ended_; }

 private:
  struct Part {
    bool refusal = false;
    bool text_done = false;
    bool done = false;
  };
  struct Item {
    std::string type;
    bool done = false;
    bool arguments_done = false;
    std::map<std::pair<bool, std::int64_t>, Part> parts = {};  // by being of a summary, and index
  };

  static std::string text_at(json::ValueView object, std::string_view name) {
    const auto member = object.find(name);
    return member ? std::string(member->text()) : std::string();
  }

  static bool is_closed(json::ValueView holder, const std::set<std::string>& words,
                        std::string_view name = "status") {
    const auto member = holder.find(name);
    return !member || member->is_null() || words.contains(std::string(member->text()));
  }

  /// Empty: of a hosted tool, or newer.
  static std::string kind_of(json::ValueView item) {
    static const std::set<std::string> kKinds = {"message", "function_call", "reasoning"};
    const std::string type = text_at(item, "type");
    return kKinds.contains(type) ? type : "";
  }

  static bool is_own(json::ValueView item) {
    if (kind_of(item).empty()) return true;
    return is_closed(item, {"in_progress", "completed", "incomplete"}) &&
           (text_at(item, "type") != "message" || is_closed(item, {"assistant"}, "role"));
  }

  std::string take_response(const std::string& type, json::ValueView response) {
    if (!is_closed(response, {"queued", "in_progress", "completed", "incomplete"}))
      return "a foreign status";
    if (const auto error = response.find("error"); error && !error->is_null())
      return "an answer that is an error";
    if (const auto details = response.find("incomplete_details"); details && details->is_object())
      if (!is_closed(*details, {"max_output_tokens", "content_filter"}, "reason"))
        return "a foreign reason";
    if (type != "response.completed" && type != "response.incomplete") return {};
    if (!begun_) return "it ends before response.created";
    ended_ = true;
    const std::string status = text_at(response, "status");
    if (type == "response.incomplete" && status == "completed") return "an end of another status";
    if (type == "response.completed" && status != "incomplete")
      for (const auto& [index, item] : items_)
        if (item.type == "function_call" && !item.done) return "it ends before a call is done";
    if (const auto output = response.find("output"))
      for (const json::ValueView item : *output)
        if (!is_own(item)) return "a foreign status or role in the output";
    return {};
  }

  std::string add_item(std::int64_t index, json::ValueView root) {
    const auto item = root.find("item");
    if (!item || !is_own(*item)) return "a foreign status or role of an item";
    if (index != static_cast<std::int64_t>(items_.size())) return "items are not counted up";
    items_[index].type = kind_of(*item);
    if (items_[index].type == "function_call" && text_at(*item, "name").empty())
      return "a call nobody can answer";
    return {};
  }

  std::string end_item(std::int64_t index, json::ValueView root) {
    if (!items_.contains(index))  // one that comes whole
      if (std::string breach = add_item(index, root); !breach.empty()) return breach;
    if (std::exchange(items_[index].done, true)) return "an item is done twice";
    const auto item = root.find("item");
    if (!item || !is_own(*item)) return "a foreign status or role of an item";
    return kind_of(*item) == items_[index].type ? "" : "an item changes its type";
  }

  static std::string take_part(const std::string& type, json::ValueView root, Item& item) {
    if (item.type == "function_call") return take_call(type, item);
    if (item.type != "message" && item.type != "reasoning") return {};
    const bool summary = type.starts_with("response.reasoning_summary_");
    const auto index = root.find(summary ? "summary_index" : "content_index");
    if (!index && item.type == "reasoning") return {};  // servers leave it out
    if (!index || index->integer().value_or(-1) < 0) return "an event of no part";
    const std::pair place(summary, *index->integer());
    if (type.ends_with("_part.added")) {
      if (item.parts.contains(place)) return "a part is added twice";
      item.parts[place].refusal = text_at(*root.find("part"), "type") == "refusal";
      return {};
    }
    const bool of_message = item.type == "message";
    if (of_message && !item.parts.contains(place)) return "an event of a part nobody added";
    if (of_message == type.starts_with("response.reasoning_") &&
        !type.starts_with("response.content_part."))
      return "an event of another item";
    return more(type, item.parts[place], of_message);
  }

  static std::string take_call(const std::string& type, Item& item) {
    if (!type.starts_with("response.function_call_arguments.")) return "an event of another item";
    if (item.arguments_done) return "arguments go on that are done";
    item.arguments_done = type.ends_with(".done");
    return {};
  }

  static std::string more(const std::string& type, Part& part, bool of_message) {
    if (part.done) return "a part goes on that is done";
    if (type.ends_with("_part.done")) {
      part.done = true;
      return {};
    }
    if (type.ends_with("annotation.added")) return {};
    if (of_message && type.starts_with("response.refusal.") != part.refusal)
      return "an event of another part";
    if (part.text_done) return "a text goes on that is done";
    part.text_done = type.ends_with(".done");
    return {};
  }

  std::map<std::int64_t, Item> items_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace naru::dialect::openai_responses_client
