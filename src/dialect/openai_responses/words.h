#pragma once
#include "base/json_writer.h"
#include "chat/message.h"
#include "dialect/dialect.h"
#include "dialect/json_views.h"

/// Words of a request, for its readers and writers alike.
namespace naru::dialect::openai_responses_wire {

// What `include` may ask for that naru models.
inline constexpr std::string_view kSealedReasoning = "reasoning.encrypted_content";
inline constexpr std::string_view kTokenLogprobs = "message.output_text.logprobs";

/// What an element of `input` is. Messages may leave their type unsaid, and so may references.
enum class Item : std::uint8_t { Message, Call, Output, Reasoning, Reference, Other };
Item kind_of_item(json::ValueView item);
/// Whether an item naru does not model is something the client gives back, not what the model did.
bool is_of_user(std::string_view item_type);
/// Whether an opaque part stands within a message's content, not beside messages as an item.
bool is_content(std::string_view type);
/// Why an item of reasoning cannot go to an upstream of this dialect: it is sealed by one of
/// another dialect, or not at all, and naru has its upstreams keep nothing. Empty: it can.
std::string_view why_not_sent(json::ValueView item);

/// Annotations of an output text as citations.
std::vector<chat::Citation> read_annotations(json::ValueView annotations);
/// Writes one citation of `text` as an annotation; false, and nothing written, for one of a kind
/// this dialect does not know.
bool write_annotation(json::Writer& out, const chat::Citation& citation, std::string_view text);

/// Bytes by their address, as `data:image/png;base64,AAAA`.
struct DataUrl {
  std::string media_type;
  std::string data;
};
/// nullopt for any other address.
std::optional<DataUrl> find_data_url(std::string_view url);
std::string data_url(std::string_view media_type, std::string_view data);

}  // namespace naru::dialect::openai_responses_wire
