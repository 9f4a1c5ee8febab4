#include "dialect/openai_chat/answer/stream_event.h"

#include "base/text.h"

namespace naru::dialect::openai_chat_wire {
namespace {

using json::ValueView;
using Kind = StreamEventView::Kind;

constexpr std::size_t kMostCalls = 1024;  // in one choice

/// An event that neither has choices nor counts an answer is of another protocol.
bool is_chunk(ValueView root) {
  if (root.find("choices")) return true;
  const std::optional<ValueView> usage = root.find("usage");
  return usage && read_usage(*usage);
}

bool says_anything(ValueView choice, std::optional<ValueView> message) {
  if (find_words(choice, "text")) return true;
  if (!message) return false;
  for (const std::string_view name : {"tool_calls", "function_call", "reasoning_details"})
    if (find_filled(*message, name)) return true;
  return !read_said(*message).empty();
}

std::string_view name_of(ValueView call) {
  const std::optional<ValueView> function = call.find("function");
  const std::optional<ValueView> named = function ? function : call.find("custom");
  return named ? text_of(*named, "name") : std::string_view();
}

/// Of a call or choice; nullopt where its server leaves it out.
Result<std::optional<std::int64_t>> index_of(ValueView holder) {
  const std::optional<ValueView> member = holder.find("index");
  if (!member || member->is_null()) return std::nullopt;
  const std::optional<std::int64_t> index = member->integer();
  if (!index || *index < 0) return broken("stream", "has an index that is no count");
  return index;
}

}  // namespace

Result<StreamEventView> StreamGrammar::read(const wire::EventView& event,
                                            std::optional<json::Tree>& tree) {
  if (std::optional<Fault> fault = find_event_error(event)) return fail(*std::move(fault));
  const std::string_view data = trim(event.data);
  if (data.empty())
    return StreamEventView{.kind = event.event.empty() ? Kind::Quiet : Kind::Foreign};
  if (data == kNothing) return StreamEventView{.kind = Kind::Nothing};
  if (data == "[DONE]") {
    NARU_TRY_VOID(end());
    return StreamEventView{.kind = Kind::Done};
  }
  Result<json::Tree> parsed = json::Tree::parse(event.data, json::kFromUpstream);
  if (!parsed) return broken("stream", "holds an event that is no JSON");
  tree = *std::move(parsed);
  const ValueView root = tree->root();
  if (!root.is_object()) return broken("stream", "holds an event that is no object");
  if (std::optional<Fault> fault = find_error(root)) return fail(*std::move(fault));
  if (!is_chunk(root)) return StreamEventView{.kind = Kind::Foreign};
  StreamEventView said{.kind = Kind::Chunk, .root = root, .choices = root.find("choices")};
  if (said.choices && !said.choices->is_array() && !said.choices->is_null())
    return broken("stream", "holds choices that are no list");
  if (said.choices && said.choices->size() == 0) said.choices.reset();
  return said;
}

Result<ChoiceView> StreamGrammar::accept(ValueView choice) {
  NARU_TRY(const std::size_t at, place_of(choice));
  Choice& known = choices_[at];
  ChoiceView said{.at = at, .index = known.index, .delta = choice.find("delta")};
  NARU_TRY_VOID(accept_words(known, said, choice));
  calls_.clear();
  if (said.delta) NARU_TRY_VOID(accept_calls(known, *said.delta));
  said.calls = calls_;
  NARU_TRY(said.stop, read_stop(choice));
  if (!said.stop) return said;
  if (!known.names_all()) return broken("stream", "calls a tool without naming it");
  known.finished = true;
  return said;
}

/// A whole message in place of a delta would go unread. Behind the deltas, where some servers tell
/// it once more, it says nothing new.
Result<void> StreamGrammar::accept_words(Choice& known, const ChoiceView& said, ValueView choice) {
  NARU_TRY_VOID(check_message("stream", said.delta));
  if (known.spoken && !known.finished) return {};  // what it says more is of no matter
  const bool says = says_anything(choice, said.delta);
  if (known.finished && says) return broken("stream", "goes on after the end of its choice");
  known.spoken = known.spoken || says;
  if (!known.spoken && says_anything(choice, choice.find("message")))
    return broken("stream", "tells a message where its pieces should be");
  return {};
}

Result<std::size_t> StreamGrammar::place_of(ValueView choice) {
  if (!choice.is_object()) return broken("stream", "has a choice that is no object");
  NARU_TRY(const std::optional<std::int64_t> said, index_of(choice));
  const std::int64_t index = said.value_or(0);
  if (index >= static_cast<std::int64_t>(kMostStreamChoices))
    return broken("stream", "has a choice whose index nobody asked for");
  const auto wanted = static_cast<std::uint32_t>(index);
  for (std::size_t at = 0; at < choices_.size(); ++at)
    if (choices_[at].index == wanted) return at;
  choices_.push_back({.index = wanted});
  return choices_.size() - 1;
}

Result<void> StreamGrammar::accept_calls(Choice& choice, ValueView delta) {
  if (const std::optional<ValueView> calls = find_filled(delta, "tool_calls"))
    for (const ValueView call : *calls) {
      if (!call.is_object()) return broken("stream", "has a tool call that is no object");
      NARU_TRY(const std::size_t at, call_at(choice, call));
      Call& known = choice.calls[at];
      if (const std::optional<ValueView> function = call.find("function"))
        NARU_TRY_VOID(accept_function(known, *function));
      known.named = known.named || find_object(call, "custom");
      if (known.name.empty()) known.name = name_of(call);
      const std::string_view id = text_of(call, "id");
      calls_.push_back({call, at, known.nothing(), !id.empty() && id != known.id});
    }
  if (const std::optional<ValueView> older = find_filled(delta, "function_call")) {
    if (choice.calls.empty()) choice.calls.emplace_back();
    return accept_function(choice.calls.back(), *older);
  }
  return {};
}

/// The call a fragment belongs to. Servers leave out the index, count from elsewhere than 0, or
/// give each call index 0: then its id or name tells.
Result<std::size_t> StreamGrammar::call_at(Choice& choice, ValueView call) {
  const std::string_view id = text_of(call, "id");
  NARU_TRY(const std::optional<std::int64_t> index, index_of(call));
  std::vector<Call>& calls = choice.calls;
  std::size_t last = calls.size();  // of its index
  for (std::size_t at = calls.size(); at-- > 0;) {
    if (index && calls[at].index != *index) continue;
    if (!id.empty() && calls[at].id == id) return at;
    if (last == calls.size()) last = at;
  }
  if (last < calls.size() && continues(calls[last], index.has_value(), id, name_of(call))) {
    if (calls[last].id.empty()) calls[last].id = id;
    return last;
  }
  if (calls.size() >= kMostCalls) return broken("stream", "calls more tools than one answer may");
  const auto next = static_cast<std::int64_t>(calls.size());
  calls.push_back({.index = index.value_or(next), .id = std::string(id)});
  return calls.size() - 1;
}

/// Whether a fragment of no known id is more of the last call. Without a name it is, whatever its
/// id: some servers give each fragment one of its own.
bool StreamGrammar::continues(const Call& known, bool by_index, std::string_view id,
                              std::string_view name) {
  if (name.empty() || !known.named) return true;
  return by_index && id.empty() && known.name == name;
}

Result<void> StreamGrammar::accept_function(Call& call, ValueView function) {
  call.named = call.named || find_words(function, "name");
  if (!call.named && !arguments_of(function).empty())
    return broken("stream", "calls a tool without naming it");
  return {};
}

Result<void> StreamGrammar::end() {
  if (choices_.empty()) return broken("stream", "ends before it has begun");
  if (has_gap()) return broken("stream", "leaves out a choice");
  if (!std::ranges::all_of(choices_, &Choice::names_all))
    return broken("stream", "calls a tool without naming it");
  ended_ = true;
  return {};
}

/// A place held for a call that never came is none.
bool StreamGrammar::Choice::names_all() const {
  return std::ranges::all_of(calls, [](const Call& call) { return call.named || call.nothing(); });
}

bool StreamGrammar::has_gap() const {
  return std::ranges::any_of(choices_,
                             [&](const Choice& one) { return one.index >= choices_.size(); });
}

bool StreamGrammar::whole() const {
  return !choices_.empty() && !has_gap() && std::ranges::all_of(choices_, &Choice::finished);
}

}  // namespace naru::dialect::openai_chat_wire
