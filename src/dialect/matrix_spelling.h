#pragma once
#include <map>
#include <set>

#include "base/json_writer.h"
#include "dialect/matrix_files.h"

/// JSON values in one spelling, so that two that say the same are the same text: members in order,
/// numbers by value, without what merely spells out that there is nothing.
namespace naru::dialect::matrix {

class Spelling {
 public:
  /// A request may say one text as a string or as a list of one part.
  explicit Spelling(bool of_request) : of_request_(of_request) {}

  std::string of(json::ValueView value) const {
    if (value.is_object()) return object(value);
    if (value.is_array()) return list(value);
    if (value.is_string()) return quoted(value.text());
    if (value.is_number()) return fmt::format("{}", value.number().value_or(0));
    return std::string(value.raw());
  }

 private:
  static std::string quoted(std::string_view text) {
    std::string out;
    json::append_quoted(out, text);
    return out;
  }

  std::string object(json::ValueView value) const {
    std::map<std::string, std::string> members;
    for (const json::ValueView member : value)
      if (says_something(value, member))
        members[std::string(member.key())] = member_of(value, member);
    std::string out = "{";
    for (const auto& [key, spelled] : members)
      if (!spelled.empty())
        out += fmt::format("{}{}:{}", out.size() > 1 ? "," : "", quoted(key), spelled);
    return out + "}";
  }

  /// Empty where all of it says nothing.
  std::string member_of(json::ValueView object, json::ValueView member) const {
    if (member.key() == "usage") return usage(member, false);
    if (member.key() == "message" && text_at(object, "type") == "message_start")
      return message_start(member);
    const std::string spelled = of(member);
    if (of_request_ && member.key() == "input") return input(member, spelled);
    return spelled;
  }

  static std::string text_at(json::ValueView object, std::string_view key) {
    const auto member = object.find(key);
    return member ? std::string(member->text()) : std::string();
  }

  bool says_something(json::ValueView object, json::ValueView member) const {
    const std::string_view key = member.key();
    if (member.is_null()) return false;
    const bool empty = member.is_array() && member.size() == 0;
    if (empty && (key == "logprobs" || (of_request_ && key == "annotations"))) return false;
    if (key == "status" && text_at(object, "type") == "reasoning") return false;
    if (of_request_ && key == "detail" && member.text() == "auto") return false;
    if (of_request_ && key == "type" && member.text() == "message") return !object.find("role");
    return text_at(object, "object") != "response" || kOfResponses.contains(key);
  }

  /// Counts of nothing are as good as none.
  std::string usage(json::ValueView value, bool at_start) const {
    std::map<std::string, std::string> counts;
    for (const json::ValueView member : value) {
      if (at_start && member.key() != "service_tier") continue;
      const std::string spelled = member.is_object() ? usage(member, at_start) : of(member);
      if (spelled != "0" && spelled != "null" && !spelled.empty())
        counts[std::string(member.key())] = spelled;
    }
    std::string out;
    for (const auto& [key, spelled] : counts)
      out += fmt::format("{}{}:{}", out.empty() ? "{" : ",", quoted(key), spelled);
    return out.empty() ? out : out + "}";
  }

  /// Where a message starts its counts are not known yet, but for a provider's own.
  std::string message_start(json::ValueView message) const {
    std::string out = "{";
    for (const std::string_view key : {"content", "id", "model", "role", "type"})
      if (const auto member = message.find(key)) out += fmt::format("{}:{},", key, of(*member));
    const auto counts = message.find("usage");
    return out + (counts ? usage(*counts, true) : "no usage") + "}";
  }

  std::string list(json::ValueView value) const {
    if (const std::string text = lone_text(value); of_request_ && !text.empty()) return text;
    std::string out = "[";
    for (const json::ValueView one : value) out += (out.size() > 1 ? "," : "") + of(one);
    return out + "]";
  }

  /// `[{"type":"text","text":"hello"}]` as `"hello"`; empty for anything else.
  std::string lone_text(json::ValueView value) const {
    if (value.size() != 1 || !(*value.begin()).is_object()) return {};
    std::size_t members = 0;
    for (const json::ValueView member : *value.begin())
      if (says_something(*value.begin(), member)) ++members;
    const std::string type = text_at(*value.begin(), "type");
    const bool is_text = type == "text" || type == "input_text" || type == "output_text";
    const auto text = (*value.begin()).find("text");
    return is_text && members == 2 && text ? quoted(text->text()) : std::string();
  }

  /// The whole input of Responses may be the user's one text.
  static std::string input(json::ValueView value, const std::string& spelled) {
    constexpr std::string_view kHead = R"([{"content":)";
    constexpr std::string_view kTail = R"(,"role":"user"}])";
    const bool lone = value.is_array() && value.size() == 1 && spelled.starts_with(kHead) &&
                      spelled.ends_with(kTail) && spelled.at(kHead.size()) == '"';
    if (!lone) return spelled;
    return spelled.substr(kHead.size(), spelled.size() - kHead.size() - kTail.size());
  }

  /// What a Responses answer tells; its other members repeat the request.
  inline static const std::set<std::string, std::less<>> kOfResponses = {
      "id",    "object", "created_at", "status",      "error", "incomplete_details",
      "model", "output", "usage",      "service_tier"};

  const bool of_request_;
};

inline std::string spelled(const std::string& text, bool of_request) {
  const testing::Parsed parsed(text);
  return parsed.ok() ? Spelling(of_request).of(parsed.root()) : "no JSON: " + text;
}

/// A stream event by event, each with its name.
inline Strings spelled_events(std::string_view bytes) {
  wire::Splitter splitter(testing::kEventLimit);
  Strings events;
  if (!splitter.feed(bytes)) return {"too large"};
  for (auto event = splitter.next(); event; event = splitter.next())
    if (event->has_data)
      events.push_back(
          std::string(event->event) + " " +
          (event->data == "[DONE]" ? "[DONE]" : spelled(std::string(event->data), false)));
  return events;
}

}  // namespace naru::dialect::matrix
