#include "dialect/json_views.h"
#include "dialect/openai_chat/codec.h"

namespace naru::dialect::openai_chat_wire {
namespace {

using json::ValueView;

/// The string with an image's address; servers take it without its object as well. Nothing for a
/// part of another kind, and for an image that comes along.
std::optional<ValueView> find_address(ValueView part) {
  if (text_of(part, "type") != "image_url") return std::nullopt;
  std::optional<ValueView> address = part.find("image_url");
  if (address && address->is_object()) address = address->find("url");
  const bool elsewhere =
      address && !address->text().empty() && !address->text().starts_with("data:");
  return elsewhere ? address : std::nullopt;
}

}  // namespace

std::vector<MediaUrl> media_urls(ValueView body) {
  std::vector<MediaUrl> found;
  const std::optional<ValueView> messages = find_array(body, "messages");
  if (!messages) return found;
  for (std::size_t index = 0; const ValueView message : *messages) {
    const std::size_t at_message = index++;
    const std::optional<ValueView> content = find_array(message, "content");
    if (!content) continue;
    for (std::size_t at = 0; const ValueView part : *content) {
      if (const std::optional<ValueView> address = find_address(part))
        found.push_back({.url = std::string(address->text()),
                         .path = fmt::format("messages[{}].content[{}]", at_message, at),
                         .part = part.span(),
                         .source = address->span()});
      ++at;
    }
  }
  return found;
}

std::string inline_media(std::string_view media_type, std::string_view base64) {
  return fmt::format(R"("data:{};base64,{}")", media_type, base64);
}

}  // namespace naru::dialect::openai_chat_wire
