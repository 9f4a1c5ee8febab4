#include "base/json_writer.h"
#include "dialect/facts.h"
#include "dialect/openai_responses/answer/answer_words.h"
#include "dialect/openai_responses/answer/items.h"
#include "dialect/openai_responses/codec.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::ValueView;

Result<ValueView> find_output(ValueView root) {
  if (!root.is_object()) return broken("answer", "is no JSON object");
  if (std::optional<Fault> fault = find_failure(root)) return fail(*std::move(fault));
  const std::optional<ValueView> output = root.find("output");
  if (!output || !output->is_array()) return broken("answer", "has no output");
  for (const ValueView item : *output)
    if (!has_own_words(item))
      return broken("answer", "has an item whose status or role this dialect does not know");
  return *output;
}

/// Counting costs no tokens of a model: the usage stays zero, and that is certain, not estimated.
Result<std::vector<Patch>> scan_count(const json::Tree& body, AnswerFacts& facts) {
  NARU_TRY_VOID(read_count(body));
  facts.usage_reported = true;
  return std::vector<Patch>{};
}

/// Writes the output of an answer, item by item.
class OutputWriter {
 public:
  OutputWriter(const WriterOptions& options, std::vector<chat::Loss>& losses)
      : items_(options), json_(output_), losses_(losses) {
    json_.array();
  }

  void add(const chat::Part& part) {
    if (const auto* text = std::get_if<chat::Text>(&part))
      add_text(*text);
    else if (const auto* thinking = std::get_if<chat::Thinking>(&part))
      add_thinking(*thinking);
    else if (const auto* call = std::get_if<chat::ToolCall>(&part))
      add_call(*call);
    else
      losses_.push_back(loss_of_part(part_));
    ++part_;
  }

  /// The list; the last item has the status `last`. Nothing may be added after it.
  std::string take(std::string_view last) {
    end_message();
    write_held(last);
    json_.end_array();
    return std::move(output_);
  }
  bool refuses() const { return refuses_; }

 private:
  void add_text(const chat::Text& text) {
    Content content = content_of(text, part_, losses_);
    if (!says_anything(content)) return;
    refuses_ = refuses_ || content.refusal;
    message_.content.push_back(std::move(content));
  }

  void add_thinking(const chat::Thinking& thinking) {
    if (says_anything(thinking)) add_item(thinking);
  }

  /// Clients parse the arguments of a call; those of a call without any are an empty object.
  void add_call(chat::ToolCall call) {
    if (call.arguments.empty()) call.arguments = "{}";
    add_item(std::move(call));
  }

  void add_item(Item item) {
    end_message();
    write(std::move(item));
  }

  void end_message() {
    if (!message_.content.empty()) write(std::exchange(message_, {}));
  }

  /// An item's status is known when another follows it, or none.
  void write(Item item) {
    write_held("completed");
    held_ = std::move(item);
  }

  void write_held(std::string_view status) {
    if (!held_) return;
    items_.write(json_, *held_, items_.id_of(*held_, index_), status);
    held_.reset();
    ++index_;
  }

  const ItemWriter items_;
  std::string output_;
  json::Writer json_;
  std::vector<chat::Loss>& losses_;
  MessageItem message_;       // that the next text joins
  std::optional<Item> held_;  // the last whole item
  std::int64_t index_ = 0;    // of the next item
  std::size_t part_ = 0;      // of the next part
  bool refuses_ = false;
};

void note_other_choices(const chat::Response& response, std::vector<chat::Loss>& losses) {
  for (std::size_t at = 1; at < response.choices.size(); ++at) losses.push_back(loss_of_choice(at));
}

}  // namespace

Result<std::vector<Patch>> scan_answer(Operation operation, const json::Tree& body,
                                       const WriterOptions& options, AnswerFacts& facts) {
  if (operation == Operation::CountTokens) return scan_count(body, facts);
  const ValueView root = body.root();
  note_cost(root, facts);
  NARU_TRY(const ValueView output, find_output(root));
  NARU_TRY(const chat::StopReason stop, read_stop(root, held_in(output)));
  facts.stop = stop;
  for (const ValueView item : output) tally_item(item, facts.delivered);
  std::vector<Patch> patches;
  close_reason(root, stop, patches);
  patch_names(root, options, patches, facts);
  return patches;
}

Result<chat::Response> read_answer(const json::Tree& body) {
  const ValueView root = body.root();
  NARU_TRY(const ValueView output, find_output(root));
  chat::Response response;
  response.id = text_of(root, "id");
  response.model = text_of(root, "model");
  response.created_s = created_of(root);
  response.usage = find_usage(root);
  response.service_tier = service_tier_of(root);
  chat::Choice& choice = response.choices.emplace_back();
  std::size_t index = 0;
  for (const ValueView item : output) read_item(item, index++, choice.parts, response.losses);
  NARU_TRY(choice.stop, read_stop(root, held_in(output)));
  return response;
}

std::string write_answer(const chat::Response& response, const WriterOptions& options,
                         std::vector<chat::Loss>& losses) {
  static const chat::Choice kNothing;
  const chat::Choice& choice = response.choices.empty() ? kNothing : response.choices.front();
  OutputWriter writer(options, losses);
  for (const chat::Part& part : choice.parts) writer.add(part);
  note_other_choices(response, losses);
  const EndView end = end_of(choice.stop, writer.refuses());
  const std::string output = writer.take(end.status);
  ResponseObject object(options);
  object.set_service_tier(response.service_tier);
  return object.text({.end = end, .output = output, .usage = response.usage});
}

}  // namespace naru::dialect::openai_responses_wire
