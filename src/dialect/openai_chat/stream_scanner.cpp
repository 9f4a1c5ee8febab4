#include "base/text.h"
#include "dialect/facts.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/words.h"

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
    EventScan scan;
    if (ended_) return scan;
    if (std::optional<Fault> fault = find_event_error(event)) {
      scan.error = std::move(fault);
      return scan;
    }
    const std::string_view data = trim(event.data);
    if (data.empty()) return scan;
    if (data == kNothing) {
      usage_.sum_prompts();
      counts_.sum_prompts();
      scan.silent = true;
      return scan;
    }
    if (data == "[DONE]") {
      if (choices_.empty()) return broken("stream", "ends before it has begun");
      ended_ = scan.terminal = true;
      return scan;
    }
    const Result<json::Tree> tree = json::Tree::parse(event.data, json::kFromUpstream);
    if (!tree) return broken("stream", "holds an event that is no JSON");
    NARU_TRY_VOID(scan_chunk(tree->root(), scan, facts));
    return scan;
  }

  bool may_end_here() const override {
    return !choices_.empty() && std::ranges::all_of(choices_, &Seen::finished);
  }

 private:
  struct Seen {
    std::int64_t index = 0;
    bool finished = false;
    bool called_tools = false;
    bool refused = false;
  };

  Result<void> scan_chunk(ValueView root, EventScan& scan, AnswerFacts& facts) {
    if (!root.is_object()) return broken("stream", "holds an event that is no object");
    if ((scan.error = find_error(root))) return {};
    // Azure's first event has no id yet; those that follow have the upstream's.
    const std::optional<ValueView> id = root.find("id");
    const bool untold = id && (id->is_null() || (id->is_string() && id->text().empty()));
    const std::string_view prefix = untold ? std::string_view() : id_prefix_;
    show_names(scan.patches, root, {public_model_, prefix, answer_id_}, facts);
    const std::optional<ValueView> choices = root.find("choices");
    if (choices && !choices->is_array() && !choices->is_null())
      return broken("stream", "holds choices that are no list");
    if (choices)
      for (const ValueView choice : *choices) NARU_TRY_VOID(scan_choice(choice, scan, facts));
    scan_usage(root, choices && choices->size() > 0, scan, facts);
    if (const std::optional<chat::Usage> counted = counts_.take(root)) {
      facts.counted = counted;
      scan.counts_span = span_with_comma(root, "timings");
    }
    return {};
  }

  Result<void> scan_choice(ValueView choice, EventScan& scan, AnswerFacts& facts) {
    Seen& seen = seen_at(choice);
    if (choices_.size() > kMostChoices)
      return broken("stream", "has more choices than anybody asks for");
    const std::int64_t before = facts.delivered.total();
    facts.delivered.add(text_of(choice, "text"));
    if (const std::optional<ValueView> delta = choice.find("delta"))
      scan_delta(*delta, seen, scan, facts);
    scan.content = scan.content || facts.delivered.total() > before;
    auto stop = read_stop(choice);
    if (!stop) {
      scan.error = std::move(stop).error();
      return {};
    }
    close_stop(choice, *stop, scan.patches);
    if (!*stop) return {};
    seen.finished = true;
    if (&seen == choices_.data()) facts.stop = settle_stop(*stop, seen.called_tools, seen.refused);
    return {};
  }

  static void scan_delta(ValueView delta, Seen& seen, EventScan& scan, AnswerFacts& facts) {
    const std::string_view refusal = text_of(delta, "refusal");
    if (const auto reasoning = find_reasoning(delta)) facts.delivered.add(reasoning->text());
    facts.delivered.add(text_of(delta, "content"));
    facts.delivered.add(refusal);
    seen.refused = seen.refused || !refusal.empty();
    if (const std::optional<ValueView> older = find_filled(delta, "function_call")) {
      facts.delivered.add(text_of(*older, "arguments"));
      seen.called_tools = scan.content = true;
    }
    if (const std::optional<ValueView> calls = find_filled(delta, "tool_calls")) {
      seen.called_tools = scan.content = true;
      for (const ValueView call : *calls)
        if (const auto function = call.find("function"))
          facts.delivered.add(text_of(*function, "arguments"));
    }
    // Parts we do not model (audio, lists of blocks) are content all the same.
    for (const std::string_view name : {"content", "audio", "reasoning_details"})
      scan.content = scan.content || find_filled(delta, name);
  }

  void scan_usage(ValueView root, bool has_choices, EventScan& scan, AnswerFacts& facts) {
    const std::optional<ValueView> usage = root.find("usage");
    if (!usage) return;
    scan.usage_span = span_with_comma(root, "usage");
    scan.usage_only = !has_choices && usage->is_object();
    if (const std::optional<chat::Usage> read = read_usage(*usage))
      note_usage(facts, usage_.take(*read, root, choices_.size()));
  }

  Seen& seen_at(ValueView choice) {
    const std::optional<ValueView> member = choice.find("index");
    const std::int64_t index = member ? member->integer().value_or(0) : 0;
    const auto at = std::ranges::find(choices_, index, &Seen::index);
    if (at != choices_.end()) return *at;
    return choices_.emplace_back(Seen{.index = index});
  }

  const std::string_view id_prefix_;
  const std::string answer_id_;
  const std::string public_model_;
  std::vector<Seen> choices_;
  UsageSum usage_;
  RunningCounts counts_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<StreamScanner> make_scanner(Operation operation, const WriterOptions& options) {
  return std::make_unique<Scanner>(operation, options);
}

}  // namespace naru::dialect::openai_chat_wire
