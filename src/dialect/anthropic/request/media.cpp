#include "dialect/anthropic/codec.h"
#include "dialect/json_views.h"

namespace naru::dialect::anthropic_wire {
namespace {

using json::ValueView;

/// An image's source if it is an address.
std::optional<ValueView> find_address(ValueView block) {
  if (text_of(block, "type") != "image") return std::nullopt;
  const std::optional<ValueView> source = find_object(block, "source");
  return source && text_of(*source, "type") == "url" ? source : std::nullopt;
}

/// Those of a list of blocks, and of the lists within its tool results.
void take_blocks(ValueView holder, const std::string& path, std::vector<MediaUrl>& found) {
  const std::optional<ValueView> content = find_array(holder, "content");
  if (!content) return;
  for (std::size_t index = 0; const ValueView block : *content) {
    const std::size_t at = index++;
    const auto block_path = [&] { return fmt::format("{}.content[{}]", path, at); };
    if (const std::optional<ValueView> source = find_address(block))
      found.push_back({.url = std::string(text_of(*source, "url")),
                       .path = block_path(),
                       .part = block.span(),
                       .source = source->span()});
    if (text_of(block, "type") == "tool_result") take_blocks(block, block_path(), found);
  }
}

}  // namespace

std::vector<MediaUrl> media_urls(ValueView body) {
  std::vector<MediaUrl> found;
  const std::optional<ValueView> messages = find_array(body, "messages");
  if (!messages) return found;
  for (std::size_t index = 0; const ValueView message : *messages)
    take_blocks(message, fmt::format("messages[{}]", index++), found);
  return found;
}

std::string inline_media(std::string_view media_type, std::string_view base64) {
  return fmt::format(R"({{"type":"base64","media_type":"{}","data":"{}"}})", media_type, base64);
}

}  // namespace naru::dialect::anthropic_wire
