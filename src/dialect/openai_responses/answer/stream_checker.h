#pragma once
#include <gtest/gtest.h>

#include <map>

#include "dialect/dialect.h"
#include "dialect/openai_responses/answer/stream_rules.h"

/// For tests: reads a stream of this dialect as the official SDKs do, and holds it to its grammar
/// (`stream_rules.h`) and to what naru's writer promises beyond. Shares no code with the codec, so
/// that one misreading cannot be on both sides.
namespace naru::dialect::openai_responses_wire {

/// A response as a client holds it at the end, whichever way it came.
struct ClientResponse {
  std::string id, model, status;
  std::vector<std::string> output = {};  ///< items, each as `spelled`
  std::string rest = {};                 ///< all the other members, as `spelled`
  bool operator==(const ClientResponse&) const = default;
};

/// JSON in one spelling: members sorted, no spaces, strings as they stand unescaped.
inline std::string spelled(json::ValueView value) {
  if (value.is_string()) return "\"" + std::string(value.text()) + "\"";
  if (!value.is_object() && !value.is_array()) return std::string(value.raw());
  std::multimap<std::string, std::string> members;
  std::string text;
  for (const json::ValueView one : value) {
    if (value.is_array()) text += spelled(one) + ",";
    if (value.is_object()) members.emplace(one.key(), spelled(one));
  }
  if (value.is_array()) return "[" + text + "]";
  for (const auto& [name, member] : members) text += name + ":" + member + ",";
  return "{" + text + "}";
}

/// Elements of the list `name`, each as `spelled`.
inline std::vector<std::string> list_at(json::ValueView object, std::string_view name) {
  const auto list = object.find(name);
  EXPECT_TRUE(list && list->is_array()) << name << " in " << object.raw();
  std::vector<std::string> elements;
  if (list)
    for (const json::ValueView one : *list) elements.push_back(spelled(one));
  return elements;
}

inline std::string text_at(json::ValueView object, std::string_view name) {
  const auto member = object.find(name);
  EXPECT_TRUE(member && member->is_string()) << name << " in " << object.raw();
  return member ? std::string(member->text()) : std::string();
}

/// What every Response object holds. Source: OpenAI API reference, the response object.
inline ClientResponse read_object(json::ValueView root) {
  for (const char* name :
       {"id", "object", "created_at", "status", "background", "error", "incomplete_details",
        "instructions", "metadata", "model", "output", "parallel_tool_calls", "temperature", "text",
        "tool_choice", "tools", "top_p", "usage"})
    EXPECT_TRUE(root.find(name)) << name << " in " << root.raw();
  EXPECT_EQ(text_at(root, "object"), "response");
  EXPECT_TRUE(text_at(root, "id").starts_with("resp_")) << root.raw();
  EXPECT_TRUE(root.find("created_at")->integer());
  EXPECT_TRUE(root.find("error")->is_null());
  EXPECT_TRUE(root.find("tools")->is_array());
  EXPECT_TRUE(root.find("parallel_tool_calls")->is_bool());
  ClientResponse response{text_at(root, "id"), text_at(root, "model"), text_at(root, "status")};
  EXPECT_EQ(root.find("incomplete_details")->is_object(), response.status == "incomplete");
  response.output = list_at(root, "output");
  std::map<std::string, std::string> rest;
  for (const json::ValueView member : root)
    if (member.key() != "output") {
      EXPECT_FALSE(rest.contains(std::string(member.key()))) << "twice: " << member.key();
      rest.emplace(member.key(), spelled(member));
    }
  for (const auto& [name, member] : rest) response.rest += name + ":" + member + ",";
  return response;
}

inline ClientResponse read_plain(std::string_view body) {
  const auto tree = json::Tree::parse(body);
  EXPECT_TRUE(tree) << body;
  return read_object(tree->root());
}

/// Follows a stream; each breach is a failure of the running test.
class StreamChecker {
 public:
  /// Takes whole frames.
  void feed(std::string_view bytes) {
    EXPECT_TRUE(splitter_.feed(bytes));
    while (const auto event = splitter_.next()) take(*event);
  }
  bool ended() const { return rules_.ended(); }
  const ClientResponse& response() const { return response_; }
  std::int64_t events() const { return number_; }

 private:
  /// An item, or a part of one, that is open.
  struct Item {
    std::string id, type;
    std::vector<std::string> parts = {};  // those that are done, as `spelled`
    std::string arguments = {};
    bool arguments_done = false;
  };
  struct Part {
    std::string type;  // `output_text`, `refusal`, `summary_text`
    std::string text = {};
    std::vector<std::string> annotations = {};
    std::string logprobs = {};  // of its deltas, their lists joined
    bool text_done = false;
  };

  void take(const wire::EventView& event) {
    ASSERT_EQ(rules_.take(event), "") << event.raw;
    const auto tree = json::Tree::parse(event.data);
    ASSERT_TRUE(tree) << event.raw;
    const json::ValueView root = tree->root();
    const std::string type = text_at(root, "type");
    EXPECT_EQ(root.find("sequence_number")->integer(), number_) << event.raw;
    EXPECT_EQ(type == "response.created", number_ == 0) << event.raw;
    EXPECT_EQ(type == "response.in_progress", number_ == 1) << event.raw;
    ++number_;
    if (root.find("response")) return take_response(type, *root.find("response"));
    ASSERT_EQ(root.find("output_index")->integer(), std::int64_t(done_.size())) << event.raw;
    if (type == "response.output_item.added") return add_item(*root.find("item"));
    ASSERT_TRUE(item_) << "no item is open: " << event.raw;
    if (type == "response.output_item.done") return end_item(*root.find("item"));
    EXPECT_EQ(text_at(root, "item_id"), item_->id) << event.raw;
    if (type.starts_with("response.function_call_arguments.")) return take_call(type, root);
    take_part(type, root);
  }

  void take_response(const std::string& type, json::ValueView object) {
    const ClientResponse told = read_object(object);
    EXPECT_EQ(type, number_ == 1 ? "response.created" : "response." + told.status);
    if (number_ == 1) response_ = told;
    EXPECT_EQ(told.id, response_.id);
    EXPECT_FALSE(item_) << "an item is open";
    EXPECT_EQ(told.output, done_);
    response_ = told;
  }

  void add_item(json::ValueView item) {
    ASSERT_FALSE(item_) << "an item is open: " << item.raw();
    item_ = Item{text_at(item, "id"), text_at(item, "type")};
    EXPECT_EQ(text_at(item, "status"), "in_progress");
    EXPECT_TRUE(ids_.emplace(item_->id, true).second) << "an id twice: " << item.raw();
    if (item_->type == "function_call")
      EXPECT_EQ(text_at(item, "arguments"), "");
    else
      EXPECT_EQ(item.find(item_->type == "message" ? "content" : "summary")->size(), 0U);
  }

  void end_item(json::ValueView item) {
    EXPECT_FALSE(part_) << "a part is open: " << item.raw();
    EXPECT_EQ(text_at(item, "id"), item_->id);
    EXPECT_EQ(text_at(item, "type"), item_->type);
    EXPECT_FALSE(cut_) << "an item follows one that is not whole";
    cut_ = text_at(item, "status") == "incomplete";
    EXPECT_TRUE(cut_ || text_at(item, "status") == "completed");
    if (item_->type == "function_call") {
      EXPECT_TRUE(item_->arguments_done);
      EXPECT_EQ(text_at(item, "arguments"), item_->arguments);
    } else {
      EXPECT_EQ(list_at(item, item_->type == "message" ? "content" : "summary"), item_->parts);
    }
    done_.push_back(spelled(item));
    item_.reset();
  }

  void take_call(const std::string& type, json::ValueView root) {
    EXPECT_EQ(item_->type, "function_call");
    if (type.ends_with(".delta")) {
      item_->arguments += text_at(root, "delta");
      return;
    }
    EXPECT_EQ(text_at(root, "arguments"), item_->arguments);
    item_->arguments_done = true;
  }

  void take_part(const std::string& type, json::ValueView root) {
    const bool summary = type.starts_with("response.reasoning_summary_");
    EXPECT_EQ(item_->type, summary ? "reasoning" : "message") << root.raw();
    EXPECT_EQ(root.find(summary ? "summary_index" : "content_index")->integer(),
              std::int64_t(item_->parts.size()))
        << root.raw();
    if (type.ends_with("_part.added")) {
      EXPECT_FALSE(part_) << "a part is open: " << root.raw();
      part_ = Part{text_at(*root.find("part"), "type")};
      EXPECT_EQ(text_of_part(*root.find("part")), "");
      return;
    }
    ASSERT_TRUE(part_) << "no part is open: " << root.raw();
    if (type.ends_with("_part.done")) return end_part(*root.find("part"));
    if (type.ends_with("annotation.added")) return annotate(root);
    EXPECT_TRUE(type.starts_with(events_of_part())) << type << " in a " << part_->type;
    if (part_->type == "output_text") EXPECT_TRUE(root.find("logprobs")->is_array()) << root.raw();
    if (type.ends_with(".done")) return end_text(root);
    part_->text += text_at(root, "delta");
    if (const auto logprobs = root.find("logprobs"))
      for (const json::ValueView one : *logprobs) part_->logprobs += spelled(one) + ",";
  }

  void annotate(json::ValueView root) {
    EXPECT_EQ(part_->type, "output_text");
    EXPECT_EQ(root.find("annotation_index")->integer(), std::int64_t(part_->annotations.size()));
    part_->annotations.push_back(spelled(*root.find("annotation")));
  }

  void end_text(json::ValueView root) {
    EXPECT_EQ(text_at(root, part_->type == "refusal" ? "refusal" : "text"), part_->text);
    if (const auto logprobs = root.find("logprobs"))
      EXPECT_EQ(spelled(*logprobs), "[" + part_->logprobs + "]");
    part_->text_done = true;
  }

  void end_part(json::ValueView part) {
    EXPECT_TRUE(part_->text_done) << part.raw();
    EXPECT_EQ(text_at(part, "type"), part_->type);
    EXPECT_EQ(text_of_part(part), part_->text);
    if (part_->type == "output_text") {
      EXPECT_EQ(list_at(part, "annotations"), part_->annotations);
      EXPECT_EQ(spelled(*part.find("logprobs")), "[" + part_->logprobs + "]");
    }
    item_->parts.push_back(spelled(part));
    part_.reset();
  }

  static std::string text_of_part(json::ValueView part) {
    return text_at(part, text_at(part, "type") == "refusal" ? "refusal" : "text");
  }

  std::string events_of_part() const {
    if (part_->type == "refusal") return "response.refusal.";
    if (part_->type == "output_text") return "response.output_text.";
    return "response.reasoning_summary_text.";
  }

  wire::Splitter splitter_{1 << 20};
  std::int64_t number_ = 0;
  std::map<std::string, bool> ids_;
  std::optional<Item> item_;
  std::optional<Part> part_;
  std::vector<std::string> done_;
  ClientResponse response_;
  openai_responses_client::StreamRules rules_;
  bool cut_ = false;  // an item was not whole
};

}  // namespace naru::dialect::openai_responses_wire
