#include "dialect/anthropic/answer/stream_event.h"
#include "dialect/anthropic/citations.h"
#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/words.h"
#include "dialect/pair_joiner.h"

namespace naru::dialect::anthropic_wire {
namespace {

using Events = std::vector<chat::Event>;

class Reader final : public StreamReader {
 public:
  Result<void> read(const wire::EventView& event, Events& out) override {
    if (skip_blanks(event.data).empty() || grammar_.ended()) return {};
    NARU_TRY(const json::Tree tree, parse_event(event.data));
    NARU_TRY(StreamEventView said, read_event(event, tree));
    NARU_TRY_VOID(grammar_.accept(said));
    return take(said, out);
  }

  Result<void> finish(Events& out) override {
    if (grammar_.ended()) return {};
    if (grammar_.whole()) return end(out);
    return fail(Fault{.kind = FaultKind::UpstreamInvalid,
                      .detail = "the provider's stream was cut before message_stop",
                      .origin = Origin::Upstream});
  }

 private:
  /// A block that other dialects can show; the rest are lost with all that belongs to them.
  struct OpenBlock {
    std::uint32_t part;
    bool is_call;
    std::string input;  // a call's input as its start gave it, until bytes of it come
    PairJoiner joiner = {};
    bool lost_delta = false;  // told already
  };

  Result<void> take(const StreamEventView& said, Events& out) {
    switch (said.kind) {
      case EventKind::MessageStart:
        start(said.inner, out);
        return {};
      case EventKind::BlockStart:
        begin(said, out);
        return {};
      case EventKind::BlockDelta:
        more(said, out);
        return {};
      case EventKind::OtherDelta:
        lose(said, out);
        return {};
      case EventKind::BlockStop:
        stop(out);
        return {};
      case EventKind::MessageDelta:
        tell(said, out);
        return {};
      case EventKind::MessageStop:
        return end(out);
      case EventKind::Error:
        return fail(read_stream_error(said.root));
      case EventKind::Ping:
        out.emplace_back(chat::Ping{});
        return {};
      case EventKind::Other:
        return {};
    }
    return {};
  }

  void start(json::ValueView message, Events& out) {
    out.emplace_back(chat::Started{.id = std::string(text_of(message, "id")),
                                   .model = std::string(text_of(message, "model")),
                                   .service_tier = std::string(read_tier(message))});
    note_usage(message, false, out);
  }

  void tell(const StreamEventView& said, Events& out) {
    if (auto reason = read_stop(said.inner)) stop_ = std::move(reason);
    for (chat::Loss& loss : lost_members(said.inner)) {
      if (std::ranges::find(lost_, loss) != lost_.end()) continue;
      lost_.push_back(loss);
      out.emplace_back(chat::Lost{std::move(loss)});
    }
    note_usage(said.root, true, out);
  }

  /// Each report is cumulative and may lack fields; what goes on is always whole. Before
  /// `message_delta` counts the output only the prompt is known.
  void note_usage(json::ValueView holder, bool of_the_whole, Events& out) {
    const auto usage = find_object(holder, "usage");
    if (!usage) return;
    overlay_usage(usage_, *usage);
    told_ = told_ || (of_the_whole && counts_output(*usage));
    chat::Usage known = usage_;
    if (!told_) known.output = known.reasoning = 0;
    out.emplace_back(chat::UsageSeen{.usage = known, .running = !told_});
  }

  /// Parts are numbered by themselves: blocks left out leave no gap.
  void begin(const StreamEventView& said, Events& out) {
    if (said.ends) stop(out);
    OpenBlock open{.part = next_part_, .is_call = false, .input = {}};
    chat::Part head;
    if (said.type == "thinking" || said.type == "redacted_thinking") {
      head = chat::Thinking{};
    } else if (said.type == "tool_use") {
      head = begin_call(said.inner, open);
    } else if (said.type != "text") {
      out.emplace_back(chat::Lost{lost_block(said.index, said.type)});
      return;
    }
    ++next_part_;
    out.emplace_back(chat::PartStarted{.part = open.part, .head = std::move(head)});
    open_ = std::move(open);
    more(said, out);  // a start may hold the first words already
    if (said.type == "redacted_thinking")
      seal(next_part_ - 1, text_of(said.inner, "data"), chat::Seal::Redacted, out);
    for (chat::Citation& citation : read_citations(said.inner))
      out.emplace_back(chat::Cited{.part = next_part_ - 1, .citation = std::move(citation)});
  }

  chat::ToolCall begin_call(json::ValueView block, OpenBlock& open) {
    open.input = input_of(block);
    open.is_call = called_tools_ = true;
    return {std::string(text_of(block, "id")), std::string(text_of(block, "name")), {}};
  }

  /// Whatever the inner object holds of text, reasoning, input, signature or source.
  void more(const StreamEventView& said, Events& out) {
    if (!open_) return;
    if (!text_of(said.inner, "partial_json").empty()) open_->input.clear();
    for (const std::string_view name : {"text", "thinking", "partial_json"})
      if (const auto words = said.inner.find(name); words && words->is_string())
        say(*open_, open_->joiner.take(*words), out);
    seal(open_->part, text_of(said.inner, "signature"), chat::Seal::Signature, out);
    if (const auto citation = find_object(said.inner, "citation"))
      out.emplace_back(chat::Cited{.part = open_->part, .citation = read_citation(*citation)});
  }

  /// Once a block.
  void lose(const StreamEventView& said, Events& out) {
    if (!open_ || std::exchange(open_->lost_delta, true)) return;
    out.emplace_back(chat::Lost{lost_delta(said.index, said.type)});
  }

  static void seal(std::uint32_t part, std::string_view sealed, chat::Seal kind, Events& out) {
    if (sealed.empty()) return;
    out.emplace_back(
        chat::ThinkingSealed{.part = part, .sealed = std::string(sealed), .seal = kind});
  }

  static void say(const OpenBlock& block, std::string text, Events& out) {
    if (text.empty()) return;
    out.emplace_back(chat::PartDelta{.part = block.part, .text = std::move(text)});
  }

  /// A call whose input never came in pieces has the one its start gave; `{}` is a whole input too.
  void stop(Events& out) {
    if (!open_) return;
    say(*open_, open_->joiner.rest(), out);
    if (open_->is_call) say(*open_, std::move(open_->input), out);
    out.emplace_back(chat::PartEnded{.part = open_->part});
    open_.reset();
  }

  Result<void> end(Events& out) {
    const Stop stop = stop_.value_or(untold_stop(called_tools_));
    out.emplace_back(chat::Finished{.stop = stop.reason, .stop_sequence = stop.sequence});
    out.emplace_back(chat::Ended{});
    return {};
  }

  StreamGrammar grammar_;
  chat::Usage usage_;
  bool told_ = false;
  std::optional<Stop> stop_;
  bool called_tools_ = false;
  std::optional<OpenBlock> open_;
  std::uint32_t next_part_ = 0;
  std::vector<chat::Loss> lost_;  // told already
};

}  // namespace

std::unique_ptr<StreamReader> make_reader() { return std::make_unique<Reader>(); }

}  // namespace naru::dialect::anthropic_wire
