#include "dialect/openai_responses/answer/part_teller.h"

#include <utility>

namespace naru::dialect::openai_responses_wire {

void PartTeller::start(chat::Part head, Events& out) {
  end(out);
  open_ = true;
  part_ = parts_++;
  out.emplace_back(chat::PartStarted{.part = part_, .head = std::move(head)});
}

void PartTeller::say(json::ValueView words, std::string logprobs, Events& out) {
  add(joiner_.take(words), std::move(logprobs), out);
}

void PartTeller::say_text(std::string text, std::string logprobs, Events& out) {
  add(joiner_.rest() + text, std::move(logprobs), out);
}

void PartTeller::cite(chat::Citation citation, Events& out) {
  out.emplace_back(chat::Cited{.part = part_, .citation = std::move(citation)});
}

void PartTeller::seal(std::string sealed, Events& out) {
  out.emplace_back(chat::ThinkingSealed{
      .part = part_, .sealed = std::move(sealed), .seal = chat::Seal::Encrypted});
}

void PartTeller::end(Events& out) {
  if (!open_) return;
  say_text({}, {}, out);
  open_ = false;
  out.emplace_back(chat::PartEnded{.part = part_});
}

void PartTeller::tell(chat::Part part, Events& out) {
  if (auto* text = std::get_if<chat::Text>(&part)) tell_text(*std::move(text), out);
  if (auto* thinking = std::get_if<chat::Thinking>(&part)) tell_thinking(*std::move(thinking), out);
  if (auto* call = std::get_if<chat::ToolCall>(&part)) tell_call(*std::move(call), out);
  end(out);
}

void PartTeller::add(std::string text, std::string logprobs, Events& out) const {
  if (text.empty() && logprobs.empty()) return;
  out.emplace_back(
      chat::PartDelta{.part = part_, .text = std::move(text), .logprobs = std::move(logprobs)});
}

void PartTeller::tell_text(chat::Text text, Events& out) {
  start(chat::Text{.text = {}, .refusal = text.refusal}, out);
  say_text(std::move(text.text), std::move(text.logprobs), out);
  for (chat::Citation& one : text.citations) cite(std::move(one), out);
}

void PartTeller::tell_thinking(chat::Thinking thinking, Events& out) {
  start(chat::Thinking{.text = {}, .id = std::move(thinking.id)}, out);
  say_text(std::move(thinking.text), {}, out);
  if (thinking.seal != chat::Seal::None) seal(std::move(thinking.sealed), out);
}

void PartTeller::tell_call(chat::ToolCall call, Events& out) {
  std::string arguments = std::exchange(call.arguments, {});
  start(std::move(call), out);
  say_text(std::move(arguments), {}, out);
}

}  // namespace naru::dialect::openai_responses_wire
