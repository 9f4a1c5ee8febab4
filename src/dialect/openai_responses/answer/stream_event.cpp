#include "dialect/openai_responses/answer/stream_event.h"

#include <map>

#include "base/text.h"
#include "dialect/openai_responses/answer/answer_words.h"
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
constexpr StepRow kHosted{"", Step::Hosted, Of::Nothing, "delta"};
constexpr StepRow kForeign{"", Step::Foreign, Of::Nothing, "delta"};
/// How the names begin of events that go on untouched; `reasoning_part` is vLLM's.
constexpr auto kHostedNames = std::to_array<std::string_view>(
    {"response.web_search_call.", "response.file_search_call.", "response.code_interpreter_call.",
     "response.code_interpreter_call_code.", "response.image_generation_call.",
     "response.mcp_call.", "response.mcp_call_arguments.", "response.mcp_list_tools.",
     "response.custom_tool_call_input.", "response.shell_call", "response.apply_patch_call",
     "response.computer_call", "response.audio.", "response.reasoning_part."});
constexpr auto kResponseWords = std::to_array<std::string_view>(
    {"in_progress", "completed", "incomplete", "queued", "failed", "cancelled"});

const StepRow& row_of(std::string_view type) {
  const auto row = std::ranges::find(kSteps, type, &StepRow::type);
  if (row != kSteps.end()) return *row;
  const auto begins = [&](std::string_view name) { return type.starts_with(name); };
  return std::ranges::any_of(kHostedNames, begins) ? kHosted : kForeign;
}

std::unexpected<Fault> out_of_place(std::string_view type, std::string_view what) {
  return broken("stream", fmt::format("has a {} {}", cleaned(type, kMostTypeBytes), what));
}

std::optional<std::int64_t> index_of(ValueView member) {
  const std::optional<std::int64_t> index = member.integer();
  return index && *index >= 0 && *index <= kMostTokens ? index : std::nullopt;
}

/// One walk over the members: events come by the thousand.
Result<StreamEventView> take_apart(ValueView root) {
  StreamEventView said{.root = root};
  const auto read_index = [](ValueView member, std::optional<std::int64_t>& into) {
    into = index_of(member);
    return into || member.is_null();
  };
  bool usable = true;
  for (const ValueView member : root) {
    const std::string_view key = member.key();
    if (key == "type")
      said.type = member.text();
    else if (key == "delta")
      said.value = member;
    else if (key == "sequence_number")
      said.number = index_of(member);
    else if (key == "output_index")
      usable = read_index(member, said.output_index) && usable;
    else if (key == "content_index" || key == "summary_index")
      usable = read_index(member, said.part_index) && usable;
    else if (key == "item_id")
      said.item_id = member.text();
  }
  if (!usable) return out_of_place(said.type, "whose index is no count");
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

bool is_nameless_call(ValueView item) {
  return kind_of_item(text_of(item, "type")) == ItemKind::Call && text_of(item, "name").empty();
}

Result<void> complete(const wire::EventView& event, StreamEventView& said) {
  if (said.type.empty() && !said.root->find("type")) said.type = event.event;
  if (!event.event.empty() && event.event != said.type)
    return out_of_place(event.event, "whose data names another event");
  const StepRow& row = row_of(said.type);
  said.step = row.step;
  said.of = row.of;
  if (said.type.empty() && find_error(*said.root)) said.step = Step::Failed;
  if (row.step == Step::Delta && !(said.value && said.value->is_string()))
    said.step = Step::Foreign;  // one without words says nothing
  if (row.value.empty() || row.value == "delta") return {};
  said.value = said.root->find(row.value);
  const bool has_object = said.value && said.value->is_object();
  const bool needs_response = row.step == Step::Created || row.step == Step::Ended;
  if (needs_response && !has_object) return out_of_place(said.type, "without the response");
  const bool begins = row.step == Step::Created || row.step == Step::Going;
  if (begins && has_object && find_failure(*said.value)) said.step = Step::Failed;
  if (row.value == "item" && !has_object) {
    if (!said.value || !said.value->is_null()) return out_of_place(said.type, "without the item");
    said.step = Step::Hosted;  // an empty one says nothing, but takes its place
  }
  if ((row.value == "part" || row.value == "annotation") && !has_object) said.step = Step::Foreign;
  if (row.value == "part" && row.of == Of::Nothing && has_object) said.of = of_part(*said.value);
  return {};
}

}  // namespace

Result<StreamEventView> StreamGrammar::read(const wire::EventView& event,
                                            std::optional<json::Tree>& tree) {
  if (openai_wire::find_event_error(event)) return StreamEventView{.step = Step::Failed};
  const std::string_view data = trim(event.data);
  if (data.empty() && !event.event.empty()) return StreamEventView{};
  if (data.empty() || data == "[DONE]") return StreamEventView{.step = Step::Silent, .type = data};
  Result<json::Tree> parsed = json::Tree::parse(event.data, json::kFromUpstream);
  if (!parsed) return broken("stream", "holds an event that is no JSON");
  tree = *std::move(parsed);
  if (!tree->root().is_object()) return broken("stream", "holds an event that is no object");
  NARU_TRY(StreamEventView said, take_apart(tree->root()));
  NARU_TRY_VOID(complete(event, said));
  NARU_TRY_VOID(accept(said));
  return said;
}

Result<void> StreamGrammar::accept(StreamEventView& event) {
  NARU_TRY_VOID(check_words(event));
  switch (event.step) {
    case Step::Foreign:
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
  if (event.step == Step::Hosted) {
    if (row_of(event.type).step != Step::ItemAdded) return {};
    NARU_TRY_VOID(check_place(event));
    ++empty_;
    return {};
  }
  if (event.step == Step::ItemAdded) return add_item(event);
  if (event.step == Step::ItemDone) return end_item(event);
  return event.step == Step::Ended ? end_answer(event) : accept_part(event);
}

/// A failed answer says so itself.
Result<void> StreamGrammar::end_answer(const StreamEventView& event) {
  if (!find_failure(*event.value)) {
    const std::string_view status = text_of(*event.value, "status");
    const bool incomplete = event.type == "response.incomplete" || status == "incomplete";
    if (incomplete && status == "completed")
      return out_of_place(event.type, "whose answer is completed");
    const auto is_open = [](const Item& item) { return item.kind == ItemKind::Call && !item.done; };
    if (!incomplete && std::ranges::any_of(items_, is_open))
      return out_of_place(event.type, "before a call is done");
    if (const std::optional<ValueView> output = find_filled(*event.value, "output"))
      for (const IndexedItem& one : untold(*output))
        if (is_nameless_call(one.item))
          return out_of_place(event.type, "that calls a tool without naming it");
  }
  ended_ = true;
  return {};
}

std::vector<IndexedItem> StreamGrammar::untold(ValueView output) const {
  std::vector<IndexedItem> untold;
  std::map<ItemKind, std::ptrdiff_t> told;
  for (const Item& item : items_) ++told[item.kind];
  std::size_t index = 0;
  for (const ValueView item : output) {
    if (item.is_object() && told[kind_of_item(text_of(item, "type"))]-- <= 0)
      untold.push_back({index, item});
    ++index;
  }
  return untold;
}

/// Status and role are closed sets, wherever they stand.
Result<void> StreamGrammar::check_words(const StreamEventView& event) {
  if (event.step == Step::ItemAdded || event.step == Step::ItemDone) {
    if (!has_own_words(*event.value))
      return out_of_place(event.type, "with a status or role that this dialect does not know");
  } else if (event.step == Step::Created || event.step == Step::Going ||
             event.step == Step::Ended) {
    if (event.value && !is_one_of(*event.value, "status", kResponseWords))
      return out_of_place(event.type, "with a status that this dialect does not know");
    if (event.step != Step::Ended) return {};
    if (const std::optional<ValueView> output = find_filled(*event.value, "output"))
      for (const ValueView item : *output)
        if (!has_own_words(item))
          return out_of_place(event.type, "with a status or role that this dialect does not know");
  }
  return {};
}

Result<void> StreamGrammar::add_item(StreamEventView& event) {
  std::string_view id = text_of(*event.value, "id");
  if (id.empty()) id = text_of(*event.value, "call_id");
  const auto same = [&](const Item& item) {
    return event.output_index ? item.index == event.output_index : !id.empty() && item.id == id;
  };
  if (std::ranges::any_of(items_, same)) return out_of_place(event.type, "for an item it has had");
  if (items_.size() >= kMostItems)
    return out_of_place(event.type, "beyond the most items it may have");
  NARU_TRY_VOID(check_place(event));
  const ItemKind kind = kind_of_item(text_of(*event.value, "type"));
  if (is_nameless_call(*event.value))
    return out_of_place(event.type, "that calls a tool without naming it");
  event.item = items_.size();
  items_.push_back({.index = event.output_index, .id = std::string(id), .kind = kind});
  return {};
}

Result<void> StreamGrammar::check_place(const StreamEventView& event) const {
  if (event.output_index && std::cmp_not_equal(*event.output_index, items_.size() + empty_))
    return out_of_place(event.type, "that leaves out an item");
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
  const bool in_message = item.kind == ItemKind::Message && event.of != Of::Nothing;
  if (!known && in_message && event.step != Step::PartAdded)
    return out_of_place(event.type, "for a part it has not begun");
  if (known && in_message && item.parts[*known].of != event.of)
    return out_of_place(event.type, "for a part of another type");
  if (!known && item.parts.size() >= kMostParts)
    return out_of_place(event.type, "beyond the most parts an item may have");
  if (!known) item.parts.push_back({.of = event.of, .index = new_index(item, event)});
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
  if (item.kind == ItemKind::Call && !item.parts.empty()) return 0;  // a call is all one
  const bool summary = event.of == Of::Summary;
  for (std::size_t at = item.parts.size(); at-- > 0;) {
    const Part& part = item.parts[at];
    if ((part.of == Of::Summary) != summary) continue;
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
    if ((part.of == Of::Summary) == (event.of == Of::Summary))
      next = std::max(next, part.index + 1);
  return event.part_index.value_or(next);
}

std::optional<ValueView> find_part_words(const StreamEventView& event) {
  if (!event.value || event.of == Of::Nothing) return std::nullopt;
  return find_words(*event.value, event.of == Of::Refusal ? "refusal" : "text");
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
