#include "dialect/anthropic/citations.h"
#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/words.h"
#include "dialect/closed_words.h"
#include "dialect/seals.h"

/// Content blocks of requests → canonical parts. Fields of a block that we do not model go to
/// `extra` under their path, so that a crossing can name them.
namespace naru::dialect::anthropic_wire {
namespace {

using Extra = std::vector<json::RawField>;

/// `messages[0].content` of `$.messages[0].content`.
std::string client_path(std::string_view path) {
  if (path.starts_with("$.")) path.remove_prefix(2);
  return std::string(path);
}

/// What the API takes for granted anyway; leaving it out loses nothing.
bool says_nothing(const json::RawField& field) {
  return field.raw == "null" || (field.name == "caller" && field.raw == R"({"type":"direct"})");
}

chat::Opaque as_it_came(json::ValueView block) {
  return {std::string(text_of(block, "type")), std::string(block.raw())};
}

bool is_list_of_objects(json::ValueView list) {
  return list.is_array() &&
         std::all_of(list.begin(), list.end(), [](json::ValueView one) { return one.is_object(); });
}

chat::Text read_text(json::FieldReader& in, json::ValueView block, Extra& extra) {
  chat::Text text{.text = in.text("text")};
  if (const auto list = in.find_any("citations"); list && !is_list_of_objects(*list))
    in.problem("citations", "must be an array of citations");
  text.citations = read_citations(block);
  text.cache = read_cache_mark(in, extra);
  return text;
}

/// An image, or a file the provider keeps, as it came.
chat::Part read_image(json::FieldReader& in, json::ValueView block, Extra& extra) {
  const auto source = in.need("source", json::Type::Object);
  if (!source) return chat::Image{};
  json::FieldReader inner(*source, in.path_of("source"));
  const std::string type = inner.text("type");
  chat::Image image;
  if (type == "url") {
    image.url = inner.text("url");
  } else if (type == "base64") {
    image.data = inner.text("data");
    if (inner.need("media_type", json::Type::String))
      image.media_type =
          read_word(inner, "media_type", {"image/jpeg", "image/png", "image/gif", "image/webp"});
  }
  in.absorb(inner);
  if (type != "url" && type != "base64") return as_it_came(block);
  keep_rest(inner, extra);
  image.cache = read_cache_mark(in, extra);
  return image;
}

/// Whether the source is one of ours; blocks of text and files the provider keeps are not.
bool read_source(json::FieldReader& in, chat::Document& document) {
  const std::string type = in.text("type");
  if (type == "url") {
    document.url = in.text("url");
  } else if (type == "base64") {
    document.data = in.text("data");
    read_word(in, "media_type", {kPdf});
    document.media_type = kPdf;
  } else if (type == "text") {
    document.text = in.text("data");
    read_word(in, "media_type", {kPlainText});
  } else {
    return false;
  }
  return true;
}

bool read_cite(json::FieldReader& in, Extra& extra) {
  const auto settings = in.find_any("citations");
  if (!settings) return false;
  json::FieldReader inner(*settings, in.path_of("citations"));
  const bool cite = inner.find_boolean("enabled").value_or(false);
  keep_rest(inner, extra);
  in.absorb(inner);
  return cite;
}

chat::Part read_document(json::FieldReader& in, json::ValueView block, Extra& extra) {
  const auto source = in.need("source", json::Type::Object);
  if (!source) return chat::Document{};
  json::FieldReader inner(*source, in.path_of("source"));
  chat::Document document;
  const bool known = read_source(inner, document);
  in.absorb(inner);
  if (!known) return as_it_came(block);
  keep_rest(inner, extra);
  document.name = in.find_text("title").value_or("");
  document.context = in.find_text("context").value_or("");
  document.cite = read_cite(in, extra);
  document.cache = read_cache_mark(in, extra);
  return document;
}

/// What may stand in a message and in a tool's result alike; nullopt for any other type.
std::optional<chat::Part> read_shown(json::FieldReader& in, json::ValueView block, Extra& extra) {
  const std::string type = in.text("type");
  if (type == "text") return read_text(in, block, extra);
  if (type == "image") return read_image(in, block, extra);
  if (type == "document") return read_document(in, block, extra);
  return std::nullopt;
}

void keep_rest_of(const json::FieldReader& in, const chat::Part& part, Extra& extra) {
  if (!std::holds_alternative<chat::Opaque>(part)) keep_rest(in, extra);
}

chat::ResultPart as_result_part(chat::Part part) {
  if (auto* text = std::get_if<chat::Text>(&part)) return std::move(*text);
  if (auto* image = std::get_if<chat::Image>(&part)) return std::move(*image);
  if (auto* document = std::get_if<chat::Document>(&part)) return std::move(*document);
  return std::get<chat::Opaque>(std::move(part));
}

void read_result_blocks(json::FieldReader& in, json::ValueView blocks, chat::ToolResult& result,
                        Extra& extra) {
  std::size_t at = 0;
  for (const json::ValueView block : blocks) {
    json::FieldReader inner(block, in.path_of(fmt::format("content[{}]", at++)));
    chat::Part part = read_shown(inner, block, extra).value_or(as_it_came(block));
    keep_rest_of(inner, part, extra);
    result.parts.push_back(as_result_part(std::move(part)));
    in.absorb(inner);
  }
}

chat::ToolResult read_result(json::FieldReader& in, Extra& extra) {
  chat::ToolResult result{.call_id = in.text("tool_use_id"), .parts = {}};
  result.is_error = in.find_boolean("is_error").value_or(false);
  result.cache = read_cache_mark(in, extra);
  const auto content = in.find_any("content");
  if (!content) return result;
  if (content->is_string())
    result.parts.emplace_back(chat::Text{std::string(content->text())});
  else if (content->is_array())
    read_result_blocks(in, *content, result, extra);
  else
    in.problem("content", "must be a string or an array of content blocks");
  return result;
}

chat::ToolCall read_call(json::FieldReader& in, Extra& extra) {
  chat::ToolCall call{.id = in.text("id"), .name = in.text("name"), .arguments = {}};
  if (const auto input = in.need("input", json::Type::Object)) call.arguments = input->raw();
  call.cache = read_cache_mark(in, extra);
  return call;
}

chat::Thinking read_thinking(json::FieldReader& in) {
  chat::Thinking thinking{.text = in.text("thinking")};
  unwrap_seal(in.find_text("signature").value_or(""), chat::Seal::Signature, thinking);
  return thinking;
}

chat::Thinking read_redacted(json::FieldReader& in) {
  chat::Thinking thinking{.text = {}};
  unwrap_seal(in.text("data"), chat::Seal::Redacted, thinking);
  return thinking;
}

chat::Part read_part(json::FieldReader& in, json::ValueView block, Extra& extra) {
  if (auto shown = read_shown(in, block, extra)) return *std::move(shown);
  const std::string_view type = text_of(block, "type");
  if (type == "tool_use") return read_call(in, extra);
  if (type == "tool_result") return read_result(in, extra);
  if (type == "thinking") return read_thinking(in);
  if (type == "redacted_thinking") return read_redacted(in);
  return as_it_came(block);
}

}  // namespace

void keep_rest(const json::FieldReader& in, Extra& extra) {
  for (json::RawField& field : in.rest())
    if (!says_nothing(field))
      extra.push_back({client_path(in.path_of(field.name)), std::move(field.raw)});
}

void keep_field(const json::FieldReader& in, std::string_view name, json::ValueView value,
                Extra& extra) {
  extra.push_back({client_path(in.path_of(name)), std::string(value.raw())});
}

chat::CacheMark read_cache_mark(json::FieldReader& in, Extra& extra) {
  const std::optional<json::ValueView> mark = in.find_any("cache_control");
  if (!mark) return chat::CacheMark::None;
  const std::string_view life = text_of(*mark, "ttl");
  const bool known = text_of(*mark, "type") == "ephemeral" &&
                     (mark->size() == 1 || (mark->size() == 2 && (life == "5m" || life == "1h")));
  if (known) return life == "1h" ? chat::CacheMark::OneHour : chat::CacheMark::FiveMinutes;
  keep_field(in, "cache_control", *mark, extra);
  return chat::CacheMark::None;
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
    keep_rest_of(inner, parts.back(), extra);
    in.absorb(inner);
  }
  return parts;
}

}  // namespace naru::dialect::anthropic_wire
