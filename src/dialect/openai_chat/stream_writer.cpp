#include "base/json_writer.h"
#include "dialect/facts.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/words.h"

namespace naru::dialect::openai_chat_wire {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

/// Chunk by chunk: one role delta first in each choice, then text, reasoning and tool calls, the
/// finish reason, and with the end the usage, if it was asked for.
class Writer final : public StreamWriter {
 public:
  explicit Writer(const WriterOptions& options) : stream_usage_(options.stream_usage) {
    json::Writer head(head_);
    head_ = "data: ";
    head.object().field("id", options.answer_id).field("object", "chat.completion.chunk");
    head.field("created", options.created_s).field("model", options.public_model);
    head.key("choices");
    tail_ = stream_usage_ ? R"(}],"usage":null})" : "}]}";
    tail_ += "\n\n";
  }

  void write(const chat::Event& event, std::string& out) override {
    std::visit(Overloaded{
                   [&](const chat::Started&) { choice_at(0, out); },
                   [&](const chat::PartStarted& part) { start_part(part, out); },
                   [&](const chat::PartDelta& delta) { add(delta.choice, delta.text, out); },
                   [](const chat::ThinkingSigned&) {},  // this dialect has no place for it
                   [&](const chat::PartEnded& part) { end_part(part, out); },
                   [&](const chat::Finished& finished) { finish(finished, out); },
                   [&](const chat::UsageSeen& seen) { take_usage(seen.usage); },
                   [&](const chat::Ping&) { out.append(kPing); },
                   [&](const chat::Ended&) { end(out); },
               },
               event);
  }

 private:
  enum class Open : std::uint8_t { Nothing, Text, Thinking, Call };
  struct Choice {
    std::uint32_t index = 0;
    Open open = Open::Nothing;
    std::int64_t calls = 0;  // so far
    bool arguments = false;  // the open call has some
  };

  Choice& choice_at(std::uint32_t index, std::string& out) {
    const auto at = std::ranges::find(choices_, index, &Choice::index);
    if (at != choices_.end()) return *at;
    begin_delta(index, out);
    out.append(R"("role":"assistant","content":"")");
    end_delta("null", out);
    return choices_.emplace_back(Choice{.index = index});
  }

  void start_part(const chat::PartStarted& part, std::string& out) {
    Choice& choice = choice_at(part.choice, out);
    choice.open = Open::Nothing;
    if (const auto* text = std::get_if<chat::Text>(&part.head)) {
      choice.open = Open::Text;
      add(part.choice, text->text, out);
    } else if (const auto* thinking = std::get_if<chat::Thinking>(&part.head)) {
      choice.open = Open::Thinking;
      add(part.choice, thinking->text, out);
    } else if (const auto* call = std::get_if<chat::ToolCall>(&part.head)) {
      choice.open = Open::Call;
      choice.arguments = false;
      ++choice.calls;
      start_call(choice, *call, out);
      add(part.choice, call->arguments, out);
    }
  }

  void start_call(const Choice& choice, const chat::ToolCall& call, std::string& out) {
    begin_delta(choice.index, out);
    fmt::format_to(std::back_inserter(out), R"("tool_calls":[{{"index":{},"id":)",
                   choice.calls - 1);
    json::append_quoted(out, call.id);
    out.append(R"(,"type":"function","function":{"name":)");
    json::append_quoted(out, call.name);
    out.append(R"(,"arguments":""}}])");
    end_delta("null", out);
  }

  /// More of the open part.
  void add(std::uint32_t index, std::string_view text, std::string& out) {
    Choice& choice = choice_at(index, out);
    if (text.empty() || choice.open == Open::Nothing) return;
    begin_delta(index, out);
    if (choice.open == Open::Call) {
      choice.arguments = true;
      fmt::format_to(std::back_inserter(out),
                     R"("tool_calls":[{{"index":{},"function":{{"arguments":)", choice.calls - 1);
      json::append_quoted(out, text);
      out.append("}}]");
    } else {
      out.append(choice.open == Open::Text ? R"("content":)" : R"("reasoning_content":)");
      json::append_quoted(out, text);
    }
    end_delta("null", out);
  }

  /// Clients parse the arguments of a call; those of a call without any are an empty object.
  void end_part(const chat::PartEnded& part, std::string& out) {
    Choice& choice = choice_at(part.choice, out);
    if (choice.open == Open::Call && !choice.arguments) add(part.choice, "{}", out);
    choice.open = Open::Nothing;
  }

  void finish(const chat::Finished& finished, std::string& out) {
    choice_at(finished.choice, out);
    begin_delta(finished.choice, out);
    end_delta(fmt::format("\"{}\"", word_of(finished.stop)), out);
  }

  void take_usage(const chat::Usage& usage) {
    if (usage_)
      merge_usage(*usage_, usage);
    else
      usage_ = usage;
  }

  void end(std::string& out) {
    if (stream_usage_ && usage_) {
      out.append(head_).append(R"([],"usage":)");
      json::Writer writer(out);
      write_usage(writer, *usage_);
      out.append("}\n\n");
    }
    out.append(kDone);
  }

  void begin_delta(std::uint32_t index, std::string& out) const {
    out.append(head_);
    fmt::format_to(std::back_inserter(out), R"([{{"index":{},"delta":{{)", index);
  }

  void end_delta(std::string_view stop, std::string& out) const {
    out.append(R"(},"logprobs":null,"finish_reason":)").append(stop).append(tail_);
  }

  const bool stream_usage_;
  std::string head_;  // `data: {…"choices":`
  std::string tail_;  // of a chunk with one choice, its blank line included
  std::vector<Choice> choices_;
  std::optional<chat::Usage> usage_;
};

}  // namespace

std::unique_ptr<StreamWriter> make_writer(WriterOptions options) {
  return std::make_unique<Writer>(options);
}

}  // namespace naru::dialect::openai_chat_wire
