#pragma once
#include "base/json_writer.h"
#include "dialect/dialect.h"
#include "dialect/json_views.h"

/// Closed sets of the Anthropic dialect, its usage object and small readers.
namespace naru::dialect::anthropic_wire {

inline constexpr std::string_view kIdPrefix = "msg_";
inline constexpr std::string_view kPdf = "application/pdf";
inline constexpr std::string_view kPlainText = "text/plain";

/// Why an answer ended.
struct Stop {
  chat::StopReason reason = chat::StopReason::EndTurn;
  std::string sequence = {};
};
/// Of a message or of a `message_delta`'s delta; nullopt while `stop_reason` is null. A word we do
/// not know is the end of a turn.
std::optional<Stop> read_stop(json::ValueView holder);
/// Has a reason that is no word of this dialect give way to the end of a turn: the set is closed
/// for clients.
void close_stop(json::ValueView holder, bool called_tools, std::vector<Patch>& patches);
/// The word for `reason`. An answer whose last words are tool calls ends in `tool_use` and no other
/// does, whatever the upstream called it: clients run tools by this word.
std::string_view stop_word(chat::StopReason reason, bool has_tool_call);

/// The end of a whole answer whose server tells no reason.
Stop untold_stop(bool called_tools);

/// Takes in a usage object, in which any field may be missing: the earlier report holds for it.
void overlay_usage(chat::Usage& usage, json::ValueView report);
/// Whether a usage object counts what the model wrote.
bool counts_output(json::ValueView report);
/// A usage object with every field clients of this dialect read; `tier` is one of its own words, or
/// empty: not told.
void write_usage(json::Writer& out, const chat::Usage& usage, std::string_view tier = {});
/// The service tier that a usage object tells, in OpenAI's words; empty if it tells none.
std::string_view read_tier(json::ValueView holder_of_usage);
/// The word that clients of this dialect know for OpenAI's `tier`; empty if there is none.
std::string_view tier_word(std::string_view tier);

/// A block of an answer that is no part of the canonical model. `at`: its place in the answer.
chat::Loss lost_block(std::size_t at, std::string_view type);
/// A delta of a type we do not know, in a block that we do.
chat::Loss lost_delta(std::size_t at, std::string_view type);
/// What a message, or the delta of a `message_delta`, tells beside its content that has no place in
/// the canonical model.
std::vector<chat::Loss> lost_members(json::ValueView holder);

/// Whether `text` is one JSON object; a tool's input must be one.
bool is_json_object(std::string_view text);
/// `text` from its first byte that is no white space of JSON.
std::string_view skip_blanks(std::string_view text);
/// A tool call's input: the arguments if they are an object, `{}` if there are none; anything else
/// goes as text into `{"raw_arguments": …}`, since an `input` must be an object.
void write_input(json::Writer& out, std::string_view arguments);
/// A `tool_use` block's input as it came; `{}` where it says nothing: missing, null or empty.
std::string_view input_of(json::ValueView block);
/// Whether `block` is a call that nobody can answer.
bool is_nameless_call(json::ValueView block);
/// `fault` as the upstream's own breach of protocol.
Fault as_upstream_invalid(Fault fault, std::string_view what);

}  // namespace naru::dialect::anthropic_wire
