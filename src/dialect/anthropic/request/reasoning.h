#pragma once
#include "base/json_writer.h"
#include "dialect/dialect.h"

/// How much the model is to think, and the form its answer must have: `thinking` and
/// `output_config`. Source: Anthropic API reference, Thinking, Effort, Structured outputs.
namespace naru::dialect::anthropic_wire {

/// Fills `reasoning` and `format`. An effort without `thinking` asks for no thinking: it is read as
/// a budget of 0 in no mode, so that it is written back alone.
void read_reasoning(json::FieldReader& in, chat::Request& request);

/// What a request says of thinking in this dialect.
struct Thinking {
  std::string_view type = {};  ///< `adaptive|enabled|disabled|…`; empty: nothing is said
  std::optional<std::int64_t> budget = {};
  std::string_view display = {};  ///< `summarized|omitted`, or empty
  std::optional<chat::Reasoning::Effort> effort = {};
  bool ours = false;  ///< follows of an effort alone: what it does not go with gives way to it
  bool on() const { return type == "adaptive" || type == "enabled"; }
};
/// What follows of `request.reasoning`; `in_tool_loop`: the last turn gives results to calls whose
/// turn begins without reasoning, so that an older model must not think now.
Thinking plan_thinking(const chat::Request& request, bool in_tool_loop,
                       std::vector<chat::Loss>& losses);
/// The members `thinking` and `output_config`, each if there is something to say.
void write_reasoning(json::Writer& out, const Thinking& thinking, const chat::Format& format,
                     std::vector<chat::Loss>& losses);

}  // namespace naru::dialect::anthropic_wire
