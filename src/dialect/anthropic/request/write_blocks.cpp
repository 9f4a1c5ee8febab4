#include "base/text.h"
#include "dialect/anthropic/citations.h"
#include "dialect/anthropic/request/turns.h"
#include "dialect/anthropic/words.h"

/// Canonical parts → content blocks of requests.
namespace naru::dialect::anthropic_wire {
namespace {

using Losses = std::vector<chat::Loss>;

/// Ids of other makers may hold what Anthropic's pattern `[a-zA-Z0-9_-]+` refuses.
std::string plain_id(std::string_view id) {
  std::string plain(id);
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  };
  for (char& c : plain)
    if (!allowed(c)) c = '_';
  return plain.empty() ? "unnamed" : plain;
}

/// The API's own spelling of an image's type; empty if it takes no such images.
std::string_view image_type(std::string_view media_type) {
  if (equals_ignoring_case(media_type, "image/jpg")) media_type = "image/jpeg";
  for (const std::string_view known : {"image/jpeg", "image/png", "image/gif", "image/webp"})
    if (equals_ignoring_case(media_type, known)) return known;
  return {};
}

/// A text that a string says whole.
bool is_plain(const chat::Text& text) {
  return text.citations.empty() && text.cache == chat::CacheMark::None;
}

/// Writes one block.
class PartWriter {
 public:
  PartWriter(json::Writer& out, std::string_view path, Losses& losses)
      : out_(out), path_(path), losses_(losses) {}

  void operator()(const chat::Text& text) {
    begin("text").field("text", text.text);
    write_citations(text.citations);
    end(text.cache);
  }
  void operator()(const chat::Image& image) {
    if (!image.detail.empty() && image.detail != "auto")
      lose(".detail", "anthropic chooses the detail of images itself");
    begin("image").key("source").object();
    if (!image.url.empty())
      out_.field("type", "url").field("url", image.url);
    else
      out_.field("type", "base64")
          .field("media_type", image_type(image.media_type))
          .field("data", image.data);
    out_.end_object();
    end(image.cache);
  }
  void operator()(const chat::Document& document) {
    begin("document").key("source").object();
    if (!document.url.empty())
      out_.field("type", "url").field("url", document.url);
    else if (!document.data.empty())
      out_.field("type", "base64").field("media_type", kPdf).field("data", document.data);
    else
      out_.field("type", "text").field("media_type", kPlainText).field("data", document.text);
    out_.end_object();
    if (!document.name.empty()) out_.field("title", document.name);
    if (!document.context.empty()) out_.field("context", document.context);
    if (document.cite) out_.key("citations").object().field("enabled", true).end_object();
    end(document.cache);
  }
  void operator()(const chat::ToolCall& call) {
    begin("tool_use").field("id", plain_id(call.id)).field("name", call.name);
    write_input(out_.key("input"), call.arguments);
    end(call.cache);
    if (!skip_blanks(call.arguments).empty() && !is_json_object(call.arguments))
      lose(".arguments", "anthropic takes an object only; sent as text inside one");
  }
  void operator()(const chat::ToolResult& result) {
    begin("tool_result").field("tool_use_id", plain_id(result.call_id));
    write_result(result.parts);
    if (result.is_error) out_.field("is_error", true);
    end(result.cache);
  }
  void operator()(const chat::Thinking& thinking) {
    if (thinking.seal == chat::Seal::Redacted)
      begin("redacted_thinking").field("data", thinking.sealed);
    else
      begin("thinking").field("thinking", thinking.text).field("signature", thinking.sealed);
    out_.end_object();
  }
  void operator()(const chat::Opaque& opaque) { out_.raw(opaque.raw); }

 private:
  json::Writer& begin(std::string_view type) { return out_.object().field("type", type); }
  void end(chat::CacheMark mark) {
    write_cache_mark(out_, mark);
    out_.end_object();
  }

  /// The API checks that it has made them, so those of other makers stay here.
  void write_citations(const std::vector<chat::Citation>& citations) {
    const auto own = std::ranges::count_if(citations, is_own_citation);
    if (own < std::ssize(citations))
      lose(".citations", "anthropic takes back only citations that it has made");
    if (own == 0) return;
    out_.key("citations").array();
    for (const chat::Citation& citation : citations)
      if (is_own_citation(citation)) write_citation(out_, citation);
    out_.end_array();
  }

  /// A lone text as a string; the API refuses empty ones in blocks.
  void write_result(const std::vector<chat::ResultPart>& parts) {
    std::vector<std::pair<const chat::ResultPart*, std::string>> kept;
    std::size_t at = 0;
    for (const chat::ResultPart& part : parts) {
      std::string path = fmt::format("{}.content[{}]", path_, at++);
      const auto* document = std::get_if<chat::Document>(&part);
      const auto* image = std::get_if<chat::Image>(&part);
      const char* const why = document != nullptr ? document_refusal(*document)
                              : image != nullptr  ? image_refusal(*image)
                                                  : nullptr;
      if (why != nullptr)
        losses_.push_back({std::move(path), why});
      else if (const auto* text = std::get_if<chat::Text>(&part); !text || !text->text.empty())
        kept.emplace_back(&part, std::move(path));
    }
    if (kept.empty()) return;
    out_.key("content");
    const auto* text = std::get_if<chat::Text>(kept.front().first);
    if (kept.size() == 1 && text != nullptr && is_plain(*text)) {
      out_.text(text->text);
      return;
    }
    out_.array();
    for (const auto& [part, path] : kept) std::visit(PartWriter(out_, path, losses_), *part);
    out_.end_array();
  }

  void lose(std::string_view field, std::string_view why) {
    losses_.push_back({fmt::format("{}{}", path_, field), std::string(why)});
  }
  json::Writer& out_;
  const std::string_view path_;
  Losses& losses_;
};

}  // namespace

const char* document_refusal(const chat::Document& document) {
  const bool is_pdf = document.media_type.empty() || document.media_type == kPdf;
  return document.data.empty() || is_pdf ? nullptr
                                         : "anthropic takes PDFs, and documents of plain text";
}

const char* image_refusal(const chat::Image& image) {
  if (!image.url.empty() || !image_type(image.media_type).empty()) return nullptr;
  return "anthropic takes JPEG, PNG, GIF and WebP images";
}

void write_blocks(json::Writer& out, const std::vector<PlacedPartView>& parts, Losses& losses) {
  if (parts.size() == 1) {
    const auto* text = std::get_if<chat::Text>(parts.front().part);
    if (text != nullptr && is_plain(*text)) {
      out.text(text->text);
      return;
    }
  }
  out.array();
  for (const PlacedPartView& placed : parts)
    std::visit(PartWriter(out, placed.path, losses), *placed.part);
  out.end_array();
}

void write_cache_mark(json::Writer& out, chat::CacheMark mark) {
  if (mark == chat::CacheMark::None) return;
  out.key("cache_control").object().field("type", "ephemeral");
  if (mark == chat::CacheMark::OneHour) out.field("ttl", "1h");
  out.end_object();
}

}  // namespace naru::dialect::anthropic_wire
