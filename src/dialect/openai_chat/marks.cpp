#include "dialect/openai_chat/marks.h"

#include "dialect/json_views.h"
#include "dialect/openai/strict_json.h"
#include "dialect/seals.h"

namespace naru::dialect::openai_chat_wire {
namespace {

constexpr std::string_view kUrlCitation = "url_citation";

/// Where the text is that cites, as the other OpenAI dialect says it; its texts begin at `base`.
std::optional<Extent> find_extent(std::string_view raw, std::int64_t base) {
  const Result<json::Tree> tree = json::Tree::parse(raw);
  if (!tree || text_of(tree->root(), "type") != kUrlCitation) return std::nullopt;
  const auto begin = find_count(tree->root(), "start_index");
  const auto end = find_count(tree->root(), "end_index");
  if (!begin || !end) return std::nullopt;
  return Extent{base + *begin, base + *end};
}

void write_list(json::Writer& out, std::string_view name, std::string_view list) {
  out.key(name);
  if (list.empty())
    out.null();
  else
    out.raw(list);
}

constexpr std::string_view kReasoning = "reasoning.text";
constexpr std::string_view kReasoningSummary = "reasoning.summary";
constexpr std::string_view kReasoningEncrypted = "reasoning.encrypted";

void write_parts(json::Writer& out, const chat::Thinking& thinking, std::string_view sealed,
                 std::int64_t index) {
  const bool hidden = thinking.text.empty();
  out.object().field("type", hidden ? kReasoningEncrypted : kReasoning);
  if (!hidden) out.field("text", thinking.text);
  if (!sealed.empty()) out.field(hidden ? "data" : "signature", sealed);
  out.field("index", index);
}

}  // namespace

std::int64_t count_characters(std::string_view utf8) {
  const auto begins_one = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  return std::ranges::count_if(utf8, begins_one);
}

chat::Citation read_citation(json::ValueView annotation) {
  const json::ValueView holder = find_object(annotation, kUrlCitation).value_or(annotation);
  return {.url = std::string(text_of(holder, "url")),
          .title = std::string(text_of(holder, "title")),
          .raw = openai_wire::strict_json(annotation)};
}

bool is_own(const chat::Citation& citation) {
  if (citation.raw.empty()) return false;
  const Result<json::Tree> tree = json::Tree::parse(citation.raw);
  return tree && text_of(tree->root(), "type") == kUrlCitation &&
         find_object(tree->root(), kUrlCitation);
}

bool can_write(const chat::Citation& citation) { return !citation.url.empty() || is_own(citation); }

void write_citation(json::Writer& out, const chat::Citation& citation, Extent extent) {
  if (is_own(citation)) {
    out.raw(citation.raw);
    return;
  }
  const Extent told = find_extent(citation.raw, extent.begin).value_or(extent);
  out.object().field("type", kUrlCitation).key(kUrlCitation).object();
  out.field("start_index", told.begin).field("end_index", told.end);
  out.field("url", citation.url).field("title", citation.title).end_object().end_object();
}

std::string find_logprobs(json::ValueView choice, bool refusal) {
  const std::optional<json::ValueView> both = find_object(choice, "logprobs");
  if (!both) return {};
  const auto list = find_filled(*both, refusal ? "refusal" : "content");
  return list && list->is_array() ? openai_wire::strict_json(*list) : std::string();
}

void join_lists(std::string& list, std::string_view more) {
  if (list.empty() || more.empty()) {
    list += more;
    return;
  }
  list.back() = ',';
  list += more.substr(1);
}

void write_logprobs(json::Writer& out, std::string_view content, std::string_view refusal) {
  if (content.empty() && refusal.empty()) {
    out.null();
    return;
  }
  out.object();
  write_list(out, "content", content);
  write_list(out, "refusal", refusal);
  out.end_object();
}

std::optional<DetailView> find_detail(json::ValueView detail) {
  const std::string_view type = text_of(detail, "type");
  DetailView view{.index = find_count(detail, "index").value_or(0)};
  if (type == kReasoning) {
    view.text = text_of(detail, "text");
    view.sealed = text_of(detail, "signature");
    if (!view.sealed.empty()) view.seal = chat::Seal::Signature;
  } else if (type == kReasoningSummary) {
    view.text = text_of(detail, "summary");
  } else if (type == kReasoningEncrypted) {
    view.sealed = text_of(detail, "data");
    view.id = text_of(detail, "id");
    if (!view.sealed.empty()) view.seal = chat::Seal::Encrypted;
  } else {
    return std::nullopt;
  }
  return view;
}

bool has_own_seal(const chat::Thinking& thinking) {
  if (thinking.text.empty()) return thinking.seal == chat::Seal::Encrypted;
  return thinking.seal == chat::Seal::Signature && thinking.id.empty();
}

void write_own_detail(json::Writer& out, const chat::Thinking& thinking, std::int64_t index) {
  write_parts(out, thinking, thinking.sealed, index);
  if (!thinking.id.empty()) out.field("id", thinking.id);
  out.end_object();
}

void write_detail(json::Writer& out, const chat::Thinking& thinking, std::string_view upstream,
                  std::int64_t index) {
  const bool sealed = thinking.seal != chat::Seal::None;
  const bool own = upstream.empty() && thinking.origin.empty() && has_own_seal(thinking);
  if (own) return write_own_detail(out, thinking, index);
  const std::string_view origin = upstream.empty() ? thinking.origin : upstream;
  write_parts(out, thinking, sealed ? wrap_seal(thinking, origin) : std::string(), index);
  out.end_object();
}

}  // namespace naru::dialect::openai_chat_wire
