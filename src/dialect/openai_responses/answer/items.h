#pragma once
#include "base/json_writer.h"
#include "dialect/dialect.h"
#include "dialect/json_views.h"

/// Output items of this dialect, as they are read and as they are written. Plain answers and
/// streams share them, so that both tell the same.
namespace naru::dialect::openai_responses_wire {

// Reading.
enum class ItemKind : std::uint8_t { Message, Reasoning, Call, Other };
/// By an item's `type`.
ItemKind kind_of_item(std::string_view type);

/// Whether member `name` of `holder` is left out or one of `words`.
bool is_one_of(json::ValueView holder, std::string_view name,
               std::span<const std::string_view> words);
/// Whether an item's status and role are of this dialect, as far as naru knows its kind.
bool has_own_words(json::ValueView item);

/// The parts a whole item holds, empty ones left out. What has no place in the canonical model goes
/// to `losses`; `index` is the item's place in the answer.
void read_item(json::ValueView item, std::size_t index, std::vector<chat::Part>& parts,
               std::vector<chat::Loss>& losses);
/// A part of a message: `output_text` or `refusal`; nullopt for any other.
std::optional<chat::Text> read_content(json::ValueView part);
chat::Citation read_citation(json::ValueView annotation);
chat::Thinking read_thinking(json::ValueView item);
/// A call whose server gave no id gets one after its place.
chat::ToolCall read_call(json::ValueView item, std::size_t index);
/// A call's `arguments` as text: some engines put the object itself where its text belongs.
std::string arguments_of(json::ValueView holder);
/// The raw log probabilities of a part or event, or empty.
std::string logprobs_of(json::ValueView holder);
chat::Loss loss_of_item(std::string_view type, std::size_t index);
/// What the model wrote in a whole item, of whatever kind.
void tally_item(json::ValueView item, chat::Tally& tally);

// Writing.
/// A part of a message as it is written.
struct Content {
  std::string text;
  bool refusal = false;
  std::vector<std::string> annotations = {};  ///< one JSON object each
  std::string logprobs = {};                  ///< a JSON list, or empty
};
/// `index` is the text's place in its choice. What cannot be shown of it is a Loss: a source
/// without an address that this dialect does not know, log probabilities that are no JSON.
Content content_of(const chat::Text& text, std::size_t index, std::vector<chat::Loss>& losses);
/// Whether log probabilities can be shown: a JSON list that is not empty. Engines write numbers
/// into theirs that JSON does not have.
bool is_list(std::string_view logprobs);
/// Whether a part has anything to show; the others leave no item.
bool says_anything(const Content& content);
bool says_anything(const chat::Text& text);
bool says_anything(const chat::Thinking& thinking);
/// The loss of a part that is no text, reasoning or call.
chat::Loss loss_of_part(std::size_t index);
chat::Loss loss_of_logprobs(std::size_t index);

/// Texts that stand side by side share one message.
struct MessageItem {
  std::vector<Content> content = {};
};
using Item = std::variant<MessageItem, chat::Thinking, chat::ToolCall>;

void write_content(json::Writer& out, const Content& content);
/// Two JSON lists that are not empty become one; `list` may be empty text.
void append_list(std::string& list, std::string_view more);

/// Writes the items of one answer.
class ItemWriter {
 public:
  explicit ItemWriter(const WriterOptions& options);
  /// Derived from the answer's id and the item's place: the same in a stream and a plain answer.
  /// Reasoning that this dialect's own upstream has sealed keeps its id, to which the seal belongs.
  std::string id_of(const Item& item, std::int64_t index) const;
  void write(json::Writer& out, const Item& item, std::string_view id,
             std::string_view status) const;

 private:
  void write_thinking(json::Writer& out, const chat::Thinking& thinking) const;
  std::string random_;    // part of the answer's id
  std::string upstream_;  // who answers, on a crossing
};

}  // namespace naru::dialect::openai_responses_wire
