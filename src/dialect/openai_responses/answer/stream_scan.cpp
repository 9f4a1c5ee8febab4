#include "dialect/facts.h"
#include "dialect/openai_responses/answer/answer_words.h"
#include "dialect/openai_responses/answer/stream_event.h"
#include "dialect/openai_responses/codec.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::ValueView;

class Scanner final : public StreamScanner {
 public:
  explicit Scanner(const WriterOptions& options) : options_(options) {}

  Result<EventScan> scan(const wire::EventView& event, AnswerFacts& facts) override {
    EventScan scan;
    if (grammar_.ended()) return scan;
    std::optional<json::Tree> tree;
    NARU_TRY(const StreamEventView said, grammar_.read(event, tree));
    scan.silent = said.step == Step::Foreign || (said.step == Step::Silent && !said.type.empty());
    if (scan.silent || said.step == Step::Silent) return scan;
    if (said.step == Step::Failed) {
      note_cost(said.value, facts);
      return fail(read_failure(event, said));
    }
    facts.next_event = said.number.value_or(facts.next_event) + 1;
    const std::int64_t before = facts.delivered.total();
    NARU_TRY_VOID(take(said, scan, facts));
    scan.content = scan.content || facts.delivered.total() > before;
    return scan;
  }

  /// A stream of this dialect is whole only with its last event.
  bool may_end_here() const override { return grammar_.ended(); }

 private:
  Result<void> take(const StreamEventView& said, EventScan& scan, AnswerFacts& facts) {
    switch (said.step) {
      case Step::Created:
      case Step::Going:
        if (said.value) patch_names(*said.value, options_, scan.patches, facts);
        return {};
      case Step::ItemAdded:
        scan.content = add_item(text_of(*said.value, "type"));
        begin_item(said, facts);
        return {};
      case Step::ItemDone:
        end_item(said, facts);
        return {};
      case Step::Hosted:
      case Step::Delta:
        if (said.value) facts.delivered.add(said.value->text());
        note_part(said);
        return {};
      case Step::PartAdded:
        held_.refuses = held_.refuses || said.of == Of::Refusal;
        begin_part(said, facts);
        return {};
      case Step::Ended:
        return end(said, scan, facts);
      default:
        return {};
    }
  }

  /// Whether an item says something by its start alone: calls do, also those of hosted tools.
  bool add_item(std::string_view type) {
    said_.push_back(false);
    held_.calls = held_.calls || type == "function_call";
    return type.ends_with("_call");
  }

  /// Words that stand in an item from its start. Those of a call follow all the same.
  void begin_item(const StreamEventView& said, AnswerFacts& facts) {
    if (kind_of_item(text_of(*said.value, "type")) == ItemKind::Call) return;
    const std::int64_t before = facts.delivered.total();
    tally_item(*said.value, facts.delivered);
    said_[said.item] = facts.delivered.total() > before;
  }

  void begin_part(const StreamEventView& said, AnswerFacts& facts) {
    const std::optional<ValueView> words = find_part_words(said);
    if (!words) return;
    facts.delivered.add(words->text());
    said_[said.item] = true;
  }

  void note_part(const StreamEventView& said) {
    if (said.step != Step::Delta) return;
    if (!said_[said.item] && said.value && !said.value->text().empty()) said_[said.item] = true;
    held_.refuses = held_.refuses || said.of == Of::Refusal;
  }

  /// Words of an item that came in no delta are told here.
  void end_item(const StreamEventView& said, AnswerFacts& facts) {
    if (said.item == said_.size()) add_item(text_of(*said.value, "type"));
    if (!said_[said.item]) tally_item(*said.value, facts.delivered);
    said_[said.item] = true;
  }

  Result<void> end(const StreamEventView& said, EventScan& scan, AnswerFacts& facts) {
    const ValueView response = *said.value;
    if (std::optional<Fault> fault = find_failure(response)) {
      note_cost(response, facts);
      return fail(*std::move(fault));
    }
    tell_unsaid(response, facts);
    NARU_TRY(const chat::StopReason stop, read_stop(response, held_));
    facts.stop = stop;
    if (const std::optional<chat::Usage> usage = find_usage(response)) note_usage(facts, *usage);
    close_reason(response, stop, scan.patches);
    patch_names(response, options_, scan.patches, facts);
    scan.terminal = true;
    return {};
  }

  /// Items that the last event alone tells: of some servers all.
  void tell_unsaid(ValueView response, AnswerFacts& facts) {
    const std::optional<ValueView> output = find_filled(response, "output");
    if (!output) return;
    const Held held = held_in(*output);
    held_ = {held_.calls || held.calls, held_.refuses || held.refuses};
    for (const IndexedItem& one : grammar_.untold(*output)) tally_item(one.item, facts.delivered);
  }

  const WriterOptions options_;
  StreamGrammar grammar_;
  std::vector<bool> said_;  // of each item, whether words of it have come
  Held held_;
};

}  // namespace

std::unique_ptr<StreamScanner> make_scanner(const WriterOptions& options) {
  return std::make_unique<Scanner>(options);
}

}  // namespace naru::dialect::openai_responses_wire
