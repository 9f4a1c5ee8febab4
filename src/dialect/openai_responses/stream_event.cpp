#include "dialect/openai_responses/stream_event.h"

#include "base/text.h"
#include "dialect/openai_responses/answer_words.h"
#include "dialect/provider_words.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::ValueView;

constexpr std::size_t kMostItems = 4096;
constexpr std::size_t kMostParts = 4096;    // in one item
constexpr std::size_t kMostTypeBytes = 64;  // of an upstream's own word

struct StepRow {
  std::string_view type;
  Step step;
  Of of;
  std::string_view value;  // the member that carries what the event is about
};
/// The most frequent first.
constexpr auto kSteps = std::to_array<StepRow>({
    {"response.output_text.delta", Step::Delta, Of::Text, "delta"},
    {"response.function_call_arguments.delta", Step::Delta, Of::Arguments, "delta"},
    {"response.reasoning_summary_text.delta", Step::Delta, Of::Summary, "delta"},
    {"response.reasoning_text.delta", Step::Delta, Of::Reasoning, "delta"},
    {"response.refusal.delta", Step::Delta, Of::Refusal, "delta"},
    {"response.output_item.added", Step::ItemAdded, Of::Nothing, "item"},
    {"response.output_item.done", Step::ItemDone, Of::Nothing, "item"},
    {"response.content_part.added", Step::PartAdded, Of::Nothing, "part"},
    {"response.content_part.done", Step::PartDone, Of::Nothing, "part"},
    {"response.output_text.done", Step::TextDone, Of::Text, "text"},
    {"response.function_call_arguments.done", Step::TextDone, Of::Arguments, "arguments"},
    {"response.output_text.annotation.added", Step::Annotation, Of::Text, "annotation"},
    {"response.refusal.done", Step::TextDone, Of::Refusal, "refusal"},
    {"response.reasoning_summary_part.added", Step::PartAdded, Of::Summary, "part"},
    {"response.reasoning_summary_part.done", Step::PartDone, Of::Summary, "part"},
    {"response.reasoning_summary_text.done", Step::TextDone, Of::Summary, "text"},
    {"response.reasoning_text.done", Step::TextDone, Of::Reasoning, "text"},
    {"response.created", Step::Created, Of::Nothing, "response"},
    {"response.queued", Step::Going, Of::Nothing, "response"},
    {"response.in_progress", Step::Going, Of::Nothing, "response"},
    {"response.completed", Step::Ended, Of::Nothing, "response"},
    {"response.incomplete", Step::Ended, Of::Nothing, "response"},
    {"response.failed", Step::Failed, Of::Nothing, "response"},
    {"error", Step::Failed, Of::Nothing, ""},
});
constexpr StepRow kOther{"", Step::Other, Of::Nothing, "delta"};

const StepRow& row_of(std::string_view type) {
  const auto row = std::ranges::find(kSteps, type, &StepRow::type);
  return row == kSteps.end() ? kOther : *row;
}

std::unexpected<Fault> out_of_place(std::string_view type, std::string_view what) {
  return broken("stream", fmt::format("has a {} {}", cleaned(type, kMostTypeBytes), what));
}

std::optional<std::int64_t> index_of(ValueView member) {
  const std::optional<std::int64_t> index = member.integer();
  return index && *index >= 0 && *index <= kMostTokens ? index : std::nullopt;
}

/// One walk over the members: events come by the thousand.
StreamEventView take_apart(ValueView root) {
  StreamEventView said{.root = root};
  for (const ValueView member : root) {
    const std::string_view key = member.key();
    if (key == "type")
      said.type = member.text();
    else if (key == "delta")
      said.value = member;
    else if (key == "sequence_number")
      said.number = index_of(member);
    else if (key == "output_index")
      said.output_index = index_of(member);
    else if (key == "content_index" || key == "summary_index")
      said.part_index = index_of(member);
    else if (key == "item_id")
      said.item_id = member.text();
  }
  return said;
}

Of of_part(ValueView part) {
  const std::string_view type = text_of(part, "type");
  if (type == "refusal") return Of::Refusal;
  return type == "reasoning_text" ? Of::Reasoning : Of::Text;
}

/// What the item of the event must be.
ItemKind holder_of(Of of) {
  if (of == Of::Arguments) return ItemKind::Call;
  return of == Of::Summary || of == Of::Reasoning ? ItemKind::Reasoning : ItemKind::Message;
}

/// What a content part is in an item of that kind, whatever it calls itself: engines begin their
/// reasoning with a part for text.
Of content_in(ItemKind kind, Of of) {
  if (kind == ItemKind::Reasoning) return Of::Reasoning;
  return kind == ItemKind::Message && of != Of::Reasoning ? of : Of::Nothing;
}

Result<void> complete(const wire::EventView& event, StreamEventView& said) {
  if (said.type.empty()) said.type = event.event;
  const StepRow& row = row_of(said.type);
  said.step = row.step;
  said.of = row.of;
  if (said.type.empty() && find_error(*said.root)) said.step = Step::Failed;
  if (row.value.empty() || row.value == "delta") return {};
  said.value = said.root->find(row.value);
  const bool has_object = said.value && said.value->is_object();
  const bool needs_response = row.step == Step::Created || row.step == Step::Ended;
  if (needs_response && !has_object) return out_of_place(said.type, "without the response");
  if (row.value == "item" && !has_object) said.step = Step::Other;  // an empty one says nothing
  if (row.value == "part" && row.of == Of::Nothing && has_object) said.of = of_part(*said.value);
  return {};
}

}  // namespace

Result<StreamEventView> StreamGrammar::read(const wire::EventView& event,
                                            std::optional<json::Tree>& tree) {
  if (openai_wire::find_event_error(event)) return StreamEventView{.step = Step::Failed};
  const std::string_view data = trim(event.data);
  if (data.empty() || data == "[DONE]") return StreamEventView{.step = Step::Silent, .type = data};
  Result<json::Tree> parsed = json::Tree::parse(event.data, json::kFromUpstream);
  if (!parsed) return broken("stream", "holds an event that is no JSON");
  tree = *std::move(parsed);
  if (!tree->root().is_object()) return broken("stream", "holds an event that is no object");
  StreamEventView said = take_apart(tree->root());
  NARU_TRY_VOID(complete(event, said));
  NARU_TRY_VOID(accept(said));
  return said;
}

Result<void> StreamGrammar::accept(StreamEventView& event) {
  switch (event.step) {
    case Step::Other:
    case Step::Silent:
    case Step::Going:
    case Step::Failed:
      return {};
    case Step::Created:
      if (std::exchange(begun_, true)) return out_of_place(event.type, "after it has begun");
      return {};
    default:
      break;
  }
  if (!begun_) return out_of_place(event.type, "before it has begun");
  if (event.step == Step::ItemAdded) return add_item(event);
  if (event.step == Step::ItemDone) return end_item(event);
  if (event.step != Step::Ended) return accept_part(event);
  ended_ = true;
  return {};
}

Result<void> StreamGrammar::add_item(StreamEventView& event) {
  const auto same = [&](const Item& item) {
    return event.output_index && item.index == event.output_index;
  };
  if (std::ranges::any_of(items_, same)) return out_of_place(event.type, "for an item it has had");
  if (items_.size() >= kMostItems)
    return out_of_place(event.type, "beyond the most items it may have");
  std::string_view id = text_of(*event.value, "id");
  if (id.empty()) id = text_of(*event.value, "call_id");
  event.item = items_.size();
  items_.push_back({.index = event.output_index,
                    .id = std::string(id),
                    .kind = kind_of_item(text_of(*event.value, "type"))});
  return {};
}

Result<void> StreamGrammar::end_item(StreamEventView& event) {
  event.item_id = text_of(*event.value, "id");
  if (event.item_id.empty()) event.item_id = text_of(*event.value, "call_id");
  const std::optional<std::size_t> found = find_item(event);
  if (!found) {
    NARU_TRY_VOID(add_item(event));
  } else {
    event.item = *found;
  }
  Item& item = items_[event.item];
  if (item.done) return out_of_place(event.type, "for an item that is done");
  item.done = true;
  if (item.kind != kind_of_item(text_of(*event.value, "type")))
    return out_of_place(event.type, "of another type than was added");
  return {};
}

std::optional<std::size_t> StreamGrammar::find_item(const StreamEventView& event) const {
  const bool by_index = event.output_index.has_value();
  for (std::size_t at = items_.size(); at-- > 0;) {
    const Item& item = items_[at];
    if (by_index ? item.index == event.output_index : item.id == event.item_id) return at;
  }
  // An id nobody knows, of a server that counts no items: its last one is meant.
  if (by_index || event.step == Step::ItemDone || items_.empty()) return std::nullopt;
  return items_.size() - 1;
}

Result<void> StreamGrammar::accept_part(StreamEventView& event) {
  const std::optional<std::size_t> found = find_item(event);
  if (!found) return out_of_place(event.type, "for an item it has not begun");
  event.item = *found;
  Item& item = items_[*found];
  if (item.done) return out_of_place(event.type, "for an item that is done");
  const bool of_content =
      event.of != Of::Summary && (event.step == Step::PartAdded || event.step == Step::PartDone);
  if (of_content) event.of = content_in(item.kind, event.of);
  if (!of_content && holder_of(event.of) != item.kind)
    return out_of_place(event.type, "for an item of another type");
  const std::optional<std::size_t> known = find_part(item, event);
  if (known && event.step == Step::PartAdded)
    return out_of_place(event.type, "for a part it has had");
  if (!known && item.parts.size() >= kMostParts)
    return out_of_place(event.type, "beyond the most parts an item may have");
  if (!known)
    item.parts.push_back({.summary = event.of == Of::Summary, .index = new_index(item, event)});
  event.part = known.value_or(item.parts.size() - 1);
  Step& last = item.parts[event.part].last;
  const bool goes_on = event.step == Step::Delta || event.step == Step::TextDone;
  if (last == Step::PartDone || (last == Step::TextDone && goes_on))
    return out_of_place(event.type, "for a part that is done");
  if (event.step == Step::TextDone || event.step == Step::PartDone) last = event.step;
  return {};
}

/// Without an index the last part is meant that the event can still belong to.
std::optional<std::size_t> StreamGrammar::find_part(const Item& item,
                                                    const StreamEventView& event) {
  const bool summary = event.of == Of::Summary;
  for (std::size_t at = item.parts.size(); at-- > 0;) {
    const Part& part = item.parts[at];
    if (part.summary != summary) continue;
    if (event.part_index) {
      if (part.index == *event.part_index) return at;
      continue;
    }
    if (event.step == Step::PartAdded) return std::nullopt;
    const bool open = part.last == Step::Delta;
    const bool ends = event.step == Step::PartDone || event.step == Step::Annotation;
    return open || (ends && part.last == Step::TextDone) ? std::optional(at) : std::nullopt;
  }
  return std::nullopt;
}

std::int64_t StreamGrammar::new_index(const Item& item, const StreamEventView& event) {
  std::int64_t next = 0;
  for (const Part& part : item.parts)
    if (part.summary == (event.of == Of::Summary)) next = std::max(next, part.index + 1);
  return event.part_index.value_or(next);
}

Fault read_failure(const wire::EventView& event, const StreamEventView& said) {
  if (std::optional<Fault> fault = openai_wire::find_event_error(event)) return *std::move(fault);
  if (said.value && said.value->is_object())
    if (std::optional<Fault> fault = find_failure(*said.value)) return *std::move(fault);
  wire::EventView named = event;
  named.event = "error";
  return *openai_wire::find_event_error(named);
}

}  // namespace naru::dialect::openai_responses_wire
