#include "base/json_writer.h"
#include "dialect/anthropic/answer/show.h"
#include "dialect/anthropic/anthropic.h"
#include "dialect/anthropic/citations.h"
#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/words.h"
#include "dialect/facts.h"

namespace naru::dialect::anthropic_wire {
namespace {

using Losses = std::vector<chat::Loss>;

/// Arguments that are longer go on unjudged: all of them must be held for it.
constexpr std::size_t kMostJudgedBytes = std::size_t{4} << 20;
constexpr std::string_view kWrapsBegin = R"({"raw_arguments":")";
constexpr std::string_view kWrapsEnd = R"("})";

void append_inside_quotes(std::string& out, std::string_view text) {
  const std::size_t quote = out.size();
  json::append_quoted(out, text);
  out.erase(quote, 1).pop_back();
}

/// The end of a message waits for `Ended`: usage may come after the reason to stop, and more than
/// once, and `message_delta` stands only once with the final figures.
class Writer final : public StreamWriter {
 public:
  explicit Writer(WriterOptions options) : options_(std::move(options)) {}

  void write(const chat::Event& event, std::string& out, Losses& losses) override {
    if (ended_) return;
    losses_ = &losses;
    std::visit([&](const auto& one) { on(one, out); }, event);
  }

 private:
  /// A block of the client's stream. It begins with its first words, so that an upstream's empty
  /// text leaves no empty block behind.
  struct Block {
    std::uint32_t part;
    chat::Part head;                          // of a reasoning with its seal, as far as it is told
    std::optional<std::uint32_t> index = {};  // once begun
    std::size_t citations = 0;                // that came
    bool has_logprobs = false;
    std::string arguments = {};  // of a call, as far as they are judged
    bool wraps = false;          // they are no object: they go as text inside one
  };

  void on(const chat::Started& started, std::string& out) {
    if (started_) return;
    tier_ = tier_word(started.service_tier);
    if (tier_.empty() && !started.service_tier.empty())
      losses_->push_back(lost_tier(started.service_tier));
    start(out);
  }
  void on(const chat::UsageSeen& seen, std::string&) {
    merge_usage(usage_, seen.usage);
    has_usage_ = true;
  }
  void on(const chat::Ping&, std::string& out) { out += anthropic().ping(); }

  void on(const chat::PartStarted& started, std::string& out) {
    if (!is_shown(started.choice) || find(started.part) != nullptr) return;
    if (!can_show(started.head)) return losses_->push_back(lost_part(started.part));
    stop_all(out);
    open_.push_back({.part = started.part, .head = started.head});
    Block& block = open_.back();
    if (const auto* call = std::get_if<chat::ToolCall>(&block.head)) {
      begin(block, out);
      more(block, call->arguments, out);
    } else if (const auto* text = std::get_if<chat::Text>(&started.head)) {
      note_logprobs(block, text->logprobs);
      more(block, text->text, out);
      for (const chat::Citation& citation : text->citations) cite(block, citation, out);
    } else if (const auto* thinking = std::get_if<chat::Thinking>(&started.head)) {
      more(block, thinking->text, out);
    }
  }

  void on(const chat::PartDelta& delta, std::string& out) {
    Block* block = is_shown(delta.choice) ? find(delta.part) : nullptr;
    if (block == nullptr) return;
    note_logprobs(*block, delta.logprobs);
    more(*block, delta.text, out);
  }

  void on(const chat::Cited& cited, std::string& out) {
    Block* block = is_shown(cited.choice) ? find(cited.part) : nullptr;
    if (block != nullptr && std::holds_alternative<chat::Text>(block->head))
      cite(*block, cited.citation, out);
  }

  void on(const chat::ThinkingSealed& given, std::string&) {
    Block* block = is_shown(given.choice) ? find(given.part) : nullptr;
    auto* thinking = block != nullptr ? std::get_if<chat::Thinking>(&block->head) : nullptr;
    if (thinking == nullptr) return;
    thinking->sealed = given.sealed;
    thinking->seal = given.seal;
  }

  void on(const chat::Lost&, std::string&) {}  // whoever reads the events notes it

  void on(const chat::PartEnded& ended, std::string& out) {
    if (is_shown(ended.choice) && find(ended.part) != nullptr) stop(ended.part, out);
  }

  void on(const chat::Finished& finished, std::string&) {
    if (is_shown(finished.choice)) finished_ = finished;
  }

  void on(const chat::Ended&, std::string& out) {
    start(out);
    stop_all(out);
    tell(out);
    wire::append_event(out, "message_stop", R"({"type":"message_stop"})");
    ended_ = true;
  }

  /// `message_start`, once; also for an upstream that never said it began.
  void start(std::string& out) {
    if (std::exchange(started_, true)) return;
    frame("message_start", out, [&](json::Writer& json) {
      json.key("message").object().field("id", options_.answer_id).field("type", "message");
      json.field("role", "assistant").field("model", options_.public_model);
      json.key("content").array().end_array();
      json.key("stop_reason").null().key("stop_sequence").null();
      write_usage(json.key("usage"), usage_, tier_);
      json.end_object();
    });
  }

  /// This dialect has room for one answer; each other one is lost once.
  bool is_shown(std::uint32_t choice) {
    if (choice == 0) return true;
    if (std::ranges::find(lost_choices_, choice) != lost_choices_.end()) return false;
    lost_choices_.push_back(choice);
    losses_->push_back(lost_choice(choice));
    return false;
  }

  /// No model answers with others; another dialect's own part has no place here.
  static bool can_show(const chat::Part& head) {
    return std::holds_alternative<chat::Text>(head) ||
           std::holds_alternative<chat::ToolCall>(head) ||
           std::holds_alternative<chat::Thinking>(head);
  }

  void note_logprobs(Block& block, std::string_view logprobs) {
    if (logprobs.empty() || std::exchange(block.has_logprobs, true)) return;
    losses_->push_back(lost_logprobs(block.part));
  }

  /// `content_block_start`, once a block; indices count up from 0 whatever the parts' numbers are.
  void begin(Block& block, std::string& out) {
    if (block.index) return;
    start(out);
    block.index = next_index_++;
    frame("content_block_start", out, [&](json::Writer& json) {
      json.field("index", std::int64_t{*block.index}).key("content_block").object();
      if (const auto* call = std::get_if<chat::ToolCall>(&block.head)) {
        has_tool_call_ = true;
        json.field("type", "tool_use").field("id", call->id).field("name", call->name);
        json.key("input").object().end_object();
      } else if (std::holds_alternative<chat::Thinking>(block.head)) {
        json.field("type", "thinking").field("thinking", "").field("signature", "");
      } else {
        json.field("type", "text").field("text", "");
      }
      json.end_object();
    });
  }

  /// Words of a block, or bytes of a call's input.
  void more(Block& block, std::string_view text, std::string& out) {
    if (text.empty()) return;
    if (std::holds_alternative<chat::ToolCall>(block.head))
      more_input(block, text, out);
    else if (std::holds_alternative<chat::Thinking>(block.head))
      delta(block, "thinking_delta", "thinking", text, out);
    else
      delta(block, "text_delta", "text", text, out);
  }

  /// The first byte that says something tells whether it can become an object; what cannot goes as
  /// text inside one, as in a plain answer.
  void more_input(Block& block, std::string_view text, std::string& out) {
    const bool begins = block.arguments.empty();
    if (begins) text = skip_blanks(text);
    if (text.empty()) return;
    if (begins) block.wraps = text.front() != '{';
    if (block.arguments.size() <= kMostJudgedBytes) block.arguments += text;
    if (!block.wraps) return delta(block, "input_json_delta", "partial_json", text, out);
    std::string wrapped(begins ? kWrapsBegin : "");
    append_inside_quotes(wrapped, text);
    delta(block, "input_json_delta", "partial_json", wrapped, out);
  }

  /// What is known of a call's input once it is whole.
  void end_input(Block& block, std::string& out) {
    if (block.arguments.empty()) return;
    if (block.wraps) delta(block, "input_json_delta", "partial_json", kWrapsEnd, out);
    const bool judged = block.arguments.size() <= kMostJudgedBytes;
    if (block.wraps || (judged && !is_json_object(block.arguments)))
      losses_->push_back(lost_arguments(block.part));
  }

  /// A source is worth showing even before a word of its text.
  void cite(Block& block, const chat::Citation& citation, std::string& out) {
    const std::size_t number = block.citations++;
    if (!can_show_citation(citation)) return losses_->push_back(lost_citation(block.part, number));
    begin(block, out);
    frame("content_block_delta", out, [&](json::Writer& json) {
      json.field("index", std::int64_t{*block.index}).key("delta").object();
      json.field("type", "citations_delta").key("citation");
      write_citation(json, citation);
      json.end_object();
    });
  }

  /// The seal of a reasoning comes last, when it is known whether there were words at all; it makes
  /// one worth showing even without them.
  void seal(Block& block, std::string& out) {
    const auto* thinking = std::get_if<chat::Thinking>(&block.head);
    if (thinking == nullptr) return;
    const std::optional<ThinkingBlock> shown =
        show_thinking(*thinking, block.index.has_value(), options_.upstream);
    if (!shown) return;
    if (shown->redacted) return begin_redacted(block, shown->sealed, out);
    if (!shown->sealed.empty()) delta(block, "signature_delta", "signature", shown->sealed, out);
  }

  /// All of it comes with its start.
  void begin_redacted(Block& block, std::string_view data, std::string& out) {
    start(out);
    block.index = next_index_++;
    frame("content_block_start", out, [&](json::Writer& json) {
      json.field("index", std::int64_t{*block.index}).key("content_block").object();
      json.field("type", "redacted_thinking").field("data", data).end_object();
    });
  }

  void delta(Block& block, std::string_view type, std::string_view field, std::string_view text,
             std::string& out) {
    begin(block, out);
    frame("content_block_delta", out, [&](json::Writer& json) {
      json.field("index", std::int64_t{*block.index}).key("delta").object();
      json.field("type", type).field(field, text).end_object();
    });
  }

  /// Blocks stand one after the other.
  void stop_all(std::string& out) {
    while (!open_.empty()) stop(open_.front().part, out);
  }

  /// `content_block_stop`, if the block ever began.
  void stop(std::uint32_t part, std::string& out) {
    seal(*find(part), out);
    end_input(*find(part), out);
    if (const std::optional<std::uint32_t> index = find(part)->index)
      frame("content_block_stop", out,
            [&](json::Writer& json) { json.field("index", std::int64_t{*index}); });
    std::erase_if(open_, [part](const Block& block) { return block.part == part; });
  }

  /// `message_delta` with the whole usage: some clients read input tokens from here alone.
  void tell(std::string& out) {
    if (!has_usage_) losses_->push_back(lost_usage());
    frame("message_delta", out, [&](json::Writer& json) {
      json.key("delta").object();
      json.field("stop_reason", stop_word(finished_.stop, has_tool_call_)).key("stop_sequence");
      if (finished_.stop == chat::StopReason::StopSequence && !finished_.stop_sequence.empty())
        json.text(finished_.stop_sequence);
      else
        json.null();
      json.end_object();
      write_usage(json.key("usage"), usage_);
    });
  }

  /// One event whose data is an object of `type` and what `fill` writes.
  template <class Fill>
  void frame(std::string_view type, std::string& out, Fill fill) {
    data_.clear();
    json::Writer json(data_);
    json.object().field("type", type);
    fill(json);
    json.end_object();
    wire::append_event(out, type, data_);
  }

  Block* find(std::uint32_t part) {
    const auto at = std::ranges::find(open_, part, &Block::part);
    return at == open_.end() ? nullptr : &*at;
  }

  const WriterOptions options_;
  Losses* losses_ = nullptr;  // of the event being written
  std::vector<std::uint32_t> lost_choices_;
  std::string_view tier_;  // a word of this dialect, or empty
  chat::Usage usage_;
  bool has_usage_ = false;
  chat::Finished finished_;
  std::vector<Block> open_;
  std::uint32_t next_index_ = 0;
  bool started_ = false;
  bool has_tool_call_ = false;
  bool ended_ = false;
  std::string data_;  // of the frame being written
};

}  // namespace

std::unique_ptr<StreamWriter> make_writer(WriterOptions options) {
  return std::make_unique<Writer>(std::move(options));
}

}  // namespace naru::dialect::anthropic_wire
