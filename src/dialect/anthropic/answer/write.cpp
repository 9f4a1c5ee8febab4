#include "dialect/anthropic/answer/show.h"
#include "dialect/anthropic/citations.h"
#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/words.h"
#include "dialect/seals.h"

namespace naru::dialect::anthropic_wire {
namespace {

using Losses = std::vector<chat::Loss>;

/// Writes the content of an answer, block by block.
class AnswerBlocks {
 public:
  AnswerBlocks(json::Writer& out, std::string_view upstream, Losses& losses)
      : out_(out), upstream_(upstream), losses_(losses) {}
  bool has_tool_call() const { return has_tool_call_; }
  void write(const chat::Part& part) {
    std::visit(*this, part);
    ++at_;
  }

  void operator()(const chat::Text& text) {
    if (!text.logprobs.empty()) losses_.push_back(lost_logprobs(at_));
    const std::vector<const chat::Citation*> shown = citations_of(text);
    if (text.text.empty() && shown.empty()) return;
    out_.object().field("type", "text").field("text", text.text);
    if (!shown.empty()) {
      out_.key("citations").array();
      for (const chat::Citation* citation : shown) write_citation(out_, *citation);
      out_.end_array();
    }
    out_.end_object();
  }
  void operator()(const chat::Thinking& thinking) {
    const std::optional<ThinkingBlock> block =
        show_thinking(thinking, !thinking.text.empty(), upstream_);
    if (!block) return;
    if (block->redacted)
      out_.object().field("type", "redacted_thinking").field("data", block->sealed);
    else
      out_.object()
          .field("type", "thinking")
          .field("thinking", thinking.text)
          .field("signature", block->sealed);
    out_.end_object();
  }
  void operator()(const chat::ToolCall& call) {
    has_tool_call_ = true;
    out_.object().field("type", "tool_use").field("id", call.id).field("name", call.name);
    write_input(out_.key("input"), call.arguments);
    out_.end_object();
    if (!skip_blanks(call.arguments).empty() && !is_json_object(call.arguments))
      losses_.push_back(lost_arguments(at_));
  }
  /// No model answers with these; a part of another dialect's own has no place here.
  void operator()(const chat::Image&) { losses_.push_back(lost_part(at_)); }
  void operator()(const chat::Document&) { losses_.push_back(lost_part(at_)); }
  void operator()(const chat::ToolResult&) { losses_.push_back(lost_part(at_)); }
  void operator()(const chat::Opaque&) { losses_.push_back(lost_part(at_)); }

 private:
  std::vector<const chat::Citation*> citations_of(const chat::Text& text) {
    std::vector<const chat::Citation*> shown;
    std::size_t number = 0;
    for (const chat::Citation& citation : text.citations) {
      if (can_show_citation(citation))
        shown.push_back(&citation);
      else
        losses_.push_back(lost_citation(at_, number));
      ++number;
    }
    return shown;
  }

  json::Writer& out_;
  const std::string_view upstream_;
  Losses& losses_;
  std::size_t at_ = 0;
  bool has_tool_call_ = false;
};

/// `stop_sequence` is named only where it was the reason.
void write_stop(json::Writer& out, const chat::Choice& choice, bool has_tool_call) {
  out.field("stop_reason", stop_word(choice.stop, has_tool_call));
  out.key("stop_sequence");
  if (choice.stop == chat::StopReason::StopSequence && !choice.stop_sequence.empty())
    out.text(choice.stop_sequence);
  else
    out.null();
}

}  // namespace

std::optional<ThinkingBlock> show_thinking(const chat::Thinking& thinking, bool has_words,
                                           std::string_view upstream) {
  const bool sealed = thinking.seal != chat::Seal::None && !thinking.sealed.empty();
  if (!has_words && !sealed) return std::nullopt;
  const bool own = upstream.empty() && thinking.seal == chat::Seal::Signature;
  ThinkingBlock block{.redacted = !has_words && !own, .sealed = {}};
  const chat::Seal native = block.redacted ? chat::Seal::Redacted : chat::Seal::Signature;
  if (sealed)
    block.sealed = upstream.empty() && thinking.seal == native ? thinking.sealed
                                                               : wrap_seal(thinking, upstream);
  return block;
}

chat::Loss lost_part(std::size_t at) {
  return {fmt::format("answer.content[{}]", at), "anthropic's answers have no part of this kind"};
}

chat::Loss lost_citation(std::size_t at, std::size_t citation) {
  return {fmt::format("answer.content[{}].citations[{}]", at, citation),
          "has no address, and is in no form that anthropic has"};
}

chat::Loss lost_logprobs(std::size_t at) {
  return {fmt::format("answer.content[{}].logprobs", at), "anthropic has no log probabilities"};
}

chat::Loss lost_arguments(std::size_t at) {
  return {fmt::format("answer.content[{}].arguments", at),
          "are no JSON object, which anthropic's clients take alone"};
}

chat::Loss lost_usage() {
  return {"answer.usage", "the upstream reports none, and anthropic cannot say so; shown as 0"};
}

chat::Loss lost_choice(std::size_t choice) {
  return {fmt::format("answer.choices[{}]", choice), "anthropic gives one answer only"};
}

chat::Loss lost_tier(std::string_view tier) {
  return {"answer.service_tier", fmt::format("anthropic has no service tier '{}'", tier)};
}

std::string write_answer(const chat::Response& response, const WriterOptions& options,
                         Losses& losses) {
  static const chat::Choice kNothing;
  const chat::Choice& choice = response.choices.empty() ? kNothing : response.choices.front();
  std::string body;
  json::Writer out(body);
  out.object().field("id", options.answer_id).field("type", "message").field("role", "assistant");
  out.field("model", options.public_model).key("content").array();
  AnswerBlocks blocks(out, options.upstream, losses);
  for (const chat::Part& part : choice.parts) blocks.write(part);
  out.end_array();
  write_stop(out, choice, blocks.has_tool_call());
  const std::string_view tier = tier_word(response.service_tier);
  if (tier.empty() && !response.service_tier.empty())
    losses.push_back(lost_tier(response.service_tier));
  if (!response.usage) losses.push_back(lost_usage());
  write_usage(out.key("usage"), response.usage.value_or(chat::Usage{}), tier);
  out.end_object();
  for (std::size_t more = 1; more < response.choices.size(); ++more)
    losses.push_back(lost_choice(more));
  return body;
}

std::string write_count(std::int64_t tokens) {
  std::string body;
  json::Writer out(body);
  out.object().field("input_tokens", tokens).end_object();
  return body;
}

}  // namespace naru::dialect::anthropic_wire
