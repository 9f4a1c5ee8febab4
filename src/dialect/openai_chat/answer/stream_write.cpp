#include "dialect/facts.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/marks.h"
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
  explicit Writer(WriterOptions options) : options_(std::move(options)) {
    write_head({});
    tail_ = options_.stream_usage ? R"(}],"usage":null})" : "}]}";
    tail_ += "\n\n";
  }

  void write(const chat::Event& event, std::string& out, std::vector<chat::Loss>& losses) override {
    std::visit(Overloaded{
                   [&](const chat::Started& started) { start(started, out); },
                   [&](const chat::PartStarted& part) { start_part(part, out, losses); },
                   [&](const chat::PartDelta& delta) { add(delta, out); },
                   [&](const chat::ThinkingSealed& sealed) { seal(sealed, out); },
                   [&](const chat::Cited& cited) { cite(cited, out, losses); },
                   [](const chat::Lost&) {},
                   [&](const chat::PartEnded& part) { end_part(part, out); },
                   [&](const chat::Finished& finished) { finish(finished, out); },
                   [&](const chat::UsageSeen& seen) { take_usage(seen.usage); },
                   [&](const chat::Ping&) { out.append(openai_wire::kPing); },
                   [&](const chat::Ended&) { end(out); },
               },
               event);
  }

 private:
  enum class Open : std::uint8_t { Nothing, Text, Refusal, Thinking, Call };
  struct Choice {
    std::uint32_t index = 0;
    Open open = Open::Nothing;
    std::int64_t calls = 0;                      // so far
    bool arguments = false;                      // the open call has some
    bool refused = false;                        // it holds a refusal
    std::int64_t characters = 0;                 // of its text so far
    std::int64_t begin = 0;                      // of the open text within it
    std::size_t cited = 0;                       // by the open text, told or not
    std::vector<chat::Citation> citations = {};  // of the open text
    chat::Thinking thinking = {};                // the open one
    std::vector<chat::Thinking> untold = {};     // ended ones not yet among the details
    bool sealed = false;       // some reasoning has a seal: then all of it has details
    std::int64_t details = 0;  // so far
  };

  void write_head(std::string_view service_tier) {
    head_ = "data: ";
    json::Writer head(head_);
    head.object().field("id", options_.answer_id).field("object", "chat.completion.chunk");
    head.field("created", options_.created_s).field("model", options_.public_model);
    if (!service_tier.empty()) head.field("service_tier", service_tier);
    head.key("choices");
  }

  void start(const chat::Started& started, std::string& out) {
    if (!started.service_tier.empty()) write_head(started.service_tier);
    choice_at(0, out);
  }

  Choice& choice_at(std::uint32_t index, std::string& out) {
    const auto at = std::ranges::find(choices_, index, &Choice::index);
    if (at != choices_.end()) return *at;
    begin_delta(index, out);
    out.append(R"("role":"assistant","content":"")");
    end_delta("null", out);
    return choices_.emplace_back(Choice{.index = index});
  }

  void start_part(const chat::PartStarted& part, std::string& out,
                  std::vector<chat::Loss>& losses) {
    Choice& choice = choice_at(part.choice, out);
    choice.open = Open::Nothing;
    if (const auto* text = std::get_if<chat::Text>(&part.head)) {
      choice.open = text->refusal ? Open::Refusal : Open::Text;
      choice.refused = choice.refused || text->refusal;
      choice.begin = choice.characters;
      choice.cited = 0;
      add({.choice = part.choice,
           .part = part.part,
           .text = text->text,
           .logprobs = text->logprobs},
          out);
      for (const chat::Citation& citation : text->citations)
        cite({part.choice, part.part, citation}, out, losses);
    } else if (const auto* thinking = std::get_if<chat::Thinking>(&part.head)) {
      choice.open = Open::Thinking;
      choice.thinking = *thinking;
      choice.thinking.text.clear();
      add({.choice = part.choice, .part = part.part, .text = thinking->text}, out);
    } else if (const auto* call = std::get_if<chat::ToolCall>(&part.head)) {
      choice.open = Open::Call;
      choice.arguments = false;
      ++choice.calls;
      start_call(choice, *call, out);
      add({.choice = part.choice, .part = part.part, .text = call->arguments}, out);
    } else {
      losses.push_back({path_of(part.choice, part.part), std::string(kNoPlace)});
    }
  }

  static std::string path_of(std::uint32_t choice, std::uint32_t part) {
    return answer_path(choice, fmt::format("content[{}]", part));
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
  void add(const chat::PartDelta& delta, std::string& out) {
    Choice& choice = choice_at(delta.choice, out);
    if (delta.text.empty() && delta.logprobs.empty()) return;
    switch (choice.open) {
      case Open::Nothing:
        return;
      case Open::Text:
        choice.characters += count_characters(delta.text);
        break;
      case Open::Thinking:
        choice.thinking.text += delta.text;
        break;
      case Open::Call:
        choice.arguments = true;
        return add_arguments(choice, delta.text, out);
      case Open::Refusal:
        break;
    }
    add_words(choice, delta, out);
  }

  void add_words(const Choice& choice, const chat::PartDelta& delta, std::string& out) const {
    const bool refusal = choice.open == Open::Refusal;
    begin_delta(choice.index, out);
    out.append(choice.open == Open::Text ? R"("content":)"
               : refusal                 ? R"("refusal":)"
                                         : R"("reasoning_content":)");
    json::append_quoted(out, delta.text);
    if (delta.logprobs.empty()) return end_delta("null", out);
    const std::string_view logprobs = delta.logprobs;
    const std::string_view none;
    out.append(R"(},"logprobs":)");
    json::Writer list(out);
    write_logprobs(list, refusal ? none : logprobs, refusal ? logprobs : none);
    out.append(R"(,"finish_reason":null)").append(tail_);
  }

  void add_arguments(const Choice& choice, std::string_view text, std::string& out) const {
    begin_delta(choice.index, out);
    fmt::format_to(std::back_inserter(out),
                   R"("tool_calls":[{{"index":{},"function":{{"arguments":)", choice.calls - 1);
    json::append_quoted(out, text);
    out.append("}}]");
    end_delta("null", out);
  }

  void seal(const chat::ThinkingSealed& sealed, std::string& out) {
    chat::Thinking& thinking = choice_at(sealed.choice, out).thinking;
    thinking.sealed = sealed.sealed;
    thinking.seal = sealed.seal;
  }

  /// Told with the end of the text, whose extent is known then.
  void cite(const chat::Cited& cited, std::string& out, std::vector<chat::Loss>& losses) {
    Choice& choice = choice_at(cited.choice, out);
    const std::size_t at = choice.cited++;
    if (choice.open == Open::Text && can_write(cited.citation))
      choice.citations.push_back(cited.citation);
    else
      losses.push_back({fmt::format("{}.citations[{}]", path_of(cited.choice, cited.part), at),
                        std::string(kNoAddress)});
  }

  void end_part(const chat::PartEnded& part, std::string& out) {
    Choice& choice = choice_at(part.choice, out);
    // Clients parse the arguments of a call; those of a call without any are an empty object.
    if (choice.open == Open::Call && !choice.arguments) add_arguments(choice, "{}", out);
    if (choice.open == Open::Text) write_citations(choice, out);
    if (choice.open == Open::Thinking) write_details(choice, out);
    choice.open = Open::Nothing;
  }

  void write_citations(Choice& choice, std::string& out) const {
    if (choice.citations.empty()) return;
    begin_delta(choice.index, out);
    out.append(R"("annotations":)");
    json::Writer list(out);
    list.array();
    for (const chat::Citation& citation : choice.citations)
      write_citation(list, citation, {choice.begin, choice.characters});
    list.end_array();
    end_delta("null", out);
    choice.citations.clear();
  }

  /// Reasoning without a seal waits for one that has: only then are there details.
  void write_details(Choice& choice, std::string& out) const {
    chat::Thinking thinking = std::exchange(choice.thinking, {});
    choice.sealed = choice.sealed || thinking.seal != chat::Seal::None;
    if (!thinking.text.empty() || thinking.seal != chat::Seal::None)
      choice.untold.push_back(std::move(thinking));
    if (!choice.sealed || choice.untold.empty()) return;
    begin_delta(choice.index, out);
    out.append(R"("reasoning_details":)");
    json::Writer list(out);
    list.array();
    for (const chat::Thinking& one : choice.untold)
      write_detail(list, one, options_.upstream, choice.details++);
    list.end_array();
    end_delta("null", out);
    choice.untold.clear();
  }

  void finish(const chat::Finished& finished, std::string& out) {
    const bool refused = choice_at(finished.choice, out).refused;
    begin_delta(finished.choice, out);
    end_delta(fmt::format("\"{}\"", word_of(finished.stop, refused)), out);
  }

  void take_usage(const chat::Usage& usage) {
    if (usage_)
      merge_usage(*usage_, usage);
    else
      usage_ = usage;
  }

  void end(std::string& out) {
    if (options_.stream_usage && usage_) {
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

  const WriterOptions options_;
  std::string head_;  // `data: {…"choices":`
  std::string tail_;  // of a chunk with one choice, its blank line included
  std::vector<Choice> choices_;
  std::optional<chat::Usage> usage_;
};

}  // namespace

std::unique_ptr<StreamWriter> make_writer(WriterOptions options) {
  return std::make_unique<Writer>(std::move(options));
}

}  // namespace naru::dialect::openai_chat_wire
