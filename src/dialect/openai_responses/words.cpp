#include "dialect/openai_responses/words.h"

#include <algorithm>
#include <array>

#include "dialect/seals.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::ValueView;

struct ItemWord {
  std::string_view type;
  Item item;
};
constexpr auto kItems = std::to_array<ItemWord>({
    {"message", Item::Message},
    {"function_call", Item::Call},
    {"function_call_output", Item::Output},
    {"reasoning", Item::Reasoning},
    {"item_reference", Item::Reference},
});
/// Annotations beside addresses: of files that the provider holds.
constexpr auto kFileAnnotations =
    std::to_array<std::string_view>({"file_citation", "container_file_citation", "file_path"});

/// Whether the JSON of an annotation is in this dialect's form.
bool is_own_annotation(std::string_view raw) {
  const Result<json::Tree> tree = json::Tree::parse(raw);
  if (!tree) return false;
  const std::string_view type = text_of(tree->root(), "type");
  if (type == "url_citation") return find_words(tree->root(), "url").has_value();
  return std::ranges::find(kFileAnnotations, type) != kFileAnnotations.end();
}

std::int64_t characters_of(std::string_view utf8) {
  return std::ranges::count_if(utf8, [](char c) { return (c & 0xC0) != 0x80; });
}

}  // namespace

Item kind_of_item(ValueView item) {
  const std::optional<ValueView> type = item.find("type");
  if (!type || type->is_null()) return item.find("role") ? Item::Message : Item::Reference;
  const auto row = std::ranges::find(kItems, type->text(), &ItemWord::type);
  return row == kItems.end() ? Item::Other : row->item;
}

bool is_of_user(std::string_view item_type) {
  return item_type.ends_with("_output") || item_type == "mcp_approval_response";
}

bool is_content(std::string_view type) {
  return type.starts_with("input_") || type.starts_with("output_");
}

std::string_view why_not_sent(ValueView item) {
  if (kind_of_item(item) != Item::Reasoning) return {};
  const std::string_view sealed = text_of(item, "encrypted_content");
  if (is_wrapped_seal(sealed)) return "its reasoning is sealed by another upstream";
  if (sealed.empty() && !find_filled(item, "content"))
    return "its reasoning is not sealed, and no upstream keeps it";
  return {};
}

std::vector<chat::Citation> read_annotations(ValueView annotations) {
  std::vector<chat::Citation> citations;
  for (const ValueView one : annotations)
    citations.push_back({.url = std::string(text_of(one, "url")),
                         .title = std::string(text_of(one, "title")),
                         .raw = std::string(one.raw())});
  return citations;
}

bool write_annotation(json::Writer& out, const chat::Citation& citation, std::string_view text) {
  if (is_own_annotation(citation.raw)) {
    out.raw(citation.raw);
    return true;
  }
  if (citation.url.empty()) return false;
  out.object().field("type", "url_citation");
  out.field("start_index", 0).field("end_index", characters_of(text));
  out.field("url", citation.url).field("title", citation.title).end_object();
  return true;
}

std::optional<DataUrl> find_data_url(std::string_view url) {
  constexpr std::string_view kScheme = "data:";
  constexpr std::string_view kBase64 = ";base64";
  const std::size_t comma = url.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  std::string_view head = url.substr(0, comma);
  if (!head.starts_with(kScheme) || !head.ends_with(kBase64)) return std::nullopt;
  head.remove_prefix(kScheme.size());
  head.remove_suffix(kBase64.size());
  return DataUrl{std::string(head), std::string(url.substr(comma + 1))};
}

std::string data_url(std::string_view media_type, std::string_view data) {
  return fmt::format("data:{};base64,{}", media_type, data);
}

}  // namespace naru::dialect::openai_responses_wire
