#include "base/text.h"
#include "dialect/facts.h"
#include "dialect/openai_chat/answer/stream_event.h"
#include "dialect/openai_chat/codec.h"

namespace naru::dialect::openai_chat_wire {
namespace {

using json::ValueView;

std::uint32_t begin_of(ValueView member) { return member.key_span().begin; }

/// Member `name` of `object` with the one comma that goes when it goes.
json::Span span_with_comma(ValueView object, std::string_view name) {
  json::Span span;
  bool found = false;
  std::uint32_t before = 0;
  const std::optional<ValueView> wanted = object.find(name);
  for (const ValueView member : object) {
    if (found) return {span.begin, begin_of(member)};  // it is the first: the comma behind goes
    if (member == wanted) {
      found = true;
      if (before != 0) return {before, member.span().end};
      span = {begin_of(member), member.span().end};
    }
    before = member.span().end;
  }
  return span;
}

class Scanner final : public StreamScanner {
 public:
  Scanner(Operation operation, const WriterOptions& options)
      : id_prefix_(id_prefix(operation)),
        answer_id_(options.answer_id),
        public_model_(options.public_model) {}

  Result<EventScan> scan(const wire::EventView& event, AnswerFacts& facts) override {
    using Kind = StreamEventView::Kind;
    EventScan scan;
    if (grammar_.ended()) return scan;
    std::optional<json::Tree> tree;
    Result<StreamEventView> read = grammar_.read(event, tree);
    if (!read && tree) scan_usage(tree->root(), false, scan, facts);  // what the fault has cost
    NARU_TRY(const StreamEventView said, std::move(read));
    scan.terminal = said.kind == Kind::Done;
    scan.silent = said.kind == Kind::Nothing || said.kind == Kind::Foreign;
    if (said.kind == Kind::Nothing) {
      usage_.sum_prompts();
      counts_.sum_prompts();
    }
    if (said.kind == Kind::Chunk) NARU_TRY_VOID(scan_chunk(said, scan, facts));
    return scan;
  }

  bool may_end_here() const override { return grammar_.whole(); }

 private:
  /// Of one choice, so far.
  struct Held {
    bool calls = false;  // a tool
    bool refuses = false;
  };

  Result<void> scan_chunk(const StreamEventView& said, EventScan& scan, AnswerFacts& facts) {
    const ValueView root = *said.root;
    // Azure's first event has no id yet; those that follow have the upstream's.
    const std::optional<ValueView> id = root.find("id");
    const bool untold = id && (id->is_null() || (id->is_string() && id->text().empty()));
    const std::string_view prefix = untold ? std::string_view() : id_prefix_;
    show_names(scan.patches, root, {public_model_, prefix, answer_id_}, facts);
    const Result<void> scanned = scan_choices(said, scan, facts);
    scan_usage(root, said.choices.has_value(), scan, facts);
    if (const std::optional<chat::Usage> counted = counts_.take(root)) {
      facts.counted = counted;
      scan.counts_span = span_with_comma(root, "timings");
    }
    return scanned;
  }

  Result<void> scan_choices(const StreamEventView& said, EventScan& scan, AnswerFacts& facts) {
    if (said.choices)
      for (const ValueView choice : *said.choices) NARU_TRY_VOID(scan_choice(choice, scan, facts));
    return {};
  }

  Result<void> scan_choice(ValueView choice, EventScan& scan, AnswerFacts& facts) {
    NARU_TRY(const ChoiceView said, grammar_.accept(choice));
    number(choice, said.index, scan.patches);
    if (said.at == held_.size()) held_.emplace_back();
    Held& held = held_[said.at];
    const std::int64_t before = facts.delivered.total();
    facts.delivered.add(text_of(choice, "text"));
    if (said.delta) scan_delta(said, held, scan, facts);
    scan.content = scan.content || facts.delivered.total() > before;
    close_stop(choice, said.stop, scan.patches);
    if (said.stop && said.at == 0) facts.stop = settle_stop(said.stop, held.calls, held.refuses);
    return {};
  }

  static void scan_delta(const ChoiceView& said, Held& held, EventScan& scan, AnswerFacts& facts) {
    const ValueView delta = *said.delta;
    const std::string_view refusal = text_of(delta, "refusal");
    if (const auto reasoning = find_reasoning(delta)) facts.delivered.add(reasoning->text());
    facts.delivered.add(text_of(delta, "content"));
    facts.delivered.add(refusal);
    held.refuses = held.refuses || !refusal.empty();
    close_role(scan.patches, delta);
    const std::optional<ValueView> older = find_filled(delta, "function_call");
    if (older && !calls_nothing(*older)) {
      facts.delivered.add(arguments_of(*older));
      held.calls = scan.content = true;
    }
    for (const CallView& call : said.calls) scan_call(call, held, scan, facts);
    // Parts we do not model (audio, lists of blocks) are content all the same.
    for (const std::string_view name : {"content", "audio", "reasoning_details"})
      scan.content = scan.content || find_filled(delta, name);
  }

  /// Clients join the ids of a call's pieces, or hold the last.
  static void scan_call(const CallView& call, Held& held, EventScan& scan, AnswerFacts& facts) {
    number(call.value, call.at, scan.patches);
    close_type(call.value, scan.patches);
    if (call.renamed) {
      const json::Span id = call.value.find("id")->span();
      scan.patches.push_back({id.begin, id.end, "null"});
    }
    if (call.nothing) return;
    held.calls = scan.content = true;
    if (const auto function = call.value.find("function"))
      facts.delivered.add(arguments_of(*function));
  }

  void scan_usage(ValueView root, bool has_choices, EventScan& scan, AnswerFacts& facts) {
    const std::optional<ValueView> usage = root.find("usage");
    if (!usage) return;
    scan.usage_span = span_with_comma(root, "usage");
    scan.usage_only = !has_choices && usage->is_object();
    if (const std::optional<chat::Usage> read = read_usage(*usage))
      note_usage(facts, usage_.take(*read, root, grammar_.choices()));
  }

  const std::string_view id_prefix_;
  const std::string answer_id_;
  const std::string public_model_;
  StreamGrammar grammar_;
  std::vector<Held> held_;
  UsageSum usage_;
  RunningCounts counts_;
};

}  // namespace

std::unique_ptr<StreamScanner> make_scanner(Operation operation, const WriterOptions& options) {
  return std::make_unique<Scanner>(operation, options);
}

}  // namespace naru::dialect::openai_chat_wire
