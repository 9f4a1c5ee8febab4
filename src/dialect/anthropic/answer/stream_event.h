#pragma once
#include <set>

#include "dialect/dialect.h"

/// Events of a Messages stream, taken apart and held to their order. Scanner and reader share it,
/// so that both ways refuse the same streams. Source: Anthropic API reference, Streaming Messages.
namespace naru::dialect::anthropic_wire {

enum class EventKind : std::uint8_t {
  Other,  ///< of no kind we know: no client is shown it
  MessageStart,
  BlockStart,
  BlockDelta,
  OtherDelta,  ///< of a type we do not know, in a block that we do: no client is shown it
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
  json::ValueView inner;                   ///< `message`, `content_block` or `delta`; else the root
  std::string_view type;                   ///< of the inner object, where it has one
  std::uint32_t index = 0;                 ///< of a block's event
  std::string_view name;                   ///< its event's, if we know its kind; a constant
  std::optional<std::uint32_t> ends = {};  ///< the block that was still open as this one started
};

/// Fails: UpstreamInvalid.
Result<json::Tree> parse_event(std::string_view data);
/// Fails: UpstreamInvalid, when a field the kind demands is missing.
Result<StreamEventView> read_event(const wire::EventView& event, const json::Tree& tree);

/// The deltas a block of one type has.
struct BlockRow;

/// The order of events: one message, in it blocks one after the other, counted up, each started and
/// stopped once; then its `message_delta` and its end. llama-server stops all blocks at the end:
/// the start of one ends the block before it, whose own stop then says nothing.
class StreamGrammar {
 public:
  /// A delta of a type we do not know becomes `OtherDelta`, unless its block is of such a type too;
  /// what comes late of a block that has been ended becomes `Other`.
  /// Fails: UpstreamInvalid, naming what came out of place.
  Result<void> accept(StreamEventView& event);
  bool ended() const { return phase_ == Phase::Ended; }
  /// Nothing is missing but the marker: a reason to stop was told.
  bool whole() const { return phase_ == Phase::Told; }

 private:
  enum class Phase : std::uint8_t { Before, Within, Told, Ended };
  Result<void> start_message(json::ValueView message);
  Result<void> end_turn(json::ValueView delta);
  Result<void> accept_block(StreamEventView& event);
  Result<void> start_block(StreamEventView& event);
  Result<void> accept_delta(StreamEventView& event) const;
  bool take_late(StreamEventView& event);
  Phase phase_ = Phase::Before;
  bool has_delta_ = false;             // a `message_delta` has come
  bool open_ = false;                  // the last block
  std::uint32_t blocks_ = 0;           // so far
  std::set<std::uint32_t> unstopped_;  // blocks that another's start has ended
  const BlockRow* row_ = nullptr;      // of the last block, if we know its type
};

}  // namespace naru::dialect::anthropic_wire
