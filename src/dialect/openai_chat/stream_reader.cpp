#include "base/text.h"
#include "dialect/facts.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/marks.h"
#include "dialect/openai_chat/words.h"
#include "dialect/pair_joiner.h"

namespace naru::dialect::openai_chat_wire {
namespace {

using json::ValueView;
using Events = std::vector<chat::Event>;

constexpr std::size_t kMostCalls = 1024;  // in one choice
constexpr std::size_t kMostLost = 64;     // named in one choice

/// One choice of a stream, cut into parts of which only the last is open.
class ChoiceReader {
 public:
  explicit ChoiceReader(std::uint32_t index) : index_(index) {}
  std::uint32_t index() const { return index_; }
  bool finished() const { return finished_; }

  Result<void> read(ValueView value, Events& out) {
    if (const std::optional<ValueView> delta = value.find("delta")) {
      for (const bool refusal : {false, true})
        join_lists(logprobs_[refusal], find_logprobs(value, refusal));
      NARU_TRY_VOID(read_delta(*delta, out));
    }
    NARU_TRY(const std::optional<chat::StopReason> stop, read_stop(value));
    if (stop) return finish(stop, out);
    return {};
  }

  /// Ends the choice; `stop` is empty when the server only marked the end of the stream.
  Result<void> finish(std::optional<chat::StopReason> stop, Events& out) {
    if (finished_) return {};
    for (const Call& call : calls_)
      if (!call.started && !call.lost) return broken("stream", "calls a tool without naming it");
    if (!logprobs_[0].empty() || !logprobs_[1].empty()) lose("logprobs", out);
    end_part(out);
    finished_ = true;
    const chat::StopReason settled = settle_stop(stop, !calls_.empty(), refused_);
    out.emplace_back(chat::Finished{index_, settled, {}});
    return {};
  }

 private:
  enum class Open : std::uint8_t { Nothing, Text, Refusal, Thinking, Call };
  struct Call {
    std::int64_t index = 0;
    std::string id = {};
    bool started = false;
    bool lost = false;  // of a kind we do not model
  };

  Result<void> read_delta(ValueView delta, Events& out) {
    const std::vector<SaidView> said = read_said(delta);
    const std::optional<ValueView> calls = find_filled(delta, "tool_calls");
    const std::optional<ValueView> older = find_filled(delta, "function_call");
    if (finished_ && (!said.empty() || calls || older))
      return broken("stream", "goes on after the end of its choice");
    read_words(said, delta, out);
    read_marks(delta, out);
    if (calls)
      for (const ValueView call : *calls) NARU_TRY_VOID(read_call(call, out));
    if (older) {
      if (calls_.empty()) calls_.push_back({});
      NARU_TRY_VOID(add_call(calls_.size() - 1, *older, out));
    }
    return {};
  }

  /// The seals of what a delta thinks stand beside it; they come before what it says.
  void read_words(const std::vector<SaidView>& said, ValueView delta, Events& out) {
    const auto first = std::ranges::find_if(
        said, [](const SaidView& one) { return one.as != SaidView::As::Thinking; });
    for (auto at = said.begin(); at != first; ++at) add_text(*at, out);
    if (const std::optional<ValueView> details = find_filled(delta, "reasoning_details"))
      for (const ValueView value : *details) {
        if (const auto detail = find_detail(value))
          add_detail(*detail, out);
        else
          lose("reasoning_details", out);
      }
    for (auto at = first; at != said.end(); ++at) add_text(*at, out);
  }

  /// Citations, log probabilities whose tokens show no text yet, and what has no place here.
  void read_marks(ValueView delta, Events& out) {
    if (const std::optional<ValueView> annotations = find_filled(delta, "annotations"))
      for (const ValueView one : *annotations) {
        if (open_ == Open::Text)
          out.emplace_back(chat::Cited{index_, part_, read_citation(one)});
        else
          lose("annotations", out);
      }
    if (open_ == Open::Text || open_ == Open::Refusal) say({}, out);
    std::vector<chat::Loss> unknown;
    note_unknown_members(delta, index_, unknown);
    for (chat::Loss& loss : unknown) lose(std::move(loss), out);
  }

  void add_text(const SaidView& said, Events& out) {
    if (said.as == SaidView::As::Unknown) return lose(fmt::format("content[{}]", said.at), out);
    if (said.as == SaidView::As::Thinking) {
      shows_reasoning_ = true;
      if (open_ != Open::Thinking) start_part(Open::Thinking, chat::Thinking{}, out);
      thought_ += said.value.text();
      return say(joiner_.take(said.value), out);
    }
    const bool refusal = said.as == SaidView::As::Refusal;
    const Open wanted = refusal ? Open::Refusal : Open::Text;
    refused_ = refused_ || refusal;
    if (open_ != wanted) {
      chat::Text head;
      head.refusal = refusal;
      start_part(wanted, std::move(head), out);
    }
    say(joiner_.take(said.value), out);
  }

  /// A detail's text is one told anew, unless the server tells its reasoning nowhere else.
  void add_detail(const DetailView& detail, Events& out) {
    const bool told_elsewhere = shows_reasoning_;
    const bool begins = detail.seal == chat::Seal::Encrypted ||
                        (open_ == Open::Nothing && !detail.sealed.empty()) ||
                        (open_ != Open::Thinking && !told_elsewhere && !detail.text.empty());
    if (begins)
      start_part(Open::Thinking, chat::Thinking{.text = {}, .id = std::string(detail.id)}, out);
    if (told_elsewhere)
      retell(detail);
    else
      say(std::string(detail.text), out);
    if (detail.sealed.empty()) return;
    const bool fits = open_ == Open::Thinking && (retold_.empty() || retold_ == thought_);
    if (!fits) return lose("reasoning_details", out);
    out.emplace_back(chat::ThinkingSealed{index_, part_, std::string(detail.sealed), detail.seal});
    end_part(out);
  }

  void retell(const DetailView& detail) {
    if (std::exchange(retold_index_, detail.index) != detail.index) retold_.clear();
    retold_ += detail.text;
  }

  void say(std::string text, Events& out) {
    std::string logprobs;
    if (open_ == Open::Text) logprobs = std::exchange(logprobs_[0], {});
    if (open_ == Open::Refusal) logprobs = std::exchange(logprobs_[1], {});
    if (text.empty() && logprobs.empty()) return;
    out.emplace_back(chat::PartDelta{index_, part_, std::move(text), std::move(logprobs)});
  }

  void lose(std::string_view member, Events& out) {
    lose(unknown_part(answer_path(index_, member)), out);
  }

  /// Once each: an upstream tells of some in every event.
  void lose(chat::Loss loss, Events& out) {
    if (std::ranges::find(lost_, loss.field) != lost_.end() || lost_.size() >= kMostLost) return;
    lost_.push_back(loss.field);
    out.emplace_back(chat::Lost{std::move(loss)});
  }

  Result<void> read_call(ValueView value, Events& out) {
    const std::size_t at = call_at(value);
    if (at >= kMostCalls) return broken("stream", "calls more tools than one answer may");
    if (calls_[at].id.empty()) calls_[at].id = text_of(value, "id");
    if (const std::optional<ValueView> function = value.find("function"))
      return add_call(at, *function, out);
    if (!calls_[at].started && find_object(value, "custom")) {
      calls_[at].lost = true;
      lose(fmt::format("tool_calls[{}]", at), out);
    }
    return {};
  }

  /// The call a fragment belongs to. Servers leave out the index, or give each call index 0: then
  /// its id tells.
  std::size_t call_at(ValueView value) {
    const std::string_view id = text_of(value, "id");
    const std::optional<ValueView> member = value.find("index");
    const std::optional<std::int64_t> index = member ? member->integer() : std::nullopt;
    for (std::size_t at = calls_.size(); at-- > 0;) {
      const Call& call = calls_[at];
      if (index && call.index != *index) continue;
      if (id.empty() || call.id.empty() || call.id == id) return at;
    }
    const auto next = static_cast<std::int64_t>(calls_.size());
    calls_.push_back({.index = index.value_or(next), .id = {}});
    return calls_.size() - 1;
  }

  Result<void> add_call(std::size_t at, ValueView function, Events& out) {
    const std::optional<ValueView> arguments = find_words(function, "arguments");
    Call& call = calls_[at];
    if (!call.started) {
      const std::string_view name = text_of(function, "name");
      if (name.empty() && !arguments) return {};
      if (name.empty()) return broken("stream", "calls a tool without naming it");
      if (call.id.empty()) call.id = made_call_id(index_, at);
      start_part(Open::Call, chat::ToolCall{call.id, std::string(name), {}}, out);
      call.started = true;
      open_call_ = at;
    }
    if (!arguments) return {};
    if (open_ != Open::Call || open_call_ != at)
      return broken("stream", "mixes the arguments of two tool calls");
    say(joiner_.take(*arguments), out);
    return {};
  }

  void start_part(Open kind, chat::Part head, Events& out) {
    end_part(out);
    open_ = kind;
    part_ = parts_++;
    thought_.clear();
    retold_.clear();
    out.emplace_back(chat::PartStarted{index_, part_, std::move(head)});
  }

  void end_part(Events& out) {
    if (open_ == Open::Nothing) return;
    say(joiner_.rest(), out);
    out.emplace_back(chat::PartEnded{index_, part_});
    open_ = Open::Nothing;
  }

  std::uint32_t index_;
  Open open_ = Open::Nothing;
  std::uint32_t part_ = 0;   // the open one
  std::uint32_t parts_ = 0;  // so far
  std::vector<Call> calls_;
  std::size_t open_call_ = 0;
  PairJoiner joiner_;                    // of the open part
  std::array<std::string, 2> logprobs_;  // of content and refusal, whose text is still to come
  bool shows_reasoning_ = false;         // in strings of its own, beside `reasoning_details`
  std::string thought_;                  // the open part's reasoning so far
  std::string retold_;                   // what details have told of it once more
  std::int64_t retold_index_ = 0;
  std::vector<std::string> lost_;
  bool refused_ = false;
  bool finished_ = false;
};

class Reader final : public StreamReader {
 public:
  Result<void> read(const wire::EventView& event, Events& out) override {
    if (ended_) return {};
    if (std::optional<Fault> fault = find_event_error(event)) return fail(*std::move(fault));
    const std::string_view data = trim(event.data);
    if (data.empty()) {
      out.emplace_back(chat::Ping{});
      return {};
    }
    if (data == kNothing) return {};
    if (data == "[DONE]") return end(out);
    const Result<json::Tree> tree = json::Tree::parse(event.data, json::kFromUpstream);
    if (!tree) return broken("stream", "holds an event that is no JSON");
    return read_chunk(tree->root(), out);
  }

  Result<void> finish(Events& out) override {
    if (ended_) return {};
    const bool whole = !choices_.empty() && std::ranges::all_of(choices_, &ChoiceReader::finished);
    if (!whole) return broken("stream", "is cut off before its answer is whole");
    return end(out);
  }

 private:
  Result<void> read_chunk(ValueView root, Events& out) {
    if (!root.is_object()) return broken("stream", "holds an event that is no object");
    if (std::optional<Fault> fault = find_error(root)) return fail(*std::move(fault));
    const std::optional<ValueView> choices = root.find("choices");
    if (choices && !choices->is_array() && !choices->is_null())
      return broken("stream", "holds choices that are no list");
    const bool has_choices = choices && choices->size() > 0;
    const std::optional<ValueView> usage = root.find("usage");
    const std::optional<chat::Usage> report = usage ? read_usage(*usage) : std::nullopt;
    if (has_choices || report) start(root, out);
    if (has_choices)
      for (const ValueView choice : *choices) NARU_TRY_VOID(read_choice(choice, out));
    if (report) out.emplace_back(chat::UsageSeen{usage_.take(*report, root, choices_.size())});
    if (const std::optional<chat::Usage> counted = counts_.take(root))
      out.emplace_back(chat::UsageSeen{.usage = *counted, .running = true});
    return {};
  }

  void start(ValueView root, Events& out) {
    if (started_) return;
    started_ = true;
    const std::optional<ValueView> created = root.find("created");
    out.emplace_back(chat::Started{.id = std::string(text_of(root, "id")),
                                   .model = std::string(text_of(root, "model")),
                                   .created_s = created ? created->integer().value_or(0) : 0,
                                   .service_tier = std::string(find_tier(root))});
  }

  Result<void> read_choice(ValueView value, Events& out) {
    const std::optional<ValueView> member = value.find("index");
    const std::int64_t index = member ? member->integer().value_or(0) : 0;
    if (index < 0 || index >= static_cast<std::int64_t>(kMostChoices))
      return broken("stream", "has a choice whose index nobody asked for");
    const auto wanted = static_cast<std::uint32_t>(index);
    auto at = std::ranges::find(choices_, wanted, &ChoiceReader::index);
    if (at == choices_.end()) at = choices_.insert(at, ChoiceReader(wanted));
    return at->read(value, out);
  }

  Result<void> end(Events& out) {
    if (choices_.empty()) return broken("stream", "ends before it has begun");
    for (ChoiceReader& choice : choices_) NARU_TRY_VOID(choice.finish(std::nullopt, out));
    ended_ = true;
    out.emplace_back(chat::Ended{});
    return {};
  }

  std::vector<ChoiceReader> choices_;
  UsageSum usage_;
  RunningCounts counts_;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<StreamReader> make_reader() { return std::make_unique<Reader>(); }

}  // namespace naru::dialect::openai_chat_wire
