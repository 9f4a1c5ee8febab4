#include "dialect/openai_responses/answer/items.h"

#include "dialect/openai_responses/codec.h"
#include "dialect/provider_words.h"
#include "dialect/seals.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::ValueView;

constexpr std::size_t kMostTypeBytes = 64;  // of an upstream's own word
/// Annotations without an address that this dialect knows.
constexpr auto kOwnAnnotations =
    std::to_array<std::string_view>({"file_citation", "container_file_citation", "file_path"});
constexpr std::string_view kUrlCitation = "url_citation";

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

/// Texts of the objects in the list `name`, with `between` where one follows another.
std::string texts_in(ValueView item, std::string_view name, std::string_view between) {
  std::string texts;
  const std::optional<ValueView> list = find_filled(item, name);
  if (!list) return texts;
  for (const ValueView one : *list) {
    const std::string_view text = text_of(one, "text");
    if (!texts.empty() && !text.empty()) texts += between;
    texts += text;
  }
  return texts;
}

void read_message(ValueView item, std::size_t index, std::vector<chat::Part>& parts,
                  std::vector<chat::Loss>& losses) {
  if (const auto text = find_words(item, "content")) {
    parts.emplace_back(chat::Text{std::string(text->text())});
    return;
  }
  const std::optional<ValueView> content = find_filled(item, "content");
  if (!content) return;
  for (const ValueView one : *content) {
    std::optional<chat::Text> text = read_content(one);
    if (!text)
      losses.push_back(loss_of_item(text_of(one, "type"), index));
    else if (says_anything(*text))
      parts.emplace_back(*std::move(text));
  }
}

std::size_t characters_in(std::string_view utf8) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<std::size_t>(std::ranges::count_if(utf8, begins));
}

/// The annotation as it came, if it is one of this dialect.
bool is_own_annotation(const std::string& raw) {
  const Result<json::Tree> tree = json::Tree::parse(raw);
  if (!tree) return false;
  const std::string_view type = text_of(tree->root(), "type");
  if (type == kUrlCitation) return find_words(tree->root(), "url").has_value();
  return std::ranges::find(kOwnAnnotations, type) != kOwnAnnotations.end();
}

/// Empty if this dialect has no form for it.
std::string annotation_of(const chat::Citation& citation, std::size_t characters) {
  if (!citation.raw.empty() && is_own_annotation(citation.raw)) return citation.raw;
  if (citation.url.empty()) return {};
  std::string annotation;
  json::Writer out(annotation);
  out.object().field("type", kUrlCitation).field("start_index", 0);
  out.field("end_index", static_cast<std::int64_t>(characters));
  out.field("url", citation.url).field("title", citation.title).end_object();
  return annotation;
}

}  // namespace

ItemKind kind_of_item(std::string_view type) {
  if (type == "message") return ItemKind::Message;
  if (type == "function_call") return ItemKind::Call;
  return type == "reasoning" ? ItemKind::Reasoning : ItemKind::Other;
}

bool is_one_of(json::ValueView holder, std::string_view name,
               std::span<const std::string_view> words) {
  const std::optional<json::ValueView> member = holder.find(name);
  return !member || member->is_null() || std::ranges::find(words, member->text()) != words.end();
}

bool has_own_words(json::ValueView item) {
  constexpr auto kStatuses =
      std::to_array<std::string_view>({"in_progress", "completed", "incomplete"});
  constexpr auto kRoles = std::to_array<std::string_view>({"assistant"});
  const ItemKind kind = kind_of_item(text_of(item, "type"));
  if (kind == ItemKind::Other) return true;
  return is_one_of(item, "status", kStatuses) &&
         (kind != ItemKind::Message || is_one_of(item, "role", kRoles));
}

void read_item(ValueView item, std::size_t index, std::vector<chat::Part>& parts,
               std::vector<chat::Loss>& losses) {
  const std::string_view type = text_of(item, "type");
  switch (kind_of_item(type)) {
    case ItemKind::Message:
      return read_message(item, index, parts, losses);
    case ItemKind::Reasoning:
      if (chat::Thinking thinking = read_thinking(item); says_anything(thinking))
        parts.emplace_back(std::move(thinking));
      return;
    case ItemKind::Call:
      parts.emplace_back(read_call(item, index));
      return;
    case ItemKind::Other:
      losses.push_back(loss_of_item(type, index));
  }
}

std::optional<chat::Text> read_content(ValueView part) {
  const std::string_view type = text_of(part, "type");
  if (type == "refusal")
    return chat::Text{.text = std::string(text_of(part, "refusal")), .refusal = true};
  if (type != "output_text" && type != "text") return std::nullopt;
  chat::Text text{.text = std::string(text_of(part, "text"))};
  if (const std::optional<ValueView> annotations = find_filled(part, "annotations"))
    for (const ValueView one : *annotations) text.citations.push_back(read_citation(one));
  text.logprobs = logprobs_of(part);
  return text;
}

chat::Citation read_citation(ValueView annotation) {
  chat::Citation citation{.url = {}};
  if (text_of(annotation, "type") == kUrlCitation) {
    citation.url = text_of(annotation, "url");
    citation.title = text_of(annotation, "title");
  }
  citation.raw = annotation.raw();
  return citation;
}

chat::Thinking read_thinking(ValueView item) {
  chat::Thinking thinking{.text = texts_in(item, "summary", "\n\n")};
  if (thinking.text.empty()) thinking.text = texts_in(item, "content", "");
  thinking.sealed = text_of(item, "encrypted_content");
  if (!thinking.sealed.empty()) thinking.seal = chat::Seal::Encrypted;
  thinking.id = text_of(item, "id");
  return thinking;
}

chat::ToolCall read_call(ValueView item, std::size_t index) {
  chat::ToolCall call{.id = std::string(text_of(item, "call_id")),
                      .name = std::string(text_of(item, "name")),
                      .arguments = arguments_of(item)};
  if (call.id.empty()) call.id = text_of(item, "id");
  if (call.id.empty()) call.id = fmt::format("call_{}", index);
  return call;
}

std::string arguments_of(ValueView holder) {
  const std::optional<ValueView> member = holder.find("arguments");
  if (!member) return {};
  return std::string(member->is_object() ? member->raw() : member->text());
}

std::string logprobs_of(ValueView holder) {
  const std::optional<ValueView> list = find_filled(holder, "logprobs");
  return list && list->is_array() ? std::string(list->raw()) : std::string();
}

chat::Loss loss_of_item(std::string_view type, std::size_t index) {
  return {fmt::format("answer.content[{}]", index),
          fmt::format("an output of type '{}' has no place in another dialect",
                      cleaned(type, kMostTypeBytes))};
}

void tally_item(ValueView item, chat::Tally& tally) {
  tally.add(arguments_of(item));
  for (const std::string_view name : {"input", "code"}) tally.add(text_of(item, name));
  for (const std::string_view name : {"summary", "content"})
    if (const std::optional<ValueView> list = find_filled(item, name))
      for (const ValueView one : *list) {
        tally.add(text_of(one, "text"));
        tally.add(text_of(one, "refusal"));
      }
  if (const auto text = find_words(item, "content")) tally.add(text->text());
}

Content content_of(const chat::Text& text, std::size_t index, std::vector<chat::Loss>& losses) {
  Content content{.text = text.text, .refusal = text.refusal};
  if (!text.refusal && is_list(text.logprobs))
    content.logprobs = text.logprobs;
  else if (text.logprobs.size() > 2)
    losses.push_back(loss_of_logprobs(index));
  const std::size_t characters = characters_in(text.text);
  for (std::size_t at = 0; at < text.citations.size(); ++at) {
    std::string annotation =
        text.refusal ? std::string() : annotation_of(text.citations[at], characters);
    if (annotation.empty())
      losses.push_back({fmt::format("answer.content[{}].citations[{}]", index, at),
                        "openai_responses has no such source"});
    else
      content.annotations.push_back(std::move(annotation));
  }
  return content;
}

bool is_list(std::string_view logprobs) {
  if (logprobs.size() <= 2) return false;
  const Result<json::Tree> tree = json::Tree::parse(logprobs);
  return tree && tree->root().is_array() && tree->root().size() > 0;
}

bool says_anything(const Content& content) {
  return !content.text.empty() || !content.annotations.empty() || !content.logprobs.empty();
}

bool says_anything(const chat::Text& text) {
  return !text.text.empty() || !text.citations.empty() || !text.logprobs.empty();
}

bool says_anything(const chat::Thinking& thinking) {
  return !thinking.text.empty() || thinking.seal != chat::Seal::None;
}

chat::Loss loss_of_part(std::size_t index) {
  return {fmt::format("answer.content[{}]", index),
          "openai_responses shows no such part in an answer"};
}

chat::Loss loss_of_logprobs(std::size_t index) {
  return {fmt::format("answer.content[{}].logprobs", index),
          "openai_responses cannot show such log probabilities"};
}

void append_list(std::string& list, std::string_view more) {
  if (list.empty()) {
    list = more;
    return;
  }
  list.back() = ',';
  list += more.substr(1);
}

void write_content(json::Writer& out, const Content& content) {
  if (content.refusal) {
    out.object().field("type", "refusal").field("refusal", content.text).end_object();
    return;
  }
  out.object().field("type", "output_text").key("annotations").array();
  for (const std::string& annotation : content.annotations) out.raw(annotation);
  out.end_array().key("logprobs").raw(content.logprobs.empty() ? "[]" : content.logprobs);
  out.field("text", content.text).end_object();
}

ItemWriter::ItemWriter(const WriterOptions& options)
    : random_(options.answer_id), upstream_(options.upstream) {
  if (random_.starts_with(kIdPrefix)) random_.erase(0, kIdPrefix.size());
}

std::string ItemWriter::id_of(const Item& item, std::int64_t index) const {
  const auto* thinking = std::get_if<chat::Thinking>(&item);
  if (thinking != nullptr && upstream_.empty() && !thinking->id.empty()) return thinking->id;
  constexpr std::array<std::string_view, std::variant_size_v<Item>> kPrefixes = {"msg_", "rs_",
                                                                                 "fc_"};
  return fmt::format("{}{}_{}", kPrefixes.at(item.index()), random_, index);
}

void ItemWriter::write(json::Writer& out, const Item& item, std::string_view id,
                       std::string_view status) const {
  out.object().field("id", id);
  std::visit(Overloaded{
                 [&](const MessageItem& message) {
                   out.field("type", "message").field("role", "assistant").key("content").array();
                   for (const Content& content : message.content) write_content(out, content);
                   out.end_array();
                 },
                 [&](const chat::Thinking& thinking) { write_thinking(out, thinking); },
                 [&](const chat::ToolCall& call) {
                   out.field("type", "function_call").field("call_id", call.id);
                   out.field("name", call.name).field("arguments", call.arguments);
                 },
             },
             item);
  out.field("status", status).end_object();
}

void ItemWriter::write_thinking(json::Writer& out, const chat::Thinking& thinking) const {
  out.field("type", "reasoning").key("summary").array();
  if (!thinking.text.empty())
    out.object().field("type", "summary_text").field("text", thinking.text).end_object();
  out.end_array();
  if (thinking.seal == chat::Seal::None) return;
  const bool raw = thinking.seal == chat::Seal::Encrypted && upstream_.empty();
  out.field("encrypted_content", raw ? thinking.sealed : wrap_seal(thinking, upstream_));
}

}  // namespace naru::dialect::openai_responses_wire
