#include "base/json_fields.h"
#include "dialect/closed_words.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/marks.h"
#include "dialect/openai_chat/words.h"
#include "dialect/seals.h"

namespace naru::dialect::openai_chat_wire {
namespace {

using json::FieldReader;
using json::Type;
using json::ValueView;
using Extra = std::vector<json::RawField>;

/// Members nobody took, `before` put before their names; those with a null in them say nothing.
void keep_rest(const FieldReader& in, std::string_view before, Extra& extra) {
  for (json::RawField& field : in.rest()) {
    if (field.raw == "null") continue;
    field.name.insert(0, before);
    extra.push_back(std::move(field));
  }
}

struct BytesView {
  std::string_view media_type;
  std::string_view base64;
};
/// `data:image/png;base64,AAAA` as bytes; nullopt for any other address.
std::optional<BytesView> find_bytes(std::string_view url) {
  constexpr std::string_view kScheme = "data:";
  constexpr std::string_view kBase64 = ";base64";
  const std::size_t comma = url.find(',');
  std::string_view head = url.substr(0, comma == std::string_view::npos ? 0 : comma);
  if (!head.starts_with(kScheme) || !head.ends_with(kBase64)) return std::nullopt;
  head.remove_prefix(kScheme.size());
  head.remove_suffix(kBase64.size());
  return BytesView{head, url.substr(comma + 1)};
}

chat::Image image_of(std::string_view url) {
  chat::Image image;
  if (const std::optional<BytesView> bytes = find_bytes(url)) {
    image.data = bytes->base64;
    image.media_type = bytes->media_type;
  } else {
    image.url = url;
  }
  return image;
}

chat::Part read_image(FieldReader& part, std::string_view path, Extra& extra) {
  const std::optional<ValueView> holder = part.find_any("image_url");
  if (holder && holder->is_string()) return image_of(holder->text());
  if (!holder || !holder->is_object()) {
    part.problem("image_url", "must be an object with a url");
    return chat::Image{};
  }
  FieldReader in(*holder, part.path_of("image_url"));
  chat::Image image = image_of(in.text("url"));
  image.detail = read_word(in, "detail", {"auto", "low", "high"});
  part.absorb(in);
  keep_inner_rest(in, fmt::format("{}.image_url", path), extra);
  return image;
}

chat::Text refusal_of(std::string text) {
  chat::Text refusal;
  refusal.text = std::move(text);
  refusal.refusal = true;
  return refusal;
}

/// Only a file that comes along is a document; one by the id of an account means nothing elsewhere.
chat::Part read_file(ValueView value, FieldReader& part, std::string_view path, Extra& extra) {
  const std::optional<ValueView> holder = part.need("file", Type::Object);
  if (!holder) return chat::Document{};
  const std::optional<BytesView> bytes = find_bytes(text_of(*holder, "file_data"));
  if (!bytes || find_words(*holder, "file_id"))
    return chat::Opaque{"file", std::string(value.raw())};
  FieldReader in(*holder, part.path_of("file"));
  in.find_any("file_data");
  chat::Document document;
  document.data = bytes->base64;
  document.media_type = bytes->media_type;
  document.name = in.find_text("filename").value_or("");
  part.absorb(in);
  keep_inner_rest(in, fmt::format("{}.file", path), extra);
  return document;
}

chat::Part read_part(ValueView value, FieldReader& in, std::string_view path, Extra& extra) {
  const std::string type = in.text("type");
  if (type == "text") return chat::Text{in.text("text")};
  if (type == "refusal") return refusal_of(in.text("refusal"));
  if (type == "image_url") return read_image(in, path, extra);
  if (type == "file") return read_file(value, in, path, extra);
  return chat::Opaque{type, std::string(value.raw())};
}

std::vector<chat::Part> read_content(FieldReader& in, Extra& extra) {
  std::vector<chat::Part> parts;
  const std::optional<ValueView> content = in.find_any("content");
  if (!content) return parts;
  if (content->is_string()) {
    if (!content->text().empty()) parts.emplace_back(chat::Text{std::string(content->text())});
  } else if (content->is_array()) {
    std::size_t at = 0;
    for (const ValueView value : *content) {
      const std::string path = fmt::format("content[{}]", at++);
      FieldReader part(value, in.path_of(path));
      parts.push_back(read_part(value, part, path, extra));
      if (!std::holds_alternative<chat::Opaque>(parts.back())) keep_inner_rest(part, path, extra);
      in.absorb(part);
      if (!in.ok()) break;
    }
  } else {
    in.problem("content", "must be a string or a list of parts");
  }
  return parts;
}

/// A name and arguments under `function`, or under the older `function_call`.
chat::ToolCall read_function(FieldReader& holder, std::string_view name, std::string_view path,
                             Extra& extra) {
  chat::ToolCall call;
  const std::optional<ValueView> function = holder.need(name, Type::Object);
  if (!function) return call;
  FieldReader in(*function, holder.path_of(name));
  call.name = in.text("name");
  call.arguments = in.find_text("arguments").value_or("");
  holder.absorb(in);
  keep_inner_rest(in, path, extra);
  return call;
}

void read_tool_calls(FieldReader& in, std::vector<chat::Part>& parts, Extra& extra) {
  const std::optional<ValueView> calls = in.find_any("tool_calls");
  if (calls && !calls->is_array()) in.problem("tool_calls", "must be a list");
  std::size_t at = 0;
  if (calls && calls->is_array()) {
    for (const ValueView value : *calls) {
      const std::string path = fmt::format("tool_calls[{}]", at++);
      FieldReader call(value, in.path_of(path));
      const std::string type = call.find_text("type").value_or("function");
      if (type != "function") {
        parts.emplace_back(chat::Opaque{type, std::string(value.raw())});
        continue;
      }
      const std::string id = call.text("id");
      chat::ToolCall read = read_function(call, "function", path, extra);
      read.id = id;
      parts.emplace_back(std::move(read));
      keep_inner_rest(call, path, extra);
      in.absorb(call);
    }
  }
  if (!in.find_any("function_call")) return;
  chat::ToolCall older = read_function(in, "function_call", "function_call", extra);
  older.id = older.name;  // the result will name the function, not the call
  parts.emplace_back(std::move(older));
}

template <class Into>
void move_parts(std::vector<chat::Part>&& parts, std::vector<Into>& out) {
  for (chat::Part& part : parts) {
    if (auto* text = std::get_if<chat::Text>(&part)) out.emplace_back(std::move(*text));
    if (auto* image = std::get_if<chat::Image>(&part)) out.emplace_back(std::move(*image));
    if (auto* document = std::get_if<chat::Document>(&part)) out.emplace_back(std::move(*document));
    if (auto* opaque = std::get_if<chat::Opaque>(&part)) out.emplace_back(std::move(*opaque));
  }
}

void read_result(FieldReader& in, std::string call_id, chat::Message& message) {
  chat::ToolResult result{.call_id = std::move(call_id), .parts = {}};
  move_parts(read_content(in, message.extra), result.parts);
  message.parts.emplace_back(std::move(result));
}

/// Reasoning as naru or another gateway has given it. Gives whether any of it is a part now.
bool read_details(FieldReader& in, chat::Message& message) {
  const std::optional<ValueView> details = in.find_any("reasoning_details");
  if (!details) return false;
  if (!details->is_array()) in.problem("reasoning_details", "must be a list");
  for (std::size_t at = 0; const ValueView value : *details) {
    const std::string path = fmt::format("reasoning_details[{}]", at++);
    const std::optional<DetailView> detail = find_detail(value);
    if (!detail) {
      message.extra.push_back({path, std::string(value.raw())});
      continue;
    }
    chat::Thinking thinking{.text = std::string(detail->text), .id = std::string(detail->id)};
    unwrap_seal(detail->sealed, detail->seal, thinking);
    message.parts.emplace_back(std::move(thinking));
  }
  return !message.parts.empty();
}

void read_reasoning(FieldReader& in, chat::Message& message) {
  const std::optional<std::string> newer = in.find_text("reasoning_content");
  const std::optional<std::string> older = in.find_text("reasoning");
  if (read_details(in, message)) return;
  const std::string& text = newer ? *newer : older.value_or("");
  if (!text.empty()) message.parts.emplace_back(chat::Thinking{.text = text});
}

/// SDKs send an answer back as it came, its annotations with it.
void read_annotations(FieldReader& in, chat::Message& message) {
  const std::optional<ValueView> annotations = in.find_any("annotations");
  if (!annotations || annotations->size() == 0) return;
  chat::Text* cites = nullptr;
  for (chat::Part& part : message.parts)
    if (auto* text = std::get_if<chat::Text>(&part); text != nullptr && !text->refusal)
      cites = text;
  if (cites == nullptr) {
    message.extra.push_back({"annotations", std::string(annotations->raw())});
    return;
  }
  for (const ValueView one : *annotations) cites->citations.push_back(read_citation(one));
}

void read_assistant(FieldReader& in, chat::Message& message) {
  message.role = chat::Role::Assistant;
  read_reasoning(in, message);
  std::ranges::move(read_content(in, message.extra), std::back_inserter(message.parts));
  read_annotations(in, message);
  const std::optional<std::string> refusal = in.find_text("refusal");
  if (refusal && !refusal->empty()) message.parts.emplace_back(refusal_of(*refusal));
  read_tool_calls(in, message.parts, message.extra);
}

}  // namespace

void keep_inner_rest(const FieldReader& in, std::string_view path, Extra& extra) {
  keep_rest(in, fmt::format("{}.", path), extra);
}

chat::Message read_message(FieldReader& in) {
  chat::Message message;
  const std::string role = in.text("role");
  if (role == "tool") {
    read_result(in, in.text("tool_call_id"), message);
  } else if (role == "function") {
    read_result(in, in.text("name"), message);
  } else if (role == "assistant") {
    read_assistant(in, message);
  } else {
    message.role = role == "system"      ? chat::Role::System
                   : role == "developer" ? chat::Role::Developer
                                         : chat::Role::User;
    if (message.role == chat::Role::User && role != "user")
      refuse_word(in, "role", role, {"system", "developer", "user", "assistant", "tool"});
    message.parts = read_content(in, message.extra);
  }
  message.name = in.find_text("name").value_or("");
  if (role == "function") message.name.clear();
  keep_rest(in, "", message.extra);
  return message;
}

}  // namespace naru::dialect::openai_chat_wire
