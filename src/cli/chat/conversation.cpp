#include "cli/chat/conversation.h"

#include "base/json.h"
#include "base/json_writer.h"
#include "cli/ask/http.h"

namespace naru::cli {
namespace {

/// The text of the first choice's delta; nullopt for events without any.
std::optional<std::string_view> text_of(json::ValueView event) {
  const auto choices = event.find("choices");
  if (!choices || choices->size() == 0) return std::nullopt;
  const auto delta = (*choices->begin()).find("delta");
  const auto content = delta ? delta->find("content") : std::nullopt;
  if (!content || !content->is_string() || content->text().empty()) return std::nullopt;
  return content->text();
}

}  // namespace

std::string write_chat(std::string_view model, const std::vector<Turn>& turns) {
  std::string body;
  json::Writer out(body);
  out.object().field("model", model).field("stream", true).key("messages").array();
  for (const Turn& turn : turns)
    out.object().field("role", turn.role).field("content", turn.text).end_object();
  out.end_array().end_object();
  return body;
}

Result<void> AnswerReader::feed(std::string_view bytes,
                                const std::function<void(std::string_view)>& on_text) {
  NARU_TRY_VOID(splitter_.feed(bytes));
  while (const auto event = splitter_.next())
    if (event->has_data) NARU_TRY_VOID(read_event(event->data, on_text));
  return {};
}

Result<void> AnswerReader::read_event(std::string_view data,
                                      const std::function<void(std::string_view)>& on_text) {
  if (data == "[DONE]") {
    ended_ = true;
    return {};
  }
  const auto tree = json::Tree::parse(data);
  if (!tree)
    return fail(FaultKind::UpstreamInvalid, "an event of the answer is no JSON: {}",
                tree.error().detail);
  if (tree->root().find("error"))
    return fail(FaultKind::UpstreamFailed, "{}", said_in_error(200, data));
  if (const auto text = text_of(tree->root())) {
    text_ += *text;
    on_text(*text);
  }
  return {};
}

}  // namespace naru::cli
