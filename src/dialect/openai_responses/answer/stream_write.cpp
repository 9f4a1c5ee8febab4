#include "base/json_writer.h"
#include "dialect/facts.h"
#include "dialect/openai_responses/answer/answer_words.h"
#include "dialect/openai_responses/answer/items.h"
#include "dialect/openai_responses/codec.h"

namespace naru::dialect::openai_responses_wire {
namespace {

/// Item by item, part by part; each begins with its first words, so that what says nothing leaves
/// nothing behind. The last event holds the answer as `write_answer` gives it.
class Writer final : public StreamWriter {
 public:
  explicit Writer(const WriterOptions& options) : object_(options), items_(options) {}

  void write(const chat::Event& event, std::string& out, std::vector<chat::Loss>& losses) override {
    if (ended_) return;
    std::visit([&](const auto& one) { on(one, out, losses); }, event);
  }
  std::int64_t next_event() const override { return number_; }

 private:
  using Losses = std::vector<chat::Loss>;

  void on(const chat::Started& started, std::string& out, Losses&) {
    object_.set_service_tier(started.service_tier);
    start(out);
  }
  void on(const chat::UsageSeen& seen, std::string&, Losses&) {
    if (usage_)
      merge_usage(*usage_, seen.usage);
    else
      usage_ = seen.usage;
  }
  void on(const chat::Ping&, std::string& out, Losses&) { out += openai_wire::kPing; }
  void on(const chat::Lost&, std::string&, Losses&) {}

  void on(const chat::PartStarted& started, std::string& out, Losses& losses) {
    if (started.choice != 0) return note_choice(started.choice, losses);
    end_part(out, losses);
    part_ = started.part;
    open_ = started.head;
    if (auto* text = std::get_if<chat::Text>(&*open_)) {
      add(std::exchange(text->text, {}), std::exchange(text->logprobs, {}), out);
    } else if (auto* thinking = std::get_if<chat::Thinking>(&*open_)) {
      add(std::exchange(thinking->text, {}), {}, out);
    } else if (auto* call = std::get_if<chat::ToolCall>(&*open_)) {
      const std::string arguments = std::exchange(call->arguments, {});
      begin_part(out);
      add(arguments, {}, out);
    } else {
      losses.push_back(loss_of_part(part_));
      open_.reset();
    }
  }

  void on(const chat::PartDelta& delta, std::string& out, Losses&) {
    if (is_open(delta)) add(delta.text, delta.logprobs, out);
  }
  /// What a text cites is told at its end: only then its length is known.
  void on(const chat::Cited& cited, std::string&, Losses&) {
    if (!is_open(cited)) return;
    if (auto* text = std::get_if<chat::Text>(&*open_)) text->citations.push_back(cited.citation);
  }
  void on(const chat::ThinkingSealed& given, std::string&, Losses&) {
    auto* thinking = is_open(given) ? std::get_if<chat::Thinking>(&*open_) : nullptr;
    if (thinking == nullptr) return;
    thinking->sealed = given.sealed;
    thinking->seal = given.seal;
  }
  void on(const chat::PartEnded& ended, std::string& out, Losses& losses) {
    if (is_open(ended)) end_part(out, losses);
  }
  void on(const chat::Finished& finished, std::string&, Losses& losses) {
    if (finished.choice != 0) return note_choice(finished.choice, losses);
    stop_ = finished.stop;
  }

  void on(const chat::Ended&, std::string& out, Losses& losses) {
    start(out);
    end_part(out, losses);
    const EndView end = end_of(stop_, refuses_);
    end_item(out, end.status);
    const std::string output = fmt::format("[{}]", output_);
    frame(fmt::format("response.{}", end.status), out, [&](json::Writer& json) {
      json.key("response").raw(object_.text({.end = end, .output = output, .usage = usage_}));
    });
    ended_ = true;
  }

  void note_choice(std::size_t choice, Losses& losses) {
    if (choice < choices_) return;
    choices_ = choice + 1;
    losses.push_back(loss_of_choice(choice));
  }

  template <class PartEvent>
  bool is_open(const PartEvent& event) const {
    return event.choice == 0 && open_ && event.part == part_;
  }

  /// The first two events, once; also for an upstream that never said it began.
  void start(std::string& out) {
    if (std::exchange(started_, true)) return;
    for (const std::string_view type : {"response.created", "response.in_progress"})
      frame(type, out, [&](json::Writer& json) { json.key("response").raw(object_.text({})); });
  }

  /// More of the open part.
  void add(std::string_view text, std::string_view logprobs, std::string& out) {
    const bool shows_logprobs = is_text() && !is_refusal() && is_list(logprobs);
    hides_logprobs_ = hides_logprobs_ || (logprobs.size() > 2 && !shows_logprobs);
    if (text.empty() && !shows_logprobs) return;
    begin_part(out);
    if (std::holds_alternative<chat::Thinking>(*open_) && !std::exchange(summary_open_, true))
      tell_summary("response.reasoning_summary_part.added", out);
    said_ += text;
    if (!shows_logprobs) return add_delta(text, out);
    auto& spoken = std::get<chat::Text>(*open_);
    append_list(spoken.logprobs, logprobs);
    frame("response.output_text.delta", out, [&](json::Writer& json) {
      write_place(json);
      json.field("delta", text).key("logprobs").raw(logprobs);
    });
  }

  /// The event that comes by the thousand: its head is the same throughout a part.
  void add_delta(std::string_view text, std::string& out) {
    out += delta_head_;
    json::append_quoted(out, text);
    fmt::format_to(std::back_inserter(out), "{},\"sequence_number\":{}}}\n\n", delta_tail_,
                   number_++);
  }

  bool is_text() const { return std::holds_alternative<chat::Text>(*open_); }
  bool is_refusal() const { return is_text() && std::get<chat::Text>(*open_).refusal; }

  /// Opens what the part stands in, and the part itself, unless they are open.
  void begin_part(std::string& out) {
    if (std::exchange(begun_, true)) return;
    start(out);
    if (is_text()) {
      if (!item_ || !std::holds_alternative<MessageItem>(*item_)) begin_item(MessageItem{}, out);
      refuses_ = refuses_ || is_refusal();
      set_delta(is_refusal() ? "response.refusal.delta" : "response.output_text.delta");
      frame("response.content_part.added", out, [&](json::Writer& json) {
        write_place(json);
        write_content(json.key("part"), {.text = {}, .refusal = is_refusal()});
      });
    } else if (const auto* call = std::get_if<chat::ToolCall>(&*open_)) {
      begin_item(*call, out);
      set_delta("response.function_call_arguments.delta");
    } else {
      begin_item(chat::Thinking{.text = {}, .id = std::get<chat::Thinking>(*open_).id}, out);
      set_delta("response.reasoning_summary_text.delta");
    }
  }

  void begin_item(Item item, std::string& out) {
    end_item(out, "completed");
    item_ = std::move(item);
    item_id_ = items_.id_of(*item_, index_);
    frame("response.output_item.added", out, [&](json::Writer& json) {
      json.field("output_index", index_);
      items_.write(json.key("item"), *item_, item_id_, "in_progress");
    });
  }

  /// Comes with the next item or the end, which tells whether it is whole.
  void end_item(std::string& out, std::string_view status) {
    if (!item_) return;
    std::string item;
    json::Writer writer(item);
    items_.write(writer, *item_, item_id_, status);
    frame("response.output_item.done", out,
          [&](json::Writer& json) { json.field("output_index", index_).key("item").raw(item); });
    if (!output_.empty()) output_ += ',';
    output_ += item;
    item_.reset();
    ++index_;
  }

  void end_part(std::string& out, Losses& losses) {
    if (!open_) return;
    if (auto* text = std::get_if<chat::Text>(&*open_))
      end_text(*text, out, losses);
    else if (auto* thinking = std::get_if<chat::Thinking>(&*open_))
      end_thinking(*thinking, out);
    else
      end_call(out);
    open_.reset();
    begun_ = hides_logprobs_ = false;
    said_.clear();
  }

  void end_text(chat::Text& text, std::string& out, Losses& losses) {
    text.text = said_;
    if (hides_logprobs_) losses.push_back(loss_of_logprobs(part_));
    const Content content = content_of(text, part_, losses);
    if (!says_anything(content)) return;
    begin_part(out);
    tell_annotations(content, out);
    const std::string_view name = text.refusal ? "refusal" : "text";
    frame(text.refusal ? "response.refusal.done" : "response.output_text.done", out,
          [&](json::Writer& json) {
            write_place(json);
            json.field(name, content.text);
            if (!text.refusal)
              json.key("logprobs").raw(content.logprobs.empty() ? "[]" : content.logprobs);
          });
    frame("response.content_part.done", out, [&](json::Writer& json) {
      write_place(json);
      write_content(json.key("part"), content);
    });
    std::get<MessageItem>(*item_).content.push_back(content);
  }

  void tell_annotations(const Content& content, std::string& out) {
    std::int64_t at = 0;
    for (const std::string& annotation : content.annotations)
      frame("response.output_text.annotation.added", out, [&](json::Writer& json) {
        write_place(json);
        json.field("annotation_index", at++).key("annotation").raw(annotation);
      });
  }

  void end_thinking(chat::Thinking& thinking, std::string& out) {
    thinking.text = said_;
    if (!says_anything(thinking)) return;
    begin_part(out);
    if (summary_open_) {
      frame("response.reasoning_summary_text.done", out, [&](json::Writer& json) {
        write_place(json);
        json.field("text", said_);
      });
      tell_summary("response.reasoning_summary_part.done", out);
    }
    summary_open_ = false;
    item_ = thinking;
  }

  void tell_summary(std::string_view type, std::string& out) {
    frame(type, out, [&](json::Writer& json) {
      write_place(json);
      json.key("part").object().field("type", "summary_text").field("text", said_).end_object();
    });
  }

  /// Clients parse the arguments of a call; those of a call without any are an empty object.
  void end_call(std::string& out) {
    if (said_.empty()) add("{}", {}, out);
    auto& call = std::get<chat::ToolCall>(*item_);
    call.arguments = said_;
    frame("response.function_call_arguments.done", out, [&](json::Writer& json) {
      write_place(json);
      json.field("arguments", said_);
    });
  }

  void set_delta(std::string_view type) {
    delta_head_ = fmt::format("event: {}\ndata: {{\"type\":\"{}\",", type, type);
    std::string place;
    json::Writer writer(place);
    writer.object();
    write_place(writer);
    writer.end_object();
    delta_head_ += std::string_view(place).substr(1, place.size() - 2);
    delta_head_ += R"(,"delta":)";
    delta_tail_ = is_text() && !is_refusal() ? R"(,"logprobs":[])" : "";
  }

  /// The members that tell where an event of the open part belongs.
  void write_place(json::Writer& json) const {
    json.field("item_id", item_id_).field("output_index", index_);
    if (const auto* message = std::get_if<MessageItem>(&*item_))
      json.field("content_index", static_cast<std::int64_t>(message->content.size()));
    else if (std::holds_alternative<chat::Thinking>(*item_))
      json.field("summary_index", 0);
  }

  /// One event whose data is an object of `type`, its number and what `fill` writes.
  template <class Fill>
  void frame(std::string_view type, std::string& out, const Fill& fill) {
    data_.clear();
    json::Writer json(data_);
    json.object().field("type", type);
    fill(json);
    json.field("sequence_number", number_++).end_object();
    wire::append_event(out, type, data_);
  }

  ResponseObject object_;
  const ItemWriter items_;
  std::int64_t number_ = 0;  // of the next event
  bool started_ = false;
  bool ended_ = false;
  std::optional<chat::Usage> usage_;
  chat::StopReason stop_ = chat::StopReason::EndTurn;
  bool refuses_ = false;
  std::size_t choices_ = 1;  // so far

  std::optional<Item> item_;  // the open one, with its parts that are done
  std::string item_id_;
  std::int64_t index_ = 0;  // of the open item, or the next
  std::string output_;      // items that are done

  std::optional<chat::Part> open_;  // the open part, without its words
  std::uint32_t part_ = 0;
  bool begun_ = false;  // an event of it has gone out
  bool summary_open_ = false;
  bool hides_logprobs_ = false;
  std::string said_;  // its words
  std::string delta_head_;
  std::string delta_tail_;
  std::string data_;  // of the event being written
};

}  // namespace

std::unique_ptr<StreamWriter> make_writer(WriterOptions options) {
  return std::make_unique<Writer>(options);
}

}  // namespace naru::dialect::openai_responses_wire
