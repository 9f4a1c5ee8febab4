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

/// The same for the answer's id, if it is not of the form this dialect gives: engines that speak
/// several dialects give one form to all.
inline void rename_id(std::vector<Patch>& patches, json::ValueView answer, std::string_view prefix,
                      std::string_view id) {
  const std::optional<json::ValueView> member = answer.find("id");
  const std::string_view theirs = member ? member->text() : std::string_view();
  if (!theirs.empty() && !theirs.starts_with(prefix)) rename(patches, *member, id);
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
