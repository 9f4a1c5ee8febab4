#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/stream_event.h"
#include "dialect/anthropic/words.h"

namespace naru::dialect::anthropic_wire {
namespace {

using Events = std::vector<chat::Event>;

class Reader final : public StreamReader {
 public:
  Result<void> read(const wire::EventView& event, Events& out) override {
    if (!event.has_data || grammar_.ended()) return {};
    NARU_TRY(const json::Tree tree, parse_event(event.data));
    NARU_TRY(const StreamEventView said, read_event(event, tree));
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
  /// A block that other dialects can show; the rest are left out with all that belongs to them.
  struct OpenBlock {
    std::uint32_t index;
    std::uint32_t part;
    bool is_call;
    std::string input;  // a call's input as its start gave it, until bytes of it come
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
      case EventKind::BlockStop:
        stop(said.index, out);
        return {};
      case EventKind::MessageDelta:
        if (auto reason = read_stop(said.inner)) stop_ = std::move(reason);
        note_usage(said.root, out);
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
                                   .model = std::string(text_of(message, "model"))});
    note_usage(message, out);
  }

  /// Each report is cumulative and may lack fields; what goes on is always whole.
  void note_usage(json::ValueView holder, Events& out) {
    const auto usage = find_object(holder, "usage");
    if (!usage) return;
    overlay_usage(usage_, *usage);
    out.emplace_back(chat::UsageSeen{usage_});
  }

  /// Parts are numbered by themselves: blocks left out leave no gap.
  void begin(const StreamEventView& said, Events& out) {
    const json::ValueView block = said.inner;
    OpenBlock open{.index = said.index, .part = next_part_, .is_call = false, .input = {}};
    chat::Part head;
    if (said.type == "thinking") {
      head = chat::Thinking{};
    } else if (said.type == "tool_use") {
      head = chat::ToolCall{
          std::string(text_of(block, "id")), std::string(text_of(block, "name")), {}};
      const auto input = find_object(block, "input");
      open.input = input && input->size() > 0 ? std::string(input->raw()) : "{}";
      open.is_call = true;
    } else if (said.type != "text") {
      return;
    }
    ++next_part_;
    out.emplace_back(chat::PartStarted{.part = open.part, .head = std::move(head)});
    open_.push_back(std::move(open));
    more(said, out);  // a start may hold the first words already
  }

  /// Whatever the inner object holds of text, reasoning, input or signature.
  void more(const StreamEventView& said, Events& out) {
    OpenBlock* block = find_open(said.index);
    if (block == nullptr) return;
    const std::string_view json = text_of(said.inner, "partial_json");
    if (!json.empty()) block->input.clear();
    for (const std::string_view text :
         {text_of(said.inner, "text"), text_of(said.inner, "thinking"), json})
      if (!text.empty())
        out.emplace_back(chat::PartDelta{.part = block->part, .text = std::string(text)});
    const std::string_view signature = text_of(said.inner, "signature");
    if (!signature.empty())
      out.emplace_back(
          chat::ThinkingSigned{.part = block->part, .signature = std::string(signature)});
  }

  /// A call whose input never came in pieces has the one its start gave; `{}` is a whole input too.
  void stop(std::uint32_t index, Events& out) {
    OpenBlock* block = find_open(index);
    if (block == nullptr) return;
    if (block->is_call && !block->input.empty())
      out.emplace_back(chat::PartDelta{.part = block->part, .text = std::move(block->input)});
    out.emplace_back(chat::PartEnded{.part = block->part});
    std::erase_if(open_, [index](const OpenBlock& open) { return open.index == index; });
  }

  /// Without a reason to stop a cut answer would look like a whole one.
  Result<void> end(Events& out) {
    if (!stop_)
      return fail(Fault{.kind = FaultKind::UpstreamInvalid,
                        .detail = "the provider's stream ends without a stop_reason",
                        .origin = Origin::Upstream});
    out.emplace_back(chat::Finished{.stop = stop_->reason, .stop_sequence = stop_->sequence});
    out.emplace_back(chat::Ended{});
    return {};
  }

  OpenBlock* find_open(std::uint32_t index) {
    const auto at = std::ranges::find(open_, index, &OpenBlock::index);
    return at == open_.end() ? nullptr : &*at;
  }

  StreamGrammar grammar_;
  chat::Usage usage_;
  std::optional<Stop> stop_;
  std::vector<OpenBlock> open_;
  std::uint32_t next_part_ = 0;
};

}  // namespace

std::unique_ptr<StreamReader> make_reader() { return std::make_unique<Reader>(); }

}  // namespace naru::dialect::anthropic_wire
