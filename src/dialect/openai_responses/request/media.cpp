#include "dialect/json_views.h"
#include "dialect/openai_responses/codec.h"
#include "dialect/openai_responses/words.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::ValueView;

/// The string with an image's address. Nothing for a part of another kind, and for an image that
/// comes along or is kept by a provider.
std::optional<ValueView> find_address(ValueView part) {
  if (text_of(part, "type") != "input_image") return std::nullopt;
  const std::optional<ValueView> address = find_words(part, "image_url");
  return address && !address->text().starts_with("data:") ? address : std::nullopt;
}

}  // namespace

std::vector<MediaUrl> media_urls(ValueView body) {
  std::vector<MediaUrl> found;
  const std::optional<ValueView> input = find_array(body, "input");
  if (!input) return found;
  for (std::size_t index = 0; const ValueView item : *input) {
    const std::size_t at_item = index++;
    const std::string_view name = kind_of_item(item) == Item::Output ? "output" : "content";
    const std::optional<ValueView> parts = find_array(item, name);
    if (!parts) continue;
    for (std::size_t at = 0; const ValueView part : *parts) {
      if (const std::optional<ValueView> address = find_address(part))
        found.push_back({.url = std::string(address->text()),
                         .path = fmt::format("input[{}].{}[{}]", at_item, name, at),
                         .part = part.span(),
                         .source = address->span()});
      ++at;
    }
  }
  return found;
}

std::string inline_media(std::string_view media_type, std::string_view base64) {
  return fmt::format(R"("{}")", data_url(media_type, base64));
}

}  // namespace naru::dialect::openai_responses_wire
