#pragma once
#include "base/json_writer.h"
#include "dialect/dialect.h"

/// What stands beside the words of an answer: the sources a text cites, the log probabilities of
/// its tokens, the seals of reasoning.
namespace naru::dialect::openai_chat_wire {

/// Characters [begin, end) of a message's content.
struct Extent {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
std::int64_t count_characters(std::string_view utf8);

/// One of `annotations`.
chat::Citation read_citation(json::ValueView annotation);
/// Whether this dialect has a form for it: it names an address, or came in this form.
bool can_write(const chat::Citation& citation);
/// Only what `can_write`. `extent` is that of the text which cites.
void write_citation(json::Writer& out, const chat::Citation& citation, Extent extent);
/// Whether it stands here as it came: `raw` is an annotation of this dialect.
bool is_own(const chat::Citation& citation);

/// The list for a choice's content or its refusal, or empty. Source: Chat Completions, `logprobs`.
std::string find_logprobs(json::ValueView choice, bool refusal);
/// Appends the elements of one JSON list to another; either may be empty text.
void join_lists(std::string& list, std::string_view more);
/// The value of a choice's `logprobs`; null if both are empty.
void write_logprobs(json::Writer& out, std::string_view content, std::string_view refusal);

/// One of `reasoning_details`: reasoning with its seal, as several gateways of this dialect write
/// it. Reasoning without any stands in `reasoning_content` alone.
struct DetailView {
  std::int64_t index = 0;
  std::string_view text = {};
  std::string_view sealed = {};  ///< a signature, or encrypted data
  chat::Seal seal = chat::Seal::None;
  std::string_view id = {};  ///< of encrypted data
};
/// nullopt for one of a kind we do not know.
std::optional<DetailView> find_detail(json::ValueView detail);

/// In an answer for a client. `upstream` is who has sealed it on a crossing, else empty: then the
/// two kinds this dialect has itself are written as they are.
void write_detail(json::Writer& out, const chat::Thinking& thinking, std::string_view upstream,
                  std::int64_t index);
/// Whether `write_own_detail` can write it: a seal of one of this dialect's two kinds.
bool has_own_seal(const chat::Thinking& thinking);
/// The same as its maker wrote it.
void write_own_detail(json::Writer& out, const chat::Thinking& thinking, std::int64_t index);

}  // namespace naru::dialect::openai_chat_wire
