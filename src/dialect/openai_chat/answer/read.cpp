#include "dialect/facts.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/marks.h"
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
    if (const auto function = call.find("function")) tally.add(arguments_of(*function));
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

bool shows_calls(ValueView choice) {
  const std::optional<ValueView> message = find_object(choice, "message");
  if (!message) return false;
  if (const std::optional<ValueView> calls = find_array(*message, "tool_calls"))
    for (const ValueView call : *calls)
      if (!holds_no_call(call)) return true;
  const std::optional<ValueView> older = find_filled(*message, "function_call");
  return older && !calls_nothing(*older);
}

bool refuses(ValueView choice) {
  const std::optional<ValueView> message = find_object(choice, "message");
  return message && find_words(*message, "refusal");
}

bool calls_tools(const chat::Choice& choice) {
  const auto is_call = [](const chat::Part& part) {
    return std::holds_alternative<chat::ToolCall>(part);
  };
  return std::ranges::any_of(choice.parts, is_call);
}

/// Reads the message of one choice, in the order in which a stream tells it, so that both ways of
/// an answer agree.
class ChoiceReader {
 public:
  ChoiceReader(std::uint32_t index, std::vector<chat::Loss>& losses)
      : index_(index), losses_(losses) {}

  Result<chat::Choice> read(ValueView value) {
    const std::optional<ValueView> message = value.find("message");
    if (!message || !message->is_object())
      return broken("answer", "has a choice without a message");
    NARU_TRY_VOID(check_message("answer", message));
    read_details(*message);
    for (const SaidView& one : read_said(*message)) add(one);
    attach_marks(value, *message);
    read_calls(*message);
    note_unknown_members(*message, index_, losses_);
    NARU_TRY(const std::optional<chat::StopReason> stop, read_stop(value));
    choice_.stop = settle_stop(stop, calls_tools(choice_), refused_);
    return std::move(choice_);
  }

 private:
  void read_details(ValueView message) {
    const std::optional<ValueView> details = find_filled(message, "reasoning_details");
    if (!details) return;
    for (std::size_t at = 0; const ValueView value : *details) {
      if (const auto detail = find_detail(value))
        add_detail(*detail);
      else
        lose(fmt::format("reasoning_details[{}]", at));
      ++at;
    }
  }

  /// A seal without a text of its own holds for the text before it.
  void add_detail(const DetailView& detail) {
    if (detail.text.empty() && detail.sealed.empty()) return;
    told_by_details_ = told_by_details_ || !detail.text.empty();
    const bool hidden = detail.seal == chat::Seal::Encrypted;
    const bool closed = detail.seal == chat::Seal::None || detail.text.empty();
    chat::Thinking& into = !hidden && closed ? open_thinking() : new_thinking();
    into.text += detail.text;
    into.sealed = detail.sealed;
    into.seal = detail.seal;
    into.id = detail.id;
  }

  chat::Thinking& new_thinking() {
    return std::get<chat::Thinking>(choice_.parts.emplace_back(chat::Thinking{}));
  }

  /// The last part, if it is reasoning without a seal; else a new one.
  chat::Thinking& open_thinking() {
    auto* last =
        choice_.parts.empty() ? nullptr : std::get_if<chat::Thinking>(&choice_.parts.back());
    return last != nullptr && last->seal == chat::Seal::None ? *last : new_thinking();
  }

  chat::Text& open_text(bool refusal) {
    auto* last = choice_.parts.empty() ? nullptr : std::get_if<chat::Text>(&choice_.parts.back());
    if (last != nullptr && last->refusal == refusal) return *last;
    chat::Text text;
    text.refusal = refusal;
    return std::get<chat::Text>(choice_.parts.emplace_back(std::move(text)));
  }

  void add(const SaidView& said) {
    switch (said.as) {
      case SaidView::As::Unknown:
        return lose(fmt::format("content[{}]", said.at));
      case SaidView::As::Thinking:
        if (!told_by_details_) add_thinking(said.value.text());
        return;
      case SaidView::As::Text:
      case SaidView::As::Refusal:
        const bool refusal = said.as == SaidView::As::Refusal;
        refused_ = refused_ || refusal;
        open_text(refusal).text += said.value.text();
    }
  }

  /// Reasoning that the details have only sealed, not told, comes before them.
  void add_thinking(std::string_view text) {
    const bool only_details =
        !choice_.parts.empty() && std::ranges::all_of(choice_.parts, [](const chat::Part& part) {
          const auto* thinking = std::get_if<chat::Thinking>(&part);
          return thinking != nullptr && thinking->text.empty();
        });
    if (!only_details) {
      open_thinking().text += text;
      return;
    }
    auto& first = std::get<chat::Thinking>(choice_.parts.front());
    if (first.seal == chat::Seal::Signature)
      first.text = text;
    else
      choice_.parts.insert(choice_.parts.begin(), chat::Thinking{.text = std::string(text)});
  }

  chat::Text* find_text(bool refusal) {
    for (auto at = choice_.parts.rbegin(); at != choice_.parts.rend(); ++at)
      if (auto* text = std::get_if<chat::Text>(&*at); text != nullptr && text->refusal == refusal)
        return text;
    return nullptr;
  }

  void attach_marks(ValueView value, ValueView message) {
    chat::Text* const text = find_text(false);
    if (const auto annotations = find_filled(message, "annotations")) {
      if (text == nullptr) return lose("annotations");
      for (const ValueView one : *annotations) text->citations.push_back(read_citation(one));
    }
    for (const bool refusal : {false, true}) {
      std::string list = find_logprobs(value, refusal);
      if (list.empty()) continue;
      if (chat::Text* const into = find_text(refusal))
        into->logprobs = std::move(list);
      else
        lose("logprobs");
    }
  }

  void read_calls(ValueView message) {
    std::size_t at = 0;
    if (const std::optional<ValueView> calls = find_filled(message, "tool_calls")) {
      for (const ValueView value : *calls) {
        const std::optional<ValueView> function = value.find("function");
        if (function && !holds_no_call(value))
          add_call(*function, text_of(value, "id"), at);
        else if (!holds_no_call(value))
          lose(fmt::format("tool_calls[{}]", at));
        ++at;
      }
    }
    const std::optional<ValueView> older = find_filled(message, "function_call");
    if (older && !calls_nothing(*older)) add_call(*older, {}, at);
  }

  void add_call(ValueView function, std::string_view id, std::size_t at) {
    choice_.parts.emplace_back(
        chat::ToolCall{.id = id.empty() ? made_call_id(index_, at) : std::string(id),
                       .name = std::string(text_of(function, "name")),
                       .arguments = arguments_of(function)});
  }

  void lose(std::string_view member) {
    losses_.push_back(unknown_part(answer_path(index_, member)));
  }

  const std::uint32_t index_;
  std::vector<chat::Loss>& losses_;
  chat::Choice choice_;
  bool refused_ = false;
  bool told_by_details_ = false;  // the reasoning's words
};

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

/// A client looks for a choice at its index. Of the answers to several prompts the order is the
/// upstream's: indices that name each place once stay, and one choice alone needs none.
void number_choices(ValueView choices, std::vector<Patch>& patches) {
  if (choices.size() == 1 && !(*choices.begin()).find("index")) return;
  std::vector<bool> places(choices.size());
  for (const ValueView choice : choices)
    if (const auto index = find_count(choice, "index"))
      if (std::cmp_less(*index, places.size())) places[static_cast<std::size_t>(*index)] = true;
  if (std::ranges::find(places, false) == places.end()) return;
  for (std::size_t at = 0; const ValueView choice : choices) number(choice, at++, patches);
}

Result<void> scan_choice(ValueView choice, std::vector<Patch>& patches, AnswerFacts& facts) {
  if (!choice.is_object()) return broken("answer", "has a choice that is no object");
  NARU_TRY_VOID(check_message("answer", choice.find("message")));
  tally_message(choice, facts.delivered);
  NARU_TRY(const std::optional<chat::StopReason> stop, read_stop(choice));
  close_stop(choice, stop, patches);
  if (!facts.stop && stop) facts.stop = settle_stop(stop, shows_calls(choice), refuses(choice));
  const std::optional<ValueView> message = find_object(choice, "message");
  if (!message) return {};
  close_role(patches, *message);
  if (const std::optional<ValueView> calls = find_array(*message, "tool_calls"))
    for (const ValueView call : *calls) close_type(call, patches);
  return {};
}

}  // namespace

Result<std::vector<Patch>> scan_answer(Operation operation, const json::Tree& body,
                                       const WriterOptions& options, AnswerFacts& facts) {
  const ValueView root = body.root();
  std::vector<Patch> patches;
  note_report(operation, root, facts);  // a fault in an answer's place may have cost as much
  if (operation == Operation::Embed) {
    if (std::optional<Fault> fault = find_error(root)) return fail(*std::move(fault));
    const std::optional<ValueView> data = root.find("data");
    if (!data || !data->is_array()) return broken("answer", "has no list of embeddings");
  } else {
    NARU_TRY(const ValueView choices, find_choices(root));
    for (const ValueView choice : choices) NARU_TRY_VOID(scan_choice(choice, patches, facts));
    number_choices(choices, patches);
  }
  show_names(patches, root, {options.public_model, id_prefix(operation), options.answer_id}, facts);
  std::ranges::sort(patches, {}, &Patch::begin);
  return patches;
}

Result<chat::Response> read_answer(const json::Tree& body) {
  const ValueView root = body.root();
  NARU_TRY(const ValueView choices, find_choices(root));
  chat::Response response;
  response.id = text_of(root, "id");
  response.model = text_of(root, "model");
  response.service_tier = find_tier(root);
  if (const auto created = root.find("created"))
    response.created_s = created->integer().value_or(0);
  for (const ValueView value : choices) {
    const auto index = static_cast<std::uint32_t>(response.choices.size());
    NARU_TRY(chat::Choice choice, ChoiceReader(index, response.losses).read(value));
    response.choices.push_back(std::move(choice));
  }
  if (const auto usage = root.find("usage"); usage && !counts_first_alone(root))
    response.usage = read_usage(*usage);
  return response;
}

}  // namespace naru::dialect::openai_chat_wire
