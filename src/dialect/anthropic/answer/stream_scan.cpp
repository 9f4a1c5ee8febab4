#include "dialect/anthropic/answer/stream_event.h"
#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/words.h"
#include "dialect/facts.h"

namespace naru::dialect::anthropic_wire {
namespace {

class Scanner final : public StreamScanner {
 public:
  explicit Scanner(const WriterOptions& options)
      : answer_id_(options.answer_id), public_model_(options.public_model) {}

  Result<EventScan> scan(const wire::EventView& event, AnswerFacts& facts) override {
    EventScan scan;
    scan.silent = event.has_data || !event.event.empty();  // until it says something
    if (skip_blanks(event.data).empty() || grammar_.ended()) return scan;
    NARU_TRY(const json::Tree tree, parse_event(event.data));
    NARU_TRY(StreamEventView said, read_event(event, tree));
    NARU_TRY_VOID(grammar_.accept(said));
    scan.silent = said.kind == EventKind::Other || said.kind == EventKind::OtherDelta;
    if (event.event.empty()) scan.name = said.name;
    if (said.kind == EventKind::Error) return fail(read_stream_error(said.root));
    if (said.kind == EventKind::MessageStart) start(said.inner, scan, facts);
    if (said.kind == EventKind::BlockStart) {
      if (said.ends) append_stop(*said.ends, scan.before);
      scan.content = begin(said, facts);
    }
    if (said.kind == EventKind::BlockDelta) {
      scan.content = true;
      tally(said.inner, facts);
    }
    if (said.kind == EventKind::MessageDelta) {
      tell(said, facts);
      close_stop(said.inner, called_tools_, scan.patches);
    }
    scan.terminal = grammar_.ended();
    if (scan.terminal && !facts.stop) facts.stop = untold_stop(called_tools_).reason;
    return scan;
  }
  bool may_end_here() const override { return grammar_.ended() || grammar_.whole(); }

 private:
  static void append_stop(std::uint32_t index, std::string& out) {
    constexpr std::string_view kType = "content_block_stop";
    std::string data;
    json::Writer(data)
        .object()
        .field("type", kType)
        .field("index", std::int64_t{index})
        .end_object();
    wire::append_event(out, kType, data);
  }

  /// What `message_start` reports of the prompt holds; its output has only begun, so the usage does
  /// not count as reported yet.
  void start(json::ValueView message, EventScan& scan, AnswerFacts& facts) const {
    if (const auto usage = find_object(message, "usage")) overlay_usage(facts.usage, *usage);
    show_names(scan.patches, message, {public_model_, kIdPrefix, answer_id_}, facts);
    close_stop(message, false, scan.patches);
    std::ranges::sort(scan.patches, {}, &Patch::begin);
  }

  /// Whether a block says something by its start alone.
  bool begin(const StreamEventView& said, AnswerFacts& facts) {
    tally(said.inner, facts);
    called_tools_ = called_tools_ || said.type == "tool_use";
    if (said.type == "text") return !text_of(said.inner, "text").empty();
    if (said.type == "thinking") return !text_of(said.inner, "thinking").empty();
    return true;
  }

  static void tally(json::ValueView inner, AnswerFacts& facts) {
    facts.delivered.add(text_of(inner, "text"));
    facts.delivered.add(text_of(inner, "thinking"));
    facts.delivered.add(text_of(inner, "partial_json"));
  }

  static void tell(const StreamEventView& said, AnswerFacts& facts) {
    if (const auto usage = find_object(said.root, "usage")) {
      overlay_usage(facts.usage, *usage);
      facts.usage_reported = facts.usage_reported || counts_output(*usage);
    }
    if (const auto stop = read_stop(said.inner)) facts.stop = stop->reason;
  }

  const std::string answer_id_;
  const std::string public_model_;
  StreamGrammar grammar_;
  bool called_tools_ = false;
};

}  // namespace

std::unique_ptr<StreamScanner> make_scanner(const WriterOptions& options) {
  return std::make_unique<Scanner>(options);
}

}  // namespace naru::dialect::anthropic_wire
