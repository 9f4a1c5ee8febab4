#pragma once
#include "dialect/dialect.h"

/// Events of a Messages stream, taken apart and held to their order. Scanner and reader share it,
/// so that both ways refuse the same streams. Source: Anthropic API reference, Streaming Messages.
namespace naru::dialect::anthropic_wire {

enum class EventKind : std::uint8_t {
  Other,  ///< newer than we are; goes on untouched
  MessageStart,
  BlockStart,
  BlockDelta,
  BlockStop,
  MessageDelta,
  MessageStop,
  Ping,
  Error,
};

/// One event. Lifetime: that of the tree it was read from.
struct StreamEventView {
  EventKind kind = EventKind::Other;
  json::ValueView root;
  json::ValueView inner;    ///< `message`, `content_block` or `delta`; else the root
  std::string_view type;    ///< of the inner object, where it has one
  std::uint32_t index = 0;  ///< of a block's event
};

/// Fails: UpstreamInvalid.
Result<json::Tree> parse_event(std::string_view data);
/// Fails: UpstreamInvalid, when a field the kind demands is missing.
Result<StreamEventView> read_event(const wire::EventView& event, const json::Tree& tree);

/// The order of events: one message, in it blocks each started and stopped once, then its end.
class StreamGrammar {
 public:
  /// Fails: UpstreamInvalid, naming what came out of place.
  Result<void> accept(const StreamEventView& event);
  bool ended() const { return phase_ == Phase::Ended; }
  /// Nothing is missing but the marker: a reason to stop was told and no block is open.
  bool whole() const { return phase_ == Phase::Told && open_ == 0; }

 private:
  enum class Phase : std::uint8_t { Before, Within, Told, Ended };
  enum class Block : std::uint8_t { Unseen, Open, Closed };
  Result<void> accept_block(const StreamEventView& event);
  Phase phase_ = Phase::Before;
  std::vector<Block> blocks_;
  std::size_t open_ = 0;
};

}  // namespace naru::dialect::anthropic_wire
