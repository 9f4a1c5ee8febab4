#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/marks.h"
#include "dialect/openai_chat/words.h"

namespace naru::dialect::openai_chat_wire {
namespace {

struct CitationView {
  const chat::Citation* citation;
  Extent extent;
};

/// What a message of this dialect shows of a choice, each kind of part in its own place.
struct ShownView {
  std::string text, refusal, thinking;
  std::string text_logprobs, refusal_logprobs;
  std::vector<CitationView> citations = {};
  std::vector<const chat::Thinking*> thoughts = {};
  std::vector<const chat::ToolCall*> calls = {};
  bool sealed = false;
  std::int64_t characters = 0;  // of `text`
};

/// Sorts the parts of a choice; a Loss for each that has no place.
class Sorter {
 public:
  Sorter(std::uint32_t choice, std::vector<chat::Loss>& losses)
      : choice_(choice), losses_(losses) {}

  ShownView sort(const chat::Choice& choice) {
    for (part_ = 0; part_ < choice.parts.size(); ++part_) take(choice.parts[part_]);
    return std::move(shown_);
  }

 private:
  void take(const chat::Part& part) {
    if (const auto* text = std::get_if<chat::Text>(&part)) {
      take_text(*text);
    } else if (const auto* thinking = std::get_if<chat::Thinking>(&part)) {
      shown_.thinking += thinking->text;
      shown_.sealed = shown_.sealed || thinking->seal != chat::Seal::None;
      shown_.thoughts.push_back(thinking);
    } else if (const auto* call = std::get_if<chat::ToolCall>(&part)) {
      shown_.calls.push_back(call);
    } else {
      losses_.push_back({path(), std::string(kNoPlace)});
    }
  }

  void take_text(const chat::Text& text) {
    (text.refusal ? shown_.refusal : shown_.text) += text.text;
    join_lists(text.refusal ? shown_.refusal_logprobs : shown_.text_logprobs, text.logprobs);
    const std::int64_t begin = shown_.characters;
    if (!text.refusal) shown_.characters += count_characters(text.text);
    for (std::size_t at = 0; at < text.citations.size(); ++at) {
      const chat::Citation& citation = text.citations[at];
      if (can_write(citation))
        shown_.citations.push_back({&citation, {begin, shown_.characters}});
      else
        losses_.push_back({fmt::format("{}.citations[{}]", path(), at), std::string(kNoAddress)});
    }
  }

  std::string path() const { return answer_path(choice_, fmt::format("content[{}]", part_)); }

  const std::uint32_t choice_;
  std::vector<chat::Loss>& losses_;
  ShownView shown_;
  std::size_t part_ = 0;
};

class AnswerWriter {
 public:
  AnswerWriter(const WriterOptions& options, std::vector<chat::Loss>& losses)
      : options_(options), losses_(losses), out_(body_) {}

  std::string write(const chat::Response& response) {
    out_.object().field("id", options_.answer_id).field("object", "chat.completion");
    out_.field("created", options_.created_s).field("model", options_.public_model);
    out_.key("choices").array();
    for (std::uint32_t index = 0; const chat::Choice& choice : response.choices)
      write_choice(choice, index++);
    out_.end_array();
    if (response.usage) {
      out_.key("usage");
      write_usage(out_, *response.usage);
    }
    if (!response.service_tier.empty()) out_.field("service_tier", response.service_tier);
    out_.end_object();
    return std::move(body_);
  }

 private:
  void write_choice(const chat::Choice& choice, std::uint32_t index) {
    const ShownView shown = Sorter(index, losses_).sort(choice);
    out_.object().field("index", static_cast<std::int64_t>(index)).key("message");
    write_message(shown);
    out_.key("logprobs");
    write_logprobs(out_, shown.text_logprobs, shown.refusal_logprobs);
    out_.field("finish_reason", word_of(choice.stop, !shown.refusal.empty())).end_object();
  }

  void write_message(const ShownView& shown) {
    out_.object().field("role", "assistant").key("content");
    if (shown.text.empty() && (!shown.calls.empty() || !shown.refusal.empty()))
      out_.null();
    else
      out_.text(shown.text);
    out_.key("refusal");
    if (shown.refusal.empty())
      out_.null();
    else
      out_.text(shown.refusal);
    write_reasoning(shown);
    write_citations(shown);
    write_calls(shown);
    out_.end_object();
  }

  void write_reasoning(const ShownView& shown) {
    if (!shown.thinking.empty()) out_.field("reasoning_content", shown.thinking);
    if (!shown.sealed) return;
    out_.key("reasoning_details").array();
    std::int64_t index = 0;
    for (const chat::Thinking* thinking : shown.thoughts)
      if (!thinking->text.empty() || thinking->seal != chat::Seal::None)
        write_detail(out_, *thinking, options_.upstream, index++);
    out_.end_array();
  }

  void write_citations(const ShownView& shown) {
    if (shown.citations.empty()) return;
    out_.key("annotations").array();
    for (const CitationView& one : shown.citations) write_citation(out_, *one.citation, one.extent);
    out_.end_array();
  }

  void write_calls(const ShownView& shown) {
    if (shown.calls.empty()) return;
    out_.key("tool_calls").array();
    for (const chat::ToolCall* call : shown.calls) {
      const std::string_view written = call->arguments;
      out_.object().field("id", call->id).field("type", "function").key("function").object();
      out_.field("name", call->name).field("arguments", written.empty() ? "{}" : written);
      out_.end_object().end_object();
    }
    out_.end_array();
  }

  const WriterOptions& options_;
  std::vector<chat::Loss>& losses_;
  std::string body_;
  json::Writer out_;
};

}  // namespace

std::string write_answer(const chat::Response& response, const WriterOptions& options,
                         std::vector<chat::Loss>& losses) {
  return AnswerWriter(options, losses).write(response);
}

}  // namespace naru::dialect::openai_chat_wire
