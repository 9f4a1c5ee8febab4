#pragma once
#include "dialect/dialect.h"

/// What clients of this dialect are shown of an answer; plain answers and streams share it.
namespace naru::dialect::anthropic_wire {

/// A reasoning as a client's block. One without words is a `redacted_thinking`, unless it is
/// Anthropic's own whose words are held back.
struct ThinkingBlock {
  bool redacted = false;
  std::string sealed;  ///< its signature or data
};
/// Nothing, if there is nothing to show: neither words nor a seal. `upstream`: who made it, on a
/// crossing; else empty, and a seal of this dialect's own kind stays as it is.
std::optional<ThinkingBlock> show_thinking(const chat::Thinking& thinking, bool has_words,
                                           std::string_view upstream);

/// Losses of answers, by the path of the part at `at`.
chat::Loss lost_part(std::size_t at);
chat::Loss lost_citation(std::size_t at, std::size_t citation);
chat::Loss lost_logprobs(std::size_t at);
/// Of a call whose arguments are no object: a client gets them as text inside one, but for the
/// pieces of a stream that began like an object.
chat::Loss lost_arguments(std::size_t at);
/// This dialect's usage cannot be left out; zeros stand for what nobody reports.
chat::Loss lost_usage();
chat::Loss lost_choice(std::size_t choice);
chat::Loss lost_tier(std::string_view tier);

}  // namespace naru::dialect::anthropic_wire
