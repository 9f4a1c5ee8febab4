#pragma once
#include "dialect/dialect.h"
#include "dialect/openai_responses/answer/items.h"

/// Events of a Responses stream, taken apart and held to their order. Scanner and reader share it,
/// so that both ways refuse the same streams. Source: OpenAI API reference, Responses streaming
/// events.
namespace naru::dialect::openai_responses_wire {

/// What an event does.
enum class Step : std::uint8_t {
  Foreign,  ///< of no name this dialect has, or of nothing: no client is shown it
  Hosted,   ///< of a hosted tool, or a part only some servers have; goes on untouched
  Silent,   ///< no event at all: a comment, or the `[DONE]` that some servers add
  Created,  ///< the answer begins
  Going,    ///< `response.queued`, `response.in_progress`
  Ended,    ///< `response.completed`, `response.incomplete`: with the whole answer
  Failed,   ///< the upstream ends the stream with a fault
  ItemAdded,
  ItemDone,  ///< with the whole item
  PartAdded,
  Delta,
  Annotation,
  TextDone,  ///< the whole text of a part, or a call's arguments
  PartDone,  ///< with the whole part
};

/// Of what in an item an event is.
enum class Of : std::uint8_t { Nothing, Text, Refusal, Arguments, Summary, Reasoning };

/// One event. Lifetime: that of the tree it was read from.
struct StreamEventView {
  Step step = Step::Foreign;
  Of of = Of::Nothing;
  std::string_view type = {};
  /// The response, item, part, annotation, delta or whole text it carries.
  std::optional<json::ValueView> value = {};
  std::optional<std::int64_t> number = {};  ///< its `sequence_number`
  std::optional<std::int64_t> output_index = {};
  std::optional<std::int64_t> part_index = {};
  std::string_view item_id = {};
  std::optional<json::ValueView> root = {};

  // From the grammar, in order of their coming and not as the server counts.
  std::size_t item = 0;
  std::size_t part = 0;
};

/// An item of the whole output, and its place there.
struct IndexedItem {
  std::size_t index = 0;
  json::ValueView item;
};

/// Reads each event of one stream and holds it to the order: one answer begins; items are counted
/// up, added and done once; in messages parts that are added before their words; nothing goes on
/// that is done; no call is open when the answer is completed. What servers leave out and what
/// follows all the same (numbers, indices, `done` events of all but calls, `added` ones of items
/// and of reasoning) is no breach, nor is a `response.completed` with an answer that is incomplete:
/// vLLM has no other last event.
class StreamGrammar {
 public:
  /// `tree` keeps what the view shows. Fails: UpstreamInvalid, naming what came out of place.
  Result<StreamEventView> read(const wire::EventView& event, std::optional<json::Tree>& tree);
  bool ended() const { return ended_; }
  /// What of the whole output no event has told: of each kind what goes beyond the items so far.
  /// Not by their ids or places: engines give both anew in their last event.
  std::vector<IndexedItem> untold(json::ValueView output) const;

 private:
  struct Part {
    Of of = Of::Nothing;
    std::int64_t index = 0;
    Step last = Step::Delta;  // Delta: open; else TextDone or PartDone
  };
  struct Item {
    std::optional<std::int64_t> index = {};
    std::string id = {};
    ItemKind kind = ItemKind::Other;
    bool done = false;
    std::vector<Part> parts = {};
  };

  Result<void> accept(StreamEventView& event);
  static Result<void> check_words(const StreamEventView& event);
  Result<void> add_item(StreamEventView& event);
  Result<void> check_place(const StreamEventView& event) const;
  Result<void> end_item(StreamEventView& event);
  Result<void> accept_part(StreamEventView& event);
  Result<void> end_answer(const StreamEventView& event);
  std::optional<std::size_t> find_item(const StreamEventView& event) const;
  static std::optional<std::size_t> find_part(const Item& item, const StreamEventView& event);
  static std::int64_t new_index(const Item& item, const StreamEventView& event);

  bool begun_ = false;
  std::size_t empty_ = 0;  // places of items that came as null
  bool ended_ = false;
  std::vector<Item> items_;
};

/// The words that stand in the part of a `PartAdded` or `PartDone` event; nullopt if there are
/// none.
std::optional<json::ValueView> find_part_words(const StreamEventView& event);

/// The fault of a `Failed` event.
Fault read_failure(const wire::EventView& event, const StreamEventView& said);

}  // namespace naru::dialect::openai_responses_wire
