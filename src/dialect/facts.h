#pragma once
#include "base/json_writer.h"
#include "dialect/dialect.h"

/// What both ways of an answer note down alike.
namespace naru::dialect {

/// Takes in a later report on the same answer. Prompt and output are each taken whole, and only if
/// they did not shrink: a late report may move tokens from `input` to `cache_read`.
inline void merge_usage(chat::Usage& usage, const chat::Usage& later) {
  const chat::Usage before = usage;
  if (later.prompt() >= before.prompt()) usage = later;
  const chat::Usage& output = later.output >= before.output ? later : before;
  usage.output = output.output;
  usage.reasoning = output.reasoning;
}

/// Has the string `value` give way to `text`, if it is another.
inline void rename(std::vector<Patch>& patches, json::ValueView value, std::string_view text) {
  if (value.text() == text) return;
  Patch patch{value.span().begin, value.span().end, {}};
  json::append_quoted(patch.with, text);
  patches.push_back(std::move(patch));
}

/// Who answers is the assistant: an engine may repeat the role of the request's last message.
inline void close_role(std::vector<Patch>& patches, json::ValueView message) {
  const std::optional<json::ValueView> role = message.find("role");
  if (!role || role->is_null() || (role->is_string() && role->text().empty())) return;
  rename(patches, *role, "assistant");
}

/// Whether an upstream's id is one that this dialect could have given: of its prefix, no longer
/// than clients can name, and of plain characters.
inline bool is_own_id(json::ValueView id, std::string_view prefix) {
  constexpr std::size_t kMostBytes = 128;
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("_-.:=").find(c) != std::string_view::npos;
  };
  const std::string_view text = id.text();
  return text.size() > prefix.size() && text.size() <= kMostBytes && text.starts_with(prefix) &&
         std::ranges::all_of(text, plain);
}

/// What a client of the upstream's own dialect is told an answer's model and id to be.
struct ShownNames {
  std::string_view model;
  std::string_view id_prefix;  ///< of this dialect's ids; empty: its answers have none
  std::string_view id;         ///< for an id of another form: engines give one to all dialects
  bool kept = false;           ///< naru keeps the answer: it has the id that naru gives
};

/// Has the names of `answer` give way to those, and notes what its upstream calls itself.
inline void show_names(std::vector<Patch>& patches, json::ValueView answer, const ShownNames& names,
                       AnswerFacts& facts) {
  if (const auto model = answer.find("model"); model && !model->text().empty()) {
    facts.upstream_model = model->text();
    rename(patches, *model, names.model);
  }
  const std::optional<json::ValueView> id = answer.find("id");
  if (!id || names.id_prefix.empty()) return;
  if (names.kept || !is_own_id(*id, names.id_prefix)) rename(patches, *id, names.id);
}

/// Takes in a report of the whole.
inline void note_usage(AnswerFacts& facts, const chat::Usage& usage) {
  merge_usage(facts.usage, usage);
  facts.usage_reported = true;
}

/// A report of no output at all beside an answer that has some is none.
inline void doubt_usage(AnswerFacts& facts) {
  if (facts.usage.output == 0 && facts.delivered.total() > 0) facts.usage_reported = false;
}

}  // namespace naru::dialect
