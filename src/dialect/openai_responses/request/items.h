#pragma once
#include "base/json_fields.h"
#include "base/json_writer.h"
#include "chat/request.h"
#include "dialect/openai_responses/words.h"

/// The conversation of a request: elements of `input` and canonical messages.
namespace naru::dialect::openai_responses_wire {

/// Appends the messages that `input` tells. What the model did in a row, and what tools gave back
/// in a row, are one message each.
void read_input(json::FieldReader& in, std::vector<chat::Message>& messages);
/// Members nobody took, `before` put before their names; those with a null in them say nothing.
void keep_rest(const json::FieldReader& in, std::string_view before,
               std::vector<json::RawField>& extra);

/// Writes the messages from the one at `first` on as elements of the array that `out` is in;
/// whether reasoning is among them.
bool write_items(json::Writer& out, const std::vector<chat::Message>& messages, std::size_t first,
                 std::vector<chat::Loss>& losses);

}  // namespace naru::dialect::openai_responses_wire
