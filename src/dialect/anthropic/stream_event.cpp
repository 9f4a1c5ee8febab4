#include "dialect/anthropic/stream_event.h"

#include "dialect/anthropic/words.h"
#include "dialect/provider_words.h"

namespace naru::dialect::anthropic_wire {
namespace {

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
  if (inside.empty()) return event.event;
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
  StreamEventView said{.kind = row.kind, .root = root, .inner = root, .type = {}, .index = 0};
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

Result<void> StreamGrammar::accept(const StreamEventView& event) {
  if (event.kind == EventKind::Other || event.kind == EventKind::Ping ||
      event.kind == EventKind::Error)
    return {};
  if (event.kind == EventKind::MessageStart) {
    if (phase_ != Phase::Before) return out_of_place("starts its message twice");
    phase_ = Phase::Within;
    return {};
  }
  if (phase_ == Phase::Before) return out_of_place("goes on before message_start");
  if (event.kind == EventKind::MessageDelta) {
    if (read_stop(event.inner)) phase_ = Phase::Told;
    return {};
  }
  if (event.kind != EventKind::MessageStop) return accept_block(event);
  if (open_ != 0) return out_of_place("ends its message within a content block");
  phase_ = Phase::Ended;
  return {};
}

Result<void> StreamGrammar::accept_block(const StreamEventView& event) {
  if (event.index >= blocks_.size()) blocks_.resize(event.index + 1, Block::Unseen);
  Block& block = blocks_[event.index];
  const bool starts = event.kind == EventKind::BlockStart;
  if (starts ? block != Block::Unseen : block != Block::Open)
    return out_of_place(fmt::format("{} content block {} which is {}",
                                    starts ? "starts" : "goes on with", event.index,
                                    block == Block::Unseen ? "not started" : "started before"));
  if (starts) {
    block = Block::Open;
    ++open_;
  } else if (event.kind == EventKind::BlockStop) {
    block = Block::Closed;
    --open_;
  }
  return {};
}

}  // namespace naru::dialect::anthropic_wire
