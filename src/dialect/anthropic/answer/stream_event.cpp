#include "dialect/anthropic/answer/stream_event.h"

#include "dialect/anthropic/words.h"
#include "dialect/provider_words.h"

namespace naru::dialect::anthropic_wire {

struct BlockRow {
  std::string_view type;
  std::array<std::string_view, 2> deltas = {};
};

namespace {

/// Source: Anthropic API reference, Streaming Messages, content block delta types.
constexpr auto kBlocks = std::to_array<BlockRow>({
    {"text", {"text_delta", "citations_delta"}},
    {"thinking", {"thinking_delta", "signature_delta"}},
    {"tool_use", {"input_json_delta"}},
    {"server_tool_use", {"input_json_delta"}},
    {"mcp_tool_use", {"input_json_delta"}},
    {"redacted_thinking"},
});

struct DeltaRow {
  std::string_view type;
  std::string_view member;  // what it adds
  json::Type holds = json::Type::String;
};
constexpr auto kDeltas = std::to_array<DeltaRow>({
    {"text_delta", "text"},
    {"input_json_delta", "partial_json"},
    {"thinking_delta", "thinking"},
    {"signature_delta", "signature"},
    {"citations_delta", "citation", json::Type::Object},
});

bool has_delta(const BlockRow& row, std::string_view type) {
  return std::ranges::find(row.deltas, type) != row.deltas.end();
}

constexpr std::int64_t kMostBlocks = 65'536;
constexpr std::size_t kMostTypeBytes = 64;  // of an upstream's own word

struct KindRow {
  std::string_view type;
  EventKind kind;
  std::string_view inner;  // the object this kind must hold, or empty
  bool indexed;
};
constexpr auto kKinds = std::to_array<KindRow>({
    {"message_start", EventKind::MessageStart, "message", false},
    {"content_block_start", EventKind::BlockStart, "content_block", true},
    {"content_block_delta", EventKind::BlockDelta, "delta", true},
    {"content_block_stop", EventKind::BlockStop, "", true},
    {"message_delta", EventKind::MessageDelta, "delta", false},
    {"message_stop", EventKind::MessageStop, "", false},
    {"ping", EventKind::Ping, "", false},
    {"error", EventKind::Error, "", false},
});
constexpr KindRow kOther{"", EventKind::Other, "", false};

const KindRow& row_of(std::string_view type) {
  for (const KindRow& row : kKinds)
    if (row.type == type) return row;
  return kOther;
}

std::unexpected<Fault> out_of_place(std::string_view what) {
  return fail(Fault{.kind = FaultKind::UpstreamInvalid,
                    .detail = fmt::format("the provider's stream {}", what),
                    .origin = Origin::Upstream});
}

/// The event's name and the `type` of its data say the same; either may be missing.
Result<std::string_view> type_of_event(const wire::EventView& event, json::ValueView root) {
  const std::string_view inside = text_of(root, "type");
  if (event.event == "error" || (inside.empty() && find_object(root, "error"))) return "error";
  if (inside.empty() && !root.find("type")) return event.event;
  if (!event.event.empty() && event.event != inside)
    return out_of_place(fmt::format("names an event {} whose data says {}",
                                    cleaned(event.event, kMostTypeBytes),
                                    cleaned(inside, kMostTypeBytes)));
  return inside;
}

}  // namespace

Result<json::Tree> parse_event(std::string_view data) {
  Result<json::Tree> tree = json::Tree::parse(data, json::kFromUpstream);
  if (!tree)
    return fail(as_upstream_invalid(std::move(tree).error(), "an event of the provider's stream"));
  return tree;
}

Result<StreamEventView> read_event(const wire::EventView& event, const json::Tree& tree) {
  const json::ValueView root = tree.root();
  NARU_TRY(const std::string_view type, type_of_event(event, root));
  const KindRow& row = row_of(type);
  if (!root.is_object() && row.kind != EventKind::Error)
    return out_of_place("holds an event that is no object");
  StreamEventView said{
      .kind = row.kind, .root = root, .inner = root, .type = {}, .index = 0, .name = row.type};
  if (!row.inner.empty()) {
    const std::optional<json::ValueView> inner = find_object(root, row.inner);
    if (!inner) return out_of_place(fmt::format("has a {} without {}", type, row.inner));
    said.inner = *inner;
    said.type = text_of(*inner, "type");
  }
  if (row.indexed) {
    const std::optional<json::ValueView> index = root.find("index");
    const std::int64_t number = index ? index->integer().value_or(-1) : -1;
    if (number < 0 || number >= kMostBlocks)
      return out_of_place(fmt::format("has a {} without a usable index", type));
    said.index = static_cast<std::uint32_t>(number);
  }
  return said;
}

Result<void> StreamGrammar::accept(StreamEventView& event) {
  switch (event.kind) {
    case EventKind::Other:
    case EventKind::Ping:
    case EventKind::Error:
      return {};
    case EventKind::MessageStart:
      return start_message(event.inner);
    default:
      break;
  }
  if (phase_ == Phase::Before) return out_of_place("goes on before message_start");
  if (event.kind == EventKind::MessageDelta) return end_turn(event.inner);
  if (event.kind != EventKind::MessageStop) return accept_block(event);
  if (open_) return out_of_place("ends its message within a content block");
  if (!has_delta_) return out_of_place("ends its message without a message_delta");
  phase_ = Phase::Ended;
  return {};
}

Result<void> StreamGrammar::start_message(json::ValueView message) {
  if (phase_ != Phase::Before) return out_of_place("starts its message twice");
  phase_ = Phase::Within;
  const std::optional<json::ValueView> role = message.find("role");
  if (role && !role->is_null() && role->text() != "assistant")
    return out_of_place("has a message whose role is not the assistant's");
  if (find_filled(message, "content") || find_words(message, "content"))
    return out_of_place("has content in its message_start");
  return {};
}

/// May come more than once; the usage it has may stand anywhere, the reason to stop after all else.
Result<void> StreamGrammar::end_turn(json::ValueView delta) {
  has_delta_ = true;
  if (!read_stop(delta)) return {};
  if (open_) return out_of_place("ends its turn within a content block");
  phase_ = Phase::Told;
  return {};
}

Result<void> StreamGrammar::accept_block(StreamEventView& event) {
  if (event.kind == EventKind::BlockStart) return start_block(event);
  if (take_late(event)) return {};
  if (!open_ || event.index + 1 != blocks_)
    return out_of_place(fmt::format("goes on with content block {} which is {}", event.index,
                                    event.index < blocks_ ? "stopped" : "not started"));
  if (event.kind == EventKind::BlockDelta) return accept_delta(event);
  open_ = false;
  return {};
}

/// Of a block that another's start has ended: its stop, and llama-server's empty signature ahead of
/// that.
bool StreamGrammar::take_late(StreamEventView& event) {
  const auto block = unstopped_.find(event.index);
  if (block == unstopped_.end()) return false;
  if (event.kind == EventKind::BlockStop) {
    unstopped_.erase(block);
  } else {
    const std::optional<json::ValueView> seal = event.inner.find("signature");
    const bool is_empty = seal && seal->is_string() && seal->text().empty();
    if (event.type != "signature_delta" || !is_empty) return false;
  }
  event.kind = EventKind::Other;
  return true;
}

Result<void> StreamGrammar::start_block(StreamEventView& event) {
  if (phase_ == Phase::Told)
    return out_of_place("starts a content block after the end of its turn");
  if (event.index != blocks_)
    return out_of_place(
        fmt::format("starts content block {} where {} comes next", event.index, blocks_));
  if (event.type.empty()) return out_of_place("starts a content block without a type");
  if (is_nameless_call(event.inner)) return out_of_place("calls a tool without name or id");
  if (open_) unstopped_.insert(event.ends.emplace(blocks_ - 1));
  const auto row = std::ranges::find(kBlocks, event.type, &BlockRow::type);
  row_ = row == kBlocks.end() ? nullptr : &*row;
  open_ = true;
  ++blocks_;
  return {};
}

/// One whose words are null adds none.
Result<void> StreamGrammar::accept_delta(StreamEventView& event) const {
  if (event.type.empty()) return out_of_place("has a delta without a type");
  const auto delta = std::ranges::find(kDeltas, event.type, &DeltaRow::type);
  if (delta == kDeltas.end()) {
    if (row_ != nullptr) event.kind = EventKind::OtherDelta;
    return {};
  }
  if (row_ != nullptr && !has_delta(*row_, event.type))
    return out_of_place(fmt::format("has a {} in a {} block", event.type, row_->type));
  const std::optional<json::ValueView> added = event.inner.find(delta->member);
  if (added && added->is_null())
    event.kind = EventKind::Other;
  else if (!added || !added->is(delta->holds))
    return out_of_place(fmt::format("has a {} without usable {}", delta->type, delta->member));
  return {};
}

}  // namespace naru::dialect::anthropic_wire
