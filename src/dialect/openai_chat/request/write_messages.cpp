#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/marks.h"
#include "dialect/openai_chat/words.h"

namespace naru::dialect::openai_chat_wire {
namespace {

constexpr std::string_view kSentAsText = "openai's chat has no plain text documents; sent as text";
constexpr std::string_view kFullDetail = "original";  // of Responses
constexpr std::string_view kNoFullDetail = "openai's chat has no such detail; sent as high";
constexpr std::string_view kNoAddresses = "openai's chat takes no documents by address";

bool says_nothing(const chat::Part& part) {
  const auto* text = std::get_if<chat::Text>(&part);
  return text != nullptr && text->text.empty();
}

/// A call to a tool of another kind, kept whole; it stands among the calls.
bool is_call(const chat::Opaque& opaque) { return opaque.type == "custom"; }

/// Reasoning that goes back to where it came from: what this dialect showed without a seal, and
/// what the upstream itself has sealed in this dialect's way.
bool goes_back(const chat::Thinking& thinking) {
  const bool made_here = !thinking.origin.empty();
  if (thinking.seal == chat::Seal::None) return !thinking.text.empty();
  const bool of_responses = thinking.seal == chat::Seal::Encrypted && !thinking.id.empty();
  return made_here && has_own_seal(thinking) && !of_responses;
}

std::string data_url(std::string_view media_type, std::string_view base64) {
  return fmt::format("data:{};base64,{}", media_type, base64);
}

/// OpenAI refuses a file without a name.
std::string_view name_of(const chat::Document& document) {
  if (!document.name.empty()) return document.name;
  return document.media_type == "application/pdf" ? "document.pdf" : "document";
}

/// What an assistant's message holds, each kind in its own place.
struct TurnView {
  std::vector<std::size_t> words;  // in the content
  std::vector<std::size_t> refusals;
  std::vector<const chat::Part*> calls;
  std::vector<const chat::Thinking*> thoughts;
  std::vector<const chat::Citation*> citations;
};

class MessageWriter {
 public:
  MessageWriter(json::Writer& out, std::vector<chat::Loss>& losses) : out_(out), losses_(losses) {}

  void write(std::span<const chat::Message> messages) {
    out_.array();
    for (at_ = 0; at_ < messages.size(); ++at_) {
      tail_written_ = false;
      if (messages[at_].role == chat::Role::Assistant)
        write_assistant(messages[at_]);
      else
        write_message(messages[at_]);
    }
    write_media();
    out_.end_array();
  }

 private:
  /// Tool results are messages of their own here; what stands around them goes on as the user's.
  void write_message(const chat::Message& message) {
    std::vector<std::size_t> run;
    bool any = false;
    const auto flush = [&] {
      if (!run.empty()) write_plain(message, run);
      any = any || !run.empty();
      run.clear();
    };
    for (std::size_t i = 0; i < message.parts.size(); ++i) {
      const auto* result = std::get_if<chat::ToolResult>(&message.parts[i]);
      if (result == nullptr) {
        if (!says_nothing(message.parts[i]) && carries(message.parts[i], path_of(i)))
          run.push_back(i);
        continue;
      }
      flush();
      write_result(message, *result, path_of(i));
      any = true;
    }
    flush();
    if (!any) write_plain(message, run);
  }

  /// False, and a Loss, for what a system prompt's or user's message cannot hold; a Loss each for
  /// what of the part stays behind.
  bool carries(const chat::Part& part, const std::string& path) {
    if (const auto* text = std::get_if<chat::Text>(&part)) {
      if (!text->citations.empty()) lose(path + ".citations", "openai takes no citations back");
      note_cache(text->cache, path);
    } else if (const auto* image = std::get_if<chat::Image>(&part)) {
      if (image->detail == kFullDetail) lose(path + ".detail", kNoFullDetail);
      note_cache(image->cache, path);
    } else if (const auto* document = std::get_if<chat::Document>(&part)) {
      return carries(*document, path);
    } else if (!std::holds_alternative<chat::Opaque>(part)) {
      lose(path, "openai takes tool calls and reasoning in assistant messages only");
      return false;
    }
    return true;
  }

  bool carries(const chat::Document& document, const std::string& path) {
    if (!document.url.empty()) {
      lose(path, kNoAddresses);
      return false;
    }
    if (!document.text.empty()) lose(path, kSentAsText);
    if (!document.context.empty())
      lose(path + ".context", "openai's documents have no context beside them");
    if (document.cite) lose(path + ".citations", "openai's models cite no documents");
    note_cache(document.cache, path);
    return true;
  }

  void note_cache(chat::CacheMark mark, const std::string& path) {
    if (mark != chat::CacheMark::None)
      lose(path + ".cache_control", "openai chooses itself what it caches");
  }

  void write_plain(const chat::Message& message, const std::vector<std::size_t>& parts) {
    write_media();
    out_.object();
    out_.field("role", message.role == chat::Role::System      ? "system"
                       : message.role == chat::Role::Developer ? "developer"
                                                               : "user");
    write_content(message, parts);
    write_tail(message);
    out_.end_object();
  }

  void write_content(const chat::Message& message, const std::vector<std::size_t>& parts) {
    std::vector<const chat::Part*> views;
    views.reserve(parts.size());
    for (const std::size_t part : parts) views.push_back(&message.parts[part]);
    out_.key("content");
    const auto* only = views.size() == 1 ? std::get_if<chat::Text>(views.front()) : nullptr;
    if (views.empty() || (only != nullptr && !only->refusal)) {
      out_.text(only == nullptr ? std::string_view() : only->text);
      return;
    }
    out_.array();
    for (const chat::Part* part : views) std::visit([this](auto& one) { write_part(one); }, *part);
    out_.end_array();
  }

  void write_part(const chat::Text& text) {
    const std::string_view type = text.refusal ? "refusal" : "text";
    out_.object().field("type", type).field(type, text.text).end_object();
  }
  void write_part(const chat::Image& image) {
    out_.object().field("type", "image_url").key("image_url").object();
    out_.field("url", image.url.empty() ? data_url(image.media_type, image.data) : image.url);
    if (!image.detail.empty())
      out_.field("detail", image.detail == kFullDetail ? "high" : std::string_view(image.detail));
    out_.end_object().end_object();
  }
  void write_part(const chat::Document& document) {
    if (!document.text.empty()) {
      out_.object().field("type", "text").field("text", document.text).end_object();
      return;
    }
    out_.object().field("type", "file").key("file").object();
    out_.field("filename", name_of(document));
    out_.field("file_data", data_url(document.media_type, document.data));
    out_.end_object().end_object();
  }
  void write_part(const chat::Opaque& opaque) { out_.raw(opaque.raw); }
  template <class Other>
  void write_part(const Other&) {}  // stands elsewhere

  void write_result(const chat::Message& message, const chat::ToolResult& result,
                    const std::string& path) {
    if (result.is_error)
      lose(path + ".is_error",
           "openai tool messages cannot say that the tool failed; its text goes on");
    note_cache(result.cache, path);
    const std::vector<chat::Part> words = words_of(result, path);
    out_.object().field("role", "tool").field("tool_call_id", result.call_id);
    out_.key("content");
    const auto* only = words.size() == 1 ? std::get_if<chat::Text>(&words.front()) : nullptr;
    if (words.empty() || only != nullptr) {
      out_.text(only == nullptr ? std::string_view() : only->text);
    } else {
      out_.array();
      for (const chat::Part& part : words) std::visit([this](auto& one) { write_part(one); }, part);
      out_.end_array();
    }
    write_tail(message);
    out_.end_object();
  }

  /// What of a result its message holds; images and files wait for the user's next one.
  std::vector<chat::Part> words_of(const chat::ToolResult& result, const std::string& path) {
    std::vector<chat::Part> words;
    for (std::size_t i = 0; i < result.parts.size(); ++i) {
      chat::Part part =
          std::visit([](const auto& one) { return chat::Part(one); }, result.parts[i]);
      const std::string inner = fmt::format("{}.content[{}]", path, i);
      if (says_nothing(part) || !carries(part, inner)) continue;
      const auto* document = std::get_if<chat::Document>(&part);
      const bool waits = std::holds_alternative<chat::Image>(part) ||
                         (document != nullptr && document->text.empty());
      if (waits) lose(inner, "openai takes text of tools only; sent in the user's next message");
      (waits ? media_ : words).push_back(std::move(part));
    }
    return words;
  }

  /// Only behind the last of the tool messages in a row: each call wants its result first.
  void write_media() {
    if (media_.empty()) return;
    out_.object().field("role", "user").key("content").array();
    for (const chat::Part& part : media_) std::visit([this](auto& one) { write_part(one); }, part);
    out_.end_array().end_object();
    media_.clear();
  }

  void write_assistant(const chat::Message& message) {
    write_media();
    TurnView turn;
    for (std::size_t i = 0; i < message.parts.size(); ++i) sort(message.parts[i], i, turn);
    // One refusal behind all other words has a member of its own.
    const bool apart = turn.refusals.size() == 1 && turn.words.back() == turn.refusals.front();
    if (apart) turn.words.pop_back();
    out_.object().field("role", "assistant");
    if (turn.words.empty() && (apart || !turn.calls.empty()))
      out_.key("content").null();
    else
      write_content(message, turn.words);
    if (apart)
      out_.field("refusal", std::get<chat::Text>(message.parts[turn.refusals.front()]).text);
    write_reasoning(turn.thoughts);
    write_annotations(turn.citations);
    write_calls(turn.calls);
    write_tail(message);
    out_.end_object();
  }

  void sort(const chat::Part& part, std::size_t index, TurnView& turn) {
    if (says_nothing(part)) return;
    if (const auto* text = std::get_if<chat::Text>(&part)) {
      turn.words.push_back(index);
      if (text->refusal) turn.refusals.push_back(index);
      sort_citations(*text, path_of(index), turn);
      note_cache(text->cache, path_of(index));
    } else if (const auto* thinking = std::get_if<chat::Thinking>(&part)) {
      if (goes_back(*thinking))
        turn.thoughts.push_back(thinking);
      else
        lose(path_of(index), "openai takes no reasoning back");
    } else if (const auto* call = std::get_if<chat::ToolCall>(&part)) {
      turn.calls.push_back(&part);
      note_cache(call->cache, path_of(index));
    } else if (const auto* opaque = std::get_if<chat::Opaque>(&part)) {
      if (is_call(*opaque))
        turn.calls.push_back(&part);
      else
        turn.words.push_back(index);
    } else {
      lose(path_of(index), "openai takes text and tool calls in assistant messages only");
    }
  }

  void sort_citations(const chat::Text& text, const std::string& path, TurnView& turn) {
    bool lost = false;
    for (const chat::Citation& citation : text.citations) {
      if (is_own(citation))
        turn.citations.push_back(&citation);
      else
        lost = true;
    }
    if (lost) lose(path + ".citations", "openai takes no citations back");
  }

  void write_reasoning(const std::vector<const chat::Thinking*>& thoughts) {
    if (thoughts.empty()) return;
    const auto is_sealed = [](const auto* one) { return one->seal != chat::Seal::None; };
    if (std::ranges::none_of(thoughts, is_sealed)) {
      std::string text;
      for (const chat::Thinking* one : thoughts) text += one->text;
      out_.field("reasoning_content", text);
      return;
    }
    out_.key("reasoning_details").array();
    for (std::int64_t index = 0; const chat::Thinking* one : thoughts)
      write_own_detail(out_, *one, index++);
    out_.end_array();
  }

  void write_annotations(const std::vector<const chat::Citation*>& citations) {
    if (citations.empty()) return;
    out_.key("annotations").array();
    for (const chat::Citation* one : citations) out_.raw(one->raw);
    out_.end_array();
  }

  void write_calls(const std::vector<const chat::Part*>& calls) {
    if (calls.empty()) return;
    out_.key("tool_calls").array();
    for (const chat::Part* part : calls) {
      const auto* call = std::get_if<chat::ToolCall>(part);
      if (call == nullptr) {
        out_.raw(std::get<chat::Opaque>(*part).raw);
        continue;
      }
      out_.object().field("id", call->id).field("type", "function").key("function").object();
      out_.field("name", call->name);
      out_.field("arguments", call->arguments.empty() ? std::string_view("{}") : call->arguments);
      out_.end_object().end_object();
    }
    out_.end_array();
  }

  /// Once for a message of ours that becomes several here.
  void write_tail(const chat::Message& message) {
    if (std::exchange(tail_written_, true)) return;
    if (!message.name.empty()) out_.field("name", message.name);
    write_extra(out_, message.extra, fmt::format("messages[{}].", at_), losses_);
  }

  std::string path_of(std::size_t part) const {
    return fmt::format("messages[{}].content[{}]", at_, part);
  }
  void lose(std::string path, std::string_view reason) {
    losses_.push_back({std::move(path), std::string(reason)});
  }

  json::Writer& out_;
  std::vector<chat::Loss>& losses_;
  std::size_t at_ = 0;             // of the message being written
  bool tail_written_ = false;      // its name and extra fields
  std::vector<chat::Part> media_;  // of tool results, not yet written
};

}  // namespace

void write_messages(json::Writer& out, std::span<const chat::Message> messages,
                    std::vector<chat::Loss>& losses) {
  MessageWriter(out, losses).write(messages);
}

}  // namespace naru::dialect::openai_chat_wire
