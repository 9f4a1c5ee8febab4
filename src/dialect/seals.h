#pragma once
#include <string>
#include <string_view>

#include "chat/message.h"

/// Reasoning that crosses into another dialect takes its seal along in that dialect's own field for
/// such things, wrapped so that naru knows it again when the client sends it back: of what kind it
/// is and which upstream made it.
namespace naru::dialect {

/// `naru1:KIND:ORIGIN:ID:SEAL`. `origin` is the upstream's name.
std::string wrap_seal(const chat::Thinking& thinking, std::string_view origin);
/// Whether a signature, redacted data or encrypted content is one that naru has wrapped.
bool is_wrapped_seal(std::string_view text);
/// Fills `sealed`, `seal`, `id` and `origin` of `thinking` from a wrapped seal; any other text is
/// its `sealed` as it stands, of kind `native`.
void unwrap_seal(std::string_view text, chat::Seal native, chat::Thinking& thinking);

}  // namespace naru::dialect
