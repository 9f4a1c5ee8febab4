#include "base/json_fields.h"
#include "dialect/closed_words.h"
#include "dialect/openai_responses/codec.h"
#include "dialect/openai_responses/request/items.h"
#include "dialect/seals.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::FieldReader;
using json::ValueView;
using Extra = std::vector<json::RawField>;

chat::ResultPart opaque(ValueView value, std::string_view type) {
  return chat::Opaque{std::string(type), std::string(value.raw())};
}

chat::ResultPart read_image(FieldReader& in, ValueView value) {
  const std::optional<std::string> url = in.find_text("image_url");
  if (!url) {
    if (!in.find_text("file_id")) in.problem("image_url", "must be a string");
    return opaque(value, "input_image");
  }
  chat::Image image;
  if (std::optional<DataUrl> bytes = find_data_url(*url)) {
    image.data = std::move(bytes->data);
    image.media_type = std::move(bytes->media_type);
  } else {
    image.url = *url;
  }
  image.detail = read_word(in, "detail", {"auto", "low", "high", "original"});
  return image;
}

/// Bytes come as a data URL; where they come bare, they are what most documents are.
chat::ResultPart read_file(FieldReader& in, ValueView value) {
  const std::optional<std::string> data = in.find_text("file_data");
  const std::optional<std::string> url = in.find_text("file_url");
  if (!data && !url) {
    if (!in.find_text("file_id")) in.problem("file_data", "must be a string");
    return opaque(value, "input_file");
  }
  chat::Document document;
  document.name = in.find_text("filename").value_or("");
  if (!data) {
    document.url = *url;
    return document;
  }
  DataUrl bytes = find_data_url(*data).value_or(DataUrl{"application/pdf", *data});
  document.data = std::move(bytes.data);
  document.media_type = std::move(bytes.media_type);
  return document;
}

chat::ResultPart read_output_text(FieldReader& in) {
  chat::Text text{in.text("text")};
  if (const auto annotations = in.find_any("annotations"))
    text.citations = read_annotations(*annotations);
  const std::optional<ValueView> logprobs = in.find_any("logprobs");
  if (logprobs && logprobs->is_array() && logprobs->size() > 0) text.logprobs = logprobs->raw();
  return text;
}

/// `path` is the part's in its message.
chat::ResultPart read_part(FieldReader& in, ValueView value, std::string_view path, Extra& extra) {
  const std::string type = in.text("type");
  chat::ResultPart part = type == "input_text"    ? chat::Text{in.text("text")}
                          : type == "output_text" ? read_output_text(in)
                          : type == "refusal"     ? chat::Text{in.text("refusal"), true}
                          : type == "input_image" ? read_image(in, value)
                          : type == "input_file"  ? read_file(in, value)
                                                  : opaque(value, type);
  if (!std::holds_alternative<chat::Opaque>(part)) keep_rest(in, fmt::format("{}.", path), extra);
  return part;
}

/// Parts of a message's `content` or a call's `output`; a lone string is one text. `path_at` gives
/// the place of the next part in the canonical message.
template <class PathAt, class Take>
void read_parts(FieldReader& in, std::string_view name, Extra& extra, const PathAt& path_at,
                const Take& take) {
  const std::optional<ValueView> content = in.find_any(name);
  if (!content || !(content->is_string() || content->is_array()))
    return in.problem(name, "must be a string or a list of parts");
  if (!content->text().empty()) take(chat::Text{std::string(content->text())});
  std::size_t at = 0;
  for (const ValueView value : *content) {
    FieldReader part(value, fmt::format("{}[{}]", in.path_of(name), at++));
    take(read_part(part, value, path_at(), extra));
    in.absorb(part);
    if (!in.ok()) return;
  }
}

/// The texts of `[{"type":…,"text":…}]`, a blank line between two.
std::string joined_texts(FieldReader& in, std::string_view name) {
  const std::optional<ValueView> list = in.find_any(name);
  if (list && !list->is_array()) in.problem(name, "must be a list");
  std::string joined;
  if (!list || !list->is_array()) return joined;
  for (const ValueView one : *list) {
    if (!joined.empty()) joined += "\n\n";
    joined += text_of(one, "text");
  }
  return joined;
}

class InputReader {
 public:
  explicit InputReader(std::vector<chat::Message>& messages) : messages_(messages) {}

  void read(FieldReader& in, ValueView item) {
    if (!item.is_object()) return;  // `in` has said so
    const std::optional<std::string> type = in.find_text("type");
    switch (kind_of_item(item)) {
      case Item::Message:
        return read_message(in);
      case Item::Call:
        return read_call(in);
      case Item::Output:
        return read_output(in);
      case Item::Reasoning:
        return read_reasoning(in);
      case Item::Reference:
        return in.problem("", "is a reference to an item that naru does not have");
      case Item::Other:
        return add(is_of_user(type.value_or("")) ? Run::Outputs : Run::Turn,
                   chat::Opaque{type.value_or(""), std::string(item.raw())});
    }
  }

 private:
  /// What goes on from item to item as one message.
  enum class Run : std::uint8_t { None, Turn, Outputs };

  chat::Message& message_of(Run run, chat::Role role) {
    if (run == Run::None || run != run_) messages_.push_back({.role = role, .parts = {}});
    run_ = run;
    return messages_.back();
  }
  chat::Message& message_of(Run run) {
    return message_of(run, run == Run::Turn ? chat::Role::Assistant : chat::Role::User);
  }
  void add(Run run, chat::Part part) { message_of(run).parts.push_back(std::move(part)); }

  /// What an item has beside its content. Its id and status tell nothing that naru could lose.
  static void keep_item_rest(FieldReader& in, chat::Message& message, std::size_t first_part) {
    in.find_any("id");
    in.find_any("status");
    keep_rest(in, fmt::format("content[{}].", first_part), message.extra);
  }

  void read_message(FieldReader& in) {
    const std::string word = in.text("role");
    const auto role = word == "system"      ? chat::Role::System
                      : word == "developer" ? chat::Role::Developer
                      : word == "assistant" ? chat::Role::Assistant
                                            : chat::Role::User;
    if (role == chat::Role::User && word != "user")
      return refuse_word(in, "role", word, {"user", "assistant", "system", "developer"});
    chat::Message& message =
        message_of(role == chat::Role::Assistant ? Run::Turn : Run::None, role);
    const std::size_t first = message.parts.size();
    read_parts(
        in, "content", message.extra,
        [&] { return fmt::format("content[{}]", message.parts.size()); },
        [&](chat::ResultPart part) {
          std::visit([&](auto& one) { message.parts.emplace_back(std::move(one)); }, part);
        });
    keep_item_rest(in, message, first);
  }

  void read_call(FieldReader& in) {
    chat::Message& message = message_of(Run::Turn);
    message.parts.emplace_back(chat::ToolCall{
        .id = in.text("call_id"), .name = in.text("name"), .arguments = in.text("arguments")});
    keep_item_rest(in, message, message.parts.size() - 1);
  }

  void read_output(FieldReader& in) {
    chat::Message& message = message_of(Run::Outputs);
    const std::size_t at = message.parts.size();
    chat::ToolResult result{.call_id = in.text("call_id"), .parts = {}};
    read_parts(
        in, "output", message.extra,
        [&] { return fmt::format("content[{}].content[{}]", at, result.parts.size()); },
        [&](chat::ResultPart part) { result.parts.push_back(std::move(part)); });
    message.parts.emplace_back(std::move(result));
    keep_item_rest(in, message, at);
  }

  /// Its summary is what it shows; open models show the reasoning itself.
  void read_reasoning(FieldReader& in) {
    chat::Message& message = message_of(Run::Turn);
    chat::Thinking thinking{.text = joined_texts(in, "summary")};
    if (thinking.text.empty()) thinking.text = joined_texts(in, "content");
    thinking.id = in.find_text("id").value_or("");
    unwrap_seal(in.find_text("encrypted_content").value_or(""), chat::Seal::Encrypted, thinking);
    message.parts.emplace_back(std::move(thinking));
    keep_item_rest(in, message, message.parts.size() - 1);
  }

  std::vector<chat::Message>& messages_;
  Run run_ = Run::None;
};

}  // namespace

void keep_rest(const FieldReader& in, std::string_view before, Extra& extra) {
  for (json::RawField& field : in.rest()) {
    if (field.raw == "null") continue;
    field.name.insert(0, before);
    extra.push_back(std::move(field));
  }
}

void read_input(FieldReader& in, std::vector<chat::Message>& messages) {
  const std::optional<ValueView> input = in.find_any("input");
  if (!input) return;
  if (input->is_string())
    return messages.push_back({.parts = {chat::Text{std::string(input->text())}}});
  if (!input->is_array()) return in.problem("input", "must be a string or a list of items");
  InputReader reader(messages);
  std::size_t at = 0;
  for (const ValueView item : *input) {
    FieldReader inner(item, fmt::format("{}[{}]", in.path_of("input"), at++));
    reader.read(inner, item);
    in.absorb(inner);
    if (!in.ok()) return;
  }
}

}  // namespace naru::dialect::openai_responses_wire
