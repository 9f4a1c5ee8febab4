#include "base/text.h"
#include "dialect/facts.h"
#include "dialect/openai_chat/answer/stream_event.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/marks.h"
#include "dialect/pair_joiner.h"

namespace naru::dialect::openai_chat_wire {
namespace {

using json::ValueView;
using Events = std::vector<chat::Event>;

constexpr std::size_t kMostLost = 64;  // named in one choice

/// One choice of a stream, cut into parts of which only the last is open.
class ChoiceReader {
 public:
  explicit ChoiceReader(std::uint32_t index) : index_(index) {}

  Result<void> read(ValueView value, const ChoiceView& said, Events& out) {
    if (said.delta) {
      for (const bool refusal : {false, true})
        join_lists(logprobs_[refusal], find_logprobs(value, refusal));
      NARU_TRY_VOID(read_delta(*said.delta, said.calls, out));
    }
    if (said.stop) finish(said.stop, out);
    return {};
  }

  /// Ends the choice; `stop` is empty when the server only marked the end of the stream.
  void finish(std::optional<chat::StopReason> stop, Events& out) {
    if (finished_) return;
    if (!logprobs_[0].empty() || !logprobs_[1].empty()) lose("logprobs", out);
    end_part(out);
    finished_ = true;
    const chat::StopReason settled = settle_stop(stop, called_, refused_);
    out.emplace_back(chat::Finished{index_, settled, {}});
  }

 private:
  enum class Open : std::uint8_t { Nothing, Text, Refusal, Thinking, Call };
  struct Call {
    std::string id = {};
    bool started = false;
  };

  Result<void> read_delta(ValueView delta, std::span<const CallView> calls, Events& out) {
    read_words(read_said(delta), delta, out);
    read_marks(delta, out);
    for (const CallView& call : calls) NARU_TRY_VOID(read_call(call, out));
    if (const std::optional<ValueView> older = find_filled(delta, "function_call")) {
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

  Result<void> read_call(const CallView& said, Events& out) {
    if (said.at >= calls_.size()) calls_.resize(said.at + 1);
    Call& call = calls_[said.at];
    if (call.id.empty()) call.id = text_of(said.value, "id");
    called_ = called_ || !said.nothing;
    if (const std::optional<ValueView> function = said.value.find("function"))
      return add_call(said.at, *function, out);
    if (!call.started && find_object(said.value, "custom"))
      lose(fmt::format("tool_calls[{}]", said.at), out);
    return {};
  }

  Result<void> add_call(std::size_t at, ValueView function, Events& out) {
    const std::optional<ValueView> arguments = function.find("arguments");
    Call& call = calls_[at];
    if (!call.started) {
      const std::string_view name = text_of(function, "name");
      if (name.empty()) return {};
      if (call.id.empty()) call.id = made_call_id(index_, at);
      start_part(Open::Call, chat::ToolCall{call.id, std::string(name), {}}, out);
      call.started = called_ = true;
      open_call_ = at;
    }
    if (!arguments || (!arguments->is_object() && arguments->text().empty())) return {};
    if (open_ != Open::Call || open_call_ != at)
      return broken("stream", "mixes the arguments of two tool calls");
    say(arguments->is_object() ? arguments_of(function) : joiner_.take(*arguments), out);
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
  bool called_ = false;  // a tool
  bool refused_ = false;
  bool finished_ = false;
};

class Reader final : public StreamReader {
 public:
  Result<void> read(const wire::EventView& event, Events& out) override {
    using Kind = StreamEventView::Kind;
    if (grammar_.ended()) return {};
    std::optional<json::Tree> tree;
    Result<StreamEventView> read = grammar_.read(event, tree);
    if (!read && tree)
      if (const auto cost = report_in(tree->root())) tell(*cost, tree->root(), out);
    NARU_TRY(const StreamEventView said, std::move(read));
    if (said.kind == Kind::Quiet) out.emplace_back(chat::Ping{});
    if (said.kind == Kind::Done) end(out);
    if (said.kind == Kind::Chunk) return read_chunk(said, out);
    return {};
  }

  Result<void> finish(Events& out) override {
    if (grammar_.ended()) return {};
    if (!grammar_.whole()) return broken("stream", "is cut off before its answer is whole");
    end(out);
    return {};
  }

 private:
  Result<void> read_chunk(const StreamEventView& said, Events& out) {
    const ValueView root = *said.root;
    const std::optional<chat::Usage> report = report_in(root);
    if (said.choices || report) start(root, out);
    const Result<void> read = read_choices(said, out);
    if (report) tell(*report, root, out);
    if (const std::optional<chat::Usage> counted = counts_.take(root))
      out.emplace_back(chat::UsageSeen{.usage = *counted, .running = true});
    return read;
  }

  Result<void> read_choices(const StreamEventView& said, Events& out) {
    if (said.choices)
      for (const ValueView choice : *said.choices) NARU_TRY_VOID(read_choice(choice, out));
    return {};
  }

  static std::optional<chat::Usage> report_in(ValueView root) {
    const std::optional<ValueView> usage = root.find("usage");
    return usage ? read_usage(*usage) : std::nullopt;
  }
  void tell(const chat::Usage& report, ValueView root, Events& out) {
    out.emplace_back(chat::UsageSeen{usage_.take(report, root, choices_.size())});
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
    NARU_TRY(const ChoiceView said, grammar_.accept(value));
    if (said.at == choices_.size()) choices_.emplace_back(said.index);
    return choices_[said.at].read(value, said, out);
  }

  void end(Events& out) {
    for (ChoiceReader& choice : choices_) choice.finish(std::nullopt, out);
    out.emplace_back(chat::Ended{});
  }

  StreamGrammar grammar_;
  std::vector<ChoiceReader> choices_;
  UsageSum usage_;
  RunningCounts counts_;
  bool started_ = false;
};

}  // namespace

std::unique_ptr<StreamReader> make_reader() { return std::make_unique<Reader>(); }

}  // namespace naru::dialect::openai_chat_wire
