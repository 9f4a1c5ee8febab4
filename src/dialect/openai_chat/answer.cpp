#include "base/json_writer.h"
#include "dialect/facts.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/words.h"

namespace naru::dialect::openai_chat_wire {
namespace {

using json::ValueView;

Result<ValueView> find_choices(ValueView root) {
  if (!root.is_object()) return broken("answer", "is no JSON object");
  if (std::optional<Fault> fault = find_error(root)) return fail(*std::move(fault));
  const std::optional<ValueView> choices = root.find("choices");
  if (!choices || !choices->is_array() || choices->size() == 0)
    return broken("answer", "has no choices");
  return *choices;
}

void tally_calls(ValueView message, chat::Tally& tally) {
  const std::optional<ValueView> calls = find_filled(message, "tool_calls");
  if (!calls) return;
  for (const ValueView call : *calls)
    if (const auto function = call.find("function")) tally.add(text_of(*function, "arguments"));
}

void tally_message(ValueView choice, chat::Tally& tally) {
  tally.add(text_of(choice, "text"));
  const std::optional<ValueView> message = choice.find("message");
  if (!message) return;
  if (const auto reasoning = find_reasoning(*message)) tally.add(reasoning->text());
  tally.add(text_of(*message, "content"));
  tally.add(text_of(*message, "refusal"));
  tally_calls(*message, tally);
}

bool calls_tools(const chat::Choice& choice) {
  const auto is_call = [](const chat::Part& part) {
    return std::holds_alternative<chat::ToolCall>(part);
  };
  return std::ranges::any_of(choice.parts, is_call);
}

void read_calls(ValueView message, std::uint32_t choice, std::vector<chat::Part>& parts) {
  const std::optional<ValueView> calls = find_filled(message, "tool_calls");
  std::size_t at = 0;
  if (calls) {
    for (const ValueView value : *calls) {
      const std::optional<ValueView> function = value.find("function");
      if (!function) continue;
      chat::ToolCall call{.id = std::string(text_of(value, "id")),
                          .name = std::string(text_of(*function, "name")),
                          .arguments = std::string(text_of(*function, "arguments"))};
      if (call.id.empty()) call.id = made_call_id(choice, at);
      ++at;
      parts.emplace_back(std::move(call));
    }
  }
  const std::optional<ValueView> older = find_filled(message, "function_call");
  if (older)
    parts.emplace_back(chat::ToolCall{.id = made_call_id(choice, at),
                                      .name = std::string(text_of(*older, "name")),
                                      .arguments = std::string(text_of(*older, "arguments"))});
}

void append_said(std::vector<chat::Part>& parts, const SaidView& said) {
  if (said.thinking) {
    if (parts.empty() || !std::holds_alternative<chat::Thinking>(parts.back()))
      parts.emplace_back(chat::Thinking{});
    std::get<chat::Thinking>(parts.back()).text += said.value.text();
    return;
  }
  if (parts.empty() || !std::holds_alternative<chat::Text>(parts.back()))
    parts.emplace_back(chat::Text{});
  std::get<chat::Text>(parts.back()).text += said.value.text();
}

/// In the order in which a stream gives them, so that both ways of an answer agree.
Result<chat::Choice> read_choice_of(ValueView value, std::uint32_t index) {
  chat::Choice choice;
  const std::optional<ValueView> message = value.find("message");
  if (!message || !message->is_object()) return broken("answer", "has a choice without a message");
  NARU_TRY(const std::vector<SaidView> said, read_said(*message));
  bool refused = false;
  for (const SaidView& one : said) {
    append_said(choice.parts, one);
    refused = refused || one.refusal;
  }
  read_calls(*message, index, choice.parts);
  NARU_TRY(const std::optional<chat::StopReason> stop, read_stop(value));
  choice.stop = settle_stop(stop, calls_tools(choice), refused);
  return choice;
}

struct Shown {
  std::string text;
  std::string thinking;
  std::vector<const chat::ToolCall*> calls;
};

Shown shown_of(const chat::Choice& choice) {
  Shown shown;
  for (const chat::Part& part : choice.parts) {
    if (const auto* text = std::get_if<chat::Text>(&part)) shown.text += text->text;
    if (const auto* thought = std::get_if<chat::Thinking>(&part)) shown.thinking += thought->text;
    if (const auto* call = std::get_if<chat::ToolCall>(&part)) shown.calls.push_back(call);
  }
  return shown;
}

void write_message_of(json::Writer& out, const Shown& shown) {
  out.object().field("role", "assistant").key("content");
  if (shown.text.empty() && !shown.calls.empty())
    out.null();
  else
    out.text(shown.text);
  out.key("refusal").null();
  if (!shown.thinking.empty()) out.field("reasoning_content", shown.thinking);
  if (!shown.calls.empty()) out.key("tool_calls").array();
  for (const chat::ToolCall* call : shown.calls) {
    const std::string_view written = call->arguments;
    const std::string_view arguments = written.empty() ? "{}" : written;
    out.object().field("id", call->id).field("type", "function").key("function").object();
    out.field("name", call->name).field("arguments", arguments).end_object().end_object();
  }
  if (!shown.calls.empty()) out.end_array();
  out.end_object();
}

bool counts_first_alone(ValueView root) {
  const std::optional<ValueView> choices = find_filled(root, "choices");
  return choices && choices->size() > 1 && counts_one_choice(root);
}

/// Of a report on the first of several choices only the prompt is of use, and only where they share
/// one; of one that counts no prompt of an embedding nothing.
void note_report(Operation operation, ValueView root, AnswerFacts& facts) {
  const std::optional<ValueView> member = root.find("usage");
  std::optional<chat::Usage> usage = member ? read_usage(*member) : std::nullopt;
  if (!usage || (operation == Operation::Embed && usage->prompt() == 0)) return;
  if (!counts_first_alone(root)) return note_usage(facts, *usage);
  usage->output = usage->reasoning = 0;
  if (operation == Operation::Chat) merge_usage(facts.usage, *usage);
}

}  // namespace

Result<std::optional<json::Span>> scan_answer(Operation operation, const json::Tree& body,
                                              AnswerFacts& facts) {
  const ValueView root = body.root();
  if (operation == Operation::Embed) {
    if (std::optional<Fault> fault = find_error(root)) return fail(*std::move(fault));
    const std::optional<ValueView> data = root.find("data");
    if (!data || !data->is_array()) return broken("answer", "has no list of embeddings");
  } else {
    NARU_TRY(const ValueView choices, find_choices(root));
    for (const ValueView choice : choices) {
      tally_message(choice, facts.delivered);
      NARU_TRY(const std::optional<chat::StopReason> stop, read_stop(choice));
      if (!facts.stop) facts.stop = stop;
    }
  }
  note_report(operation, root, facts);
  const std::optional<ValueView> model = root.find("model");
  if (!model || !model->is_string()) return std::nullopt;
  facts.upstream_model = model->text();
  return model->span();
}

Result<chat::Response> read_answer(const json::Tree& body) {
  const ValueView root = body.root();
  NARU_TRY(const ValueView choices, find_choices(root));
  chat::Response response;
  response.id = text_of(root, "id");
  response.model = text_of(root, "model");
  if (const auto created = root.find("created"))
    response.created_s = created->integer().value_or(0);
  for (const ValueView value : choices) {
    const auto index = static_cast<std::uint32_t>(response.choices.size());
    NARU_TRY(chat::Choice choice, read_choice_of(value, index));
    response.choices.push_back(std::move(choice));
  }
  if (const auto usage = root.find("usage"); usage && !counts_first_alone(root))
    response.usage = read_usage(*usage);
  return response;
}

std::string write_answer(const chat::Response& response) {
  std::string body;
  json::Writer out(body);
  out.object().field("id", response.id).field("object", "chat.completion");
  out.field("created", response.created_s).field("model", response.model);
  out.key("choices").array();
  std::int64_t index = 0;
  for (const chat::Choice& choice : response.choices) {
    out.object().field("index", index++).key("message");
    write_message_of(out, shown_of(choice));
    out.key("logprobs").null().field("finish_reason", word_of(choice.stop)).end_object();
  }
  out.end_array();
  if (response.usage) {
    out.key("usage");
    write_usage(out, *response.usage);
  }
  out.end_object();
  return body;
}

}  // namespace naru::dialect::openai_chat_wire
