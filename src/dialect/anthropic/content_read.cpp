#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/words.h"

/// Content blocks of requests → canonical parts. A part has no place for fields we do not model
/// (`cache_control`); they go to `extra` under their path, so that a crossing can name them.
namespace naru::dialect::anthropic_wire {
namespace {

using Extra = std::vector<json::RawField>;

/// `messages[0].content` of `$.messages[0].content`.
std::string client_path(std::string_view path) {
  if (path.starts_with("$.")) path.remove_prefix(2);
  return std::string(path);
}

chat::Opaque as_it_came(json::ValueView block) {
  return {std::string(text_of(block, "type")), std::string(block.raw())};
}

chat::Part read_image(json::FieldReader& in, json::ValueView block) {
  const auto source = in.need("source", json::Type::Object);
  if (!source) return chat::Image{};
  json::FieldReader inner(*source, in.path_of("source"));
  const std::string type = inner.text("type");
  chat::Image image;
  if (type == "url") {
    image.url = inner.text("url");
  } else if (type == "base64") {
    image.data = inner.text("data");
    image.media_type = inner.text("media_type");
  }
  in.absorb(inner);
  if (type == "url" || type == "base64") return image;
  return as_it_came(block);  // a file the provider keeps
}

/// The texts of a tool result, one a line; other blocks go to `extra`.
std::string read_result_blocks(json::FieldReader& in, json::ValueView blocks, Extra& extra) {
  std::string text;
  bool first = true;
  std::size_t at = 0;
  for (const json::ValueView block : blocks) {
    const std::string path = in.path_of(fmt::format("content[{}]", at++));
    json::FieldReader inner(block, path);
    if (inner.text("type") == "text") {
      if (!first) text += '\n';
      text += inner.text("text");
      first = false;
    } else if (block.is_object()) {
      extra.push_back({client_path(path), std::string(block.raw())});
    }
    in.absorb(inner);
  }
  return text;
}

chat::ToolResult read_result(json::FieldReader& in, Extra& extra) {
  chat::ToolResult result{.call_id = in.text("tool_use_id"), .text = {}};
  result.is_error = in.find_boolean("is_error").value_or(false);
  const auto content = in.find_any("content");
  if (!content) return result;
  if (content->is_string())
    result.text = content->text();
  else if (content->is_array())
    result.text = read_result_blocks(in, *content, extra);
  else
    in.problem("content", "must be a string or an array of content blocks");
  return result;
}

chat::ToolCall read_call(json::FieldReader& in) {
  chat::ToolCall call{.id = in.text("id"), .name = in.text("name"), .arguments = {}};
  if (const auto input = in.need("input", json::Type::Object)) call.arguments = input->raw();
  return call;
}

chat::Part read_part(json::FieldReader& in, json::ValueView block, Extra& extra) {
  const std::string type = in.text("type");
  if (type == "text") return chat::Text{in.text("text")};
  if (type == "image") return read_image(in, block);
  if (type == "tool_use") return read_call(in);
  if (type == "tool_result") return read_result(in, extra);
  if (type == "thinking")
    return chat::Thinking{in.text("thinking"), in.find_text("signature").value_or("")};
  return as_it_came(block);
}

}  // namespace

void keep_rest(const json::FieldReader& in, Extra& extra) {
  for (json::RawField& field : in.rest())
    extra.push_back({client_path(in.path_of(field.name)), std::move(field.raw)});
}

std::vector<chat::Part> read_content(json::FieldReader& in, std::string_view name, Extra& extra) {
  std::vector<chat::Part> parts;
  const std::optional<json::ValueView> content = in.find_any(name);
  if (content && content->is_string()) {
    parts.emplace_back(chat::Text{std::string(content->text())});
    return parts;
  }
  if (!content || !content->is_array()) {
    in.problem(name, "must be a string or an array of content blocks");
    return parts;
  }
  std::size_t at = 0;
  for (const json::ValueView block : *content) {
    json::FieldReader inner(block, in.path_of(fmt::format("{}[{}]", name, at++)));
    parts.push_back(read_part(inner, block, extra));
    if (!std::holds_alternative<chat::Opaque>(parts.back())) keep_rest(inner, extra);
    in.absorb(inner);
  }
  return parts;
}

}  // namespace naru::dialect::anthropic_wire
