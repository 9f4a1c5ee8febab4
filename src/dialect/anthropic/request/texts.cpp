#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/words.h"

/// Which strings of a request a guard must see. The rule is by exception: all but names of things,
/// and bytes nobody can read. So what a newer API adds is seen before we know it.
namespace naru::dialect::anthropic_wire {
namespace {

constexpr auto kNotTextAtTop = std::to_array<std::string_view>(
    {"model", "stream", "max_tokens", "tool_choice", "thinking", "service_tier"});
// Of a block, a message or a tool; what stands inside a tool's input or schema is text all the
// same.
constexpr auto kNotTextInBlock = std::to_array<std::string_view>(
    {"type", "role", "id", "tool_use_id", "name", "cache_control", "signature", "media_type",
     "encrypted_content", "encrypted_index", "effort"});

constexpr auto kBlocksInBlock =
    std::to_array<std::string_view>({"content", "source", "citations", "format"});
// At the top: what holds blocks, or is read like one.
constexpr auto kBlocksAtTop =
    std::to_array<std::string_view>({"system", "messages", "tools", "output_config"});

bool holds(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Bytes in base 64, or sealed by the provider.
bool is_opaque_data(json::ValueView block, std::string_view key) {
  if (key != "data") return false;
  const std::string_view type = text_of(block, "type");
  return type == "base64" || type == "redacted_thinking";
}

void collect_all(json::ValueView value, std::vector<json::Span>& out) {
  if (value.is_string()) out.push_back(value.span());
  for (const json::ValueView inner : value) collect_all(inner, out);
}

void collect_blocks(json::ValueView value, std::vector<json::Span>& out);

void collect_block(json::ValueView block, std::vector<json::Span>& out) {
  for (const json::ValueView member : block) {
    const std::string_view key = member.key();
    if (holds(kNotTextInBlock, key) || is_opaque_data(block, key)) continue;
    if (holds(kBlocksInBlock, key))
      collect_blocks(member, out);
    else
      collect_all(member, out);
  }
}

/// A string, one block, or a list of blocks.
void collect_blocks(json::ValueView value, std::vector<json::Span>& out) {
  if (value.is_string()) out.push_back(value.span());
  if (value.is_object()) collect_block(value, out);
  if (!value.is_array()) return;
  for (const json::ValueView inner : value) collect_blocks(inner, out);
}

}  // namespace

std::vector<json::Span> list_texts(json::ValueView body) {
  std::vector<json::Span> out;
  for (const json::ValueView member : body) {
    const std::string_view key = member.key();
    if (holds(kNotTextAtTop, key)) continue;
    if (holds(kBlocksAtTop, key))
      collect_blocks(member, out);
    else
      collect_all(member, out);
  }
  return out;
}

}  // namespace naru::dialect::anthropic_wire
