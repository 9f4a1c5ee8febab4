#include "dialect/anthropic/citations.h"

#include "dialect/json_views.h"

namespace naru::dialect::anthropic_wire {
namespace {

constexpr std::string_view kWeb = "web_search_result_location";
constexpr auto kLocations = std::to_array<std::string_view>(
    {"char_location", "page_location", "content_block_location", "search_result_location", kWeb});

}  // namespace

chat::Citation read_citation(json::ValueView citation) {
  chat::Citation read;
  read.raw = citation.raw();
  if (text_of(citation, "type") != kWeb) return read;
  read.url = text_of(citation, "url");
  read.title = text_of(citation, "title");
  read.quote = text_of(citation, "cited_text");
  return read;
}

std::vector<chat::Citation> read_citations(json::ValueView block) {
  std::vector<chat::Citation> citations;
  const std::optional<json::ValueView> list = find_filled(block, "citations");
  if (!list || !list->is_array()) return citations;
  for (const json::ValueView citation : *list)
    if (citation.is_object()) citations.push_back(read_citation(citation));
  return citations;
}

bool is_own_citation(const chat::Citation& citation) {
  if (citation.raw.empty()) return false;
  const Result<json::Tree> tree = json::Tree::parse(citation.raw, json::kFromUpstream);
  return tree && std::ranges::find(kLocations, text_of(tree->root(), "type")) != kLocations.end();
}

bool can_show_citation(const chat::Citation& citation) {
  return !citation.url.empty() || is_own_citation(citation);
}

void write_citation(json::Writer& out, const chat::Citation& citation) {
  if (is_own_citation(citation)) {
    out.raw(citation.raw);
    return;
  }
  out.object().field("type", kWeb).field("url", citation.url).field("title", citation.title);
  out.field("cited_text", citation.quote).field("encrypted_index", "").end_object();
}

}  // namespace naru::dialect::anthropic_wire
