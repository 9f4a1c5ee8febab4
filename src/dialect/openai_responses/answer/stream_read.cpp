#include "dialect/openai_responses/answer/answer_words.h"
#include "dialect/openai_responses/answer/part_teller.h"
#include "dialect/openai_responses/answer/stream_event.h"
#include "dialect/openai_responses/codec.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::ValueView;
using Events = std::vector<chat::Event>;

/// Where in the stream a part stands, in order of coming. All of a reasoning item is one part.
struct Place {
  std::size_t item = 0;
  std::size_t part = 0;
  auto operator<=>(const Place&) const = default;
};

class Reader final : public StreamReader {
 public:
  Result<void> read(const wire::EventView& event, Events& out) override {
    if (grammar_.ended()) return {};
    std::optional<json::Tree> tree;
    NARU_TRY(const StreamEventView said, grammar_.read(event, tree));
    switch (said.step) {
      case Step::Failed:
        if (said.value) tell_usage(*said.value, out);
        return fail(read_failure(event, said));
      case Step::Silent:
        if (said.type.empty()) out.emplace_back(chat::Ping{});
        return {};
      case Step::Created:
        start(*said.value, out);
        return {};
      case Step::Ended:
        return end(*said.value, out);
      case Step::Foreign:
      case Step::Hosted:
      case Step::Going:
        return {};
      default:
        return read_item_event(said, out);
    }
  }

  Result<void> finish(Events&) override {
    if (grammar_.ended()) return {};
    return broken("stream", "is cut off before its answer is whole");
  }

 private:
  struct Item {
    std::string id = {};
    bool lost = false;
    std::string begun = {};  // arguments that a call had from its start
  };

  static void start(ValueView response, Events& out) {
    out.emplace_back(chat::Started{.id = std::string(text_of(response, "id")),
                                   .model = std::string(text_of(response, "model")),
                                   .created_s = created_of(response),
                                   .service_tier = service_tier_of(response)});
  }

  Result<void> read_item_event(const StreamEventView& said, Events& out) {
    switch (said.step) {
      case Step::ItemAdded:
        add_item(said, out);
        return {};
      case Step::ItemDone:
        end_item(said, out);
        return {};
      case Step::PartAdded:
        return begin_part(said, out);
      case Step::Delta:
        return said.value ? more(said, *said.value, *said.root, out) : Result<void>();
      case Step::TextDone:
        return said.value ? read_whole(said, *said.value, out) : Result<void>();
      case Step::PartDone:
        return end_part(said, out);
      case Step::Annotation:
        return annotate(said, out);
      default:
        return {};
    }
  }

  void add_item(const StreamEventView& said, Events& out) {
    const std::string_view type = text_of(*said.value, "type");
    items_.push_back({.id = std::string(text_of(*said.value, "id"))});
    switch (kind_of_item(type)) {
      case ItemKind::Message:
        if (said.step == Step::ItemAdded) begin_message(said.item, *said.value, out);
        return;
      case ItemKind::Reasoning:
        if (said.step == Step::ItemAdded) begin_reasoning(said.item, *said.value, out);
        return;
      case ItemKind::Call: {
        chat::ToolCall call = read_call(*said.value, said.item);
        items_.back().begun = std::exchange(call.arguments, {});
        begin({said.item}, Of::Arguments, std::move(call), out);
        held_.calls = true;
        return;
      }
      case ItemKind::Other:
        return lose(said.item, type, out);
    }
  }

  /// Words that stand in an item from its start. More of the last part may follow.
  void begin_message(std::size_t item, ValueView message, Events& out) {
    const std::optional<ValueView> content = find_filled(message, "content");
    if (!content) return;
    Place place{item};
    for (const ValueView part : *content) {
      const std::optional<chat::Text> text = read_content(part);
      if (text && !text->text.empty()) {
        begin(place, text->refusal ? Of::Refusal : Of::Text,
              chat::Text{.text = {}, .refusal = text->refusal}, out);
        begin_words(place.part, text->text, out);
      }
      ++place.part;
    }
  }

  void begin_reasoning(std::size_t item, ValueView reasoning, Events& out) {
    const std::string text = read_thinking(reasoning).text;
    if (text.empty()) return;
    const std::optional<ValueView> summary = find_filled(reasoning, "summary");
    begin({item}, summary ? Of::Summary : Of::Reasoning,
          chat::Thinking{.text = {}, .id = items_[item].id}, out);
    begin_words(summary ? summary->size() - 1 : 0, text, out);
  }

  void begin_words(std::size_t part, const std::string& text, Events& out) {
    spoke_ = part;
    begun_ = text;
    teller_.say_text(text, {}, out);
  }

  /// Words that stand in a part from its start, unless its item has had them.
  Result<void> begin_part(const StreamEventView& said, Events& out) {
    const std::optional<ValueView> words = find_part_words(said);
    if (!words || (is_open(place_of(said)) && spoke_ && *spoke_ >= said.part)) return {};
    NARU_TRY_VOID(more(said, *words, *said.value, out));
    if (said.of == Of::Text || said.of == Of::Refusal) begun_ = words->text();
    return {};
  }

  /// What of a part's whole words no delta has told behind those that it had from its start.
  void tell_rest(std::string_view whole, Events& out) {
    if (begun_.empty() || whole.size() <= begun_.size() || !whole.starts_with(begun_)) return;
    teller_.say_text(std::string(whole.substr(begun_.size())), {}, out);
    begun_ = whole;
  }

  void lose(std::size_t item, std::string_view type, Events& out) {
    if (std::exchange(items_[item].lost, true)) return;
    out.emplace_back(chat::Lost{loss_of_item(type, item)});
  }

  static Place place_of(const StreamEventView& said) {
    const bool in_message = said.of == Of::Text || said.of == Of::Refusal;
    return {said.item, in_message ? said.part : 0};
  }

  bool is_open(Place place) const { return teller_.open() && last_ == place; }

  void begin(Place place, Of of, chat::Part head, Events& out) {
    teller_.start(std::move(head), out);
    last_ = place;
    of_ = of;
    spoke_.reset();
    begun_.clear();
    cited_ = 0;
    has_logprobs_ = false;
    held_.refuses = held_.refuses || of == Of::Refusal;
  }

  /// Opens the part of the event, unless it is open.
  Result<void> open(const StreamEventView& said, Events& out) {
    const Place place = place_of(said);
    if (is_open(place)) return {};
    if (last_ && place <= *last_) return broken("stream", "mixes two parts of its answer");
    if (said.of == Of::Summary || said.of == Of::Reasoning)
      begin(place, said.of, chat::Thinking{.text = {}, .id = items_[said.item].id}, out);
    else
      begin(place, said.of, chat::Text{.text = {}, .refusal = said.of == Of::Refusal}, out);
    return {};
  }

  /// Words of the event's part. Of a reasoning that is told twice, as a summary and in full, the
  /// first to speak is heard.
  Result<void> more(const StreamEventView& said, ValueView words, ValueView holder, Events& out) {
    std::string logprobs = logprobs_of(holder);
    if (words.text().empty() && logprobs.empty()) return {};
    NARU_TRY_VOID(open(said, out));
    if (of_ != said.of) return {};
    if (said.of == Of::Arguments && !spoke_) tell_begun(items_[said.item].begun, out);
    if (said.of == Of::Summary && spoke_ && *spoke_ != said.part) teller_.say_text("\n\n", {}, out);
    spoke_ = said.part;
    begun_.clear();
    has_logprobs_ = has_logprobs_ || !logprobs.empty();
    teller_.say(words, std::move(logprobs), out);
    return {};
  }

  /// Arguments that are whole already are told anew by what follows.
  void tell_begun(const std::string& begun, Events& out) {
    if (!begun.empty() && !json::Tree::parse(begun)) teller_.say_text(begun, {}, out);
  }

  /// The whole of a call's arguments, if no delta has told any.
  void tell_arguments(std::size_t item, std::string arguments, Events& out) {
    if (!is_open({item}) || spoke_ || arguments.empty()) return;
    spoke_ = 0;
    teller_.say_text(std::move(arguments), {}, out);
  }

  /// Whether the words of the event's part have come before, or can no longer come.
  bool is_said(const StreamEventView& said) const {
    const Place place = place_of(said);
    if (!last_ || place > *last_) return false;
    return !is_open(place) || of_ != said.of || (spoke_ && *spoke_ >= said.part);
  }

  Result<void> read_whole(const StreamEventView& said, ValueView words, Events& out) {
    if (said.of == Of::Arguments) {
      tell_arguments(said.item, arguments_of(*said.root), out);
      return {};
    }
    if (!words.text().empty() && !is_said(said)) return more(said, words, *said.root, out);
    if (!is_open(place_of(said))) return {};
    tell_rest(words.text(), out);
    tell_logprobs(*said.root, out);
    return {};
  }

  /// Those that no delta brought.
  void tell_logprobs(ValueView holder, Events& out) {
    std::string logprobs = has_logprobs_ ? std::string() : logprobs_of(holder);
    if (logprobs.empty()) return;
    has_logprobs_ = true;
    teller_.say_text({}, std::move(logprobs), out);
  }

  Result<void> end_part(const StreamEventView& said, Events& out) {
    if (!said.value || said.of == Of::Nothing) return {};
    if (const auto words = find_part_words(said))
      if (!is_said(said)) NARU_TRY_VOID(more(said, *words, *said.root, out));
    if (said.of == Of::Text || said.of == Of::Refusal) settle(place_of(said), *said.value, out);
    return {};
  }

  /// The open part of a message is whole.
  void settle(Place place, ValueView part, Events& out) {
    if (!is_open(place)) return;
    if (const std::optional<chat::Text> text = read_content(part)) tell_rest(text->text, out);
    tell_logprobs(part, out);
    std::size_t at = 0;
    if (const std::optional<ValueView> annotations = find_filled(part, "annotations"))
      for (const ValueView one : *annotations)
        if (at++ >= cited_) teller_.cite(read_citation(one), out);
    teller_.end(out);
  }

  Result<void> annotate(const StreamEventView& said, Events& out) {
    if (!said.value || !said.value->is_object()) return {};
    NARU_TRY_VOID(open(said, out));
    ++cited_;
    teller_.cite(read_citation(*said.value), out);
    return {};
  }

  void end_item(const StreamEventView& said, Events& out) {
    if (said.item == items_.size()) add_item(said, out);
    const ValueView item = *said.value;
    const std::string_view type = text_of(item, "type");
    switch (kind_of_item(type)) {
      case ItemKind::Message:
        return end_message(said.item, item, out);
      case ItemKind::Reasoning:
        return end_reasoning(said.item, item, out);
      case ItemKind::Call:
        if (!is_open({said.item})) return;
        tell_arguments(said.item, arguments_of(item), out);
        tell_arguments(said.item, items_[said.item].begun, out);
        return teller_.end(out);
      case ItemKind::Other:
        return lose(said.item, type, out);
    }
  }

  /// Parts that no event told are told now.
  void end_message(std::size_t item, ValueView message, Events& out) {
    Place place{item};
    if (const std::optional<ValueView> content = find_filled(message, "content"))
      for (const ValueView part : *content) {
        if (!read_content(part)) lose(item, text_of(part, "type"), out);
        if (!last_ || place > *last_) tell(place, part, out);
        settle(place, part, out);
        ++place.part;
      }
    if (last_ && last_->item == item) teller_.end(out);
  }

  void tell(Place place, ValueView part, Events& out) {
    std::optional<chat::Text> text = read_content(part);
    if (!text || !says_anything(*text)) return;
    last_ = place;
    held_.refuses = held_.refuses || text->refusal;
    teller_.tell(*std::move(text), out);
  }

  void end_reasoning(std::size_t item, ValueView reasoning, Events& out) {
    chat::Thinking thinking = read_thinking(reasoning);
    if (is_open({item})) {
      tell_rest(thinking.text, out);
      if (thinking.seal != chat::Seal::None) teller_.seal(std::move(thinking.sealed), out);
      return teller_.end(out);
    }
    if (!last_ || last_->item < item) {
      if (!says_anything(thinking)) return;
      last_ = Place{item};
      return teller_.tell(std::move(thinking), out);
    }
    if (thinking.seal != chat::Seal::None) lose(item, "reasoning", out);  // another part has begun
  }

  Result<void> end(ValueView response, Events& out) {
    if (std::optional<Fault> fault = find_failure(response)) {
      tell_usage(response, out);
      return fail(*std::move(fault));
    }
    teller_.end(out);
    if (const std::optional<ValueView> output = find_filled(response, "output")) {
      const Held held = held_in(*output);
      held_ = {held_.calls || held.calls, held_.refuses || held.refuses};
      tell_untold(*output, out);
    }
    NARU_TRY(const chat::StopReason stop, read_stop(response, held_));
    out.emplace_back(chat::Finished{.stop = stop, .stop_sequence = {}});
    tell_usage(response, out);
    out.emplace_back(chat::Ended{});
    return {};
  }

  static void tell_usage(ValueView response, Events& out) {
    if (const auto usage = find_usage(response)) out.emplace_back(chat::UsageSeen{.usage = *usage});
  }

  /// Items that the last event alone tells: of some servers all.
  void tell_untold(ValueView output, Events& out) {
    std::vector<chat::Part> parts;
    std::vector<chat::Loss> losses;
    for (const IndexedItem& one : grammar_.untold(output))
      read_item(one.item, one.index, parts, losses);
    for (chat::Part& part : parts) teller_.tell(std::move(part), out);
    for (chat::Loss& loss : losses) out.emplace_back(chat::Lost{std::move(loss)});
  }

  StreamGrammar grammar_;
  PartTeller teller_;
  std::vector<Item> items_;
  Held held_;

  // Of the part begun last.
  std::optional<Place> last_;
  Of of_ = Of::Nothing;
  std::optional<std::size_t> spoke_;  // the part, as the grammar counts, whose words came last
  std::string begun_;                 // its words, if it had them from its start and no delta came
  std::size_t cited_ = 0;
  bool has_logprobs_ = false;
};

}  // namespace

std::unique_ptr<StreamReader> make_reader() { return std::make_unique<Reader>(); }

}  // namespace naru::dialect::openai_responses_wire
