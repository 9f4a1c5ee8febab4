#include "base/text.h"
#include "dialect/openai_responses/codec.h"
#include "dialect/openai_responses/request/items.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::Writer;
using Losses = std::vector<chat::Loss>;

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

std::string_view word_of(chat::Role role) {
  switch (role) {
    case chat::Role::System:
      return "system";
    case chat::Role::Developer:
      return "developer";
    case chat::Role::User:
      return "user";
    case chat::Role::Assistant:
      return "assistant";
  }
  return "user";
}

template <class Part>
bool says_nothing(const Part& part) {
  const auto* text = std::get_if<chat::Text>(&part);
  return text != nullptr && text->text.empty();
}

/// A part and its path, for the losses of it.
class PartWriter {
 public:
  PartWriter(Writer& out, Losses& losses, std::string path)
      : out_(out), losses_(losses), path_(std::move(path)) {}

  void lose(std::string_view member, std::string_view reason) {
    losses_.push_back({path_ + std::string(member), std::string(reason)});
  }
  void lose_cache(chat::CacheMark mark) {
    if (mark != chat::CacheMark::None)
      lose(".cache_control", "openai caches prompts by itself and takes no marks");
  }

  void write_input(const chat::Text& text) {
    lose_cache(text.cache);
    write_input_text(text.text);
  }

  void write_input(const chat::Image& image) {
    lose_cache(image.cache);
    out_.object().field("type", "input_image");
    out_.field("image_url", image.url.empty() ? data_url(image.media_type, image.data) : image.url);
    out_.field("detail", image.detail.empty() ? std::string_view("auto") : image.detail);
    out_.end_object();
  }

  void write_input(const chat::Document& document) {
    lose_cache(document.cache);
    if (!document.context.empty()) lose(".context", "openai takes no context beside a document");
    if (document.cite) lose(".citations", "openai cites no documents of a request");
    if (!document.text.empty()) {
      lose("", "openai takes no plain text as a document; sent as text");
      return write_input_text(document.text);
    }
    out_.object().field("type", "input_file");
    if (!document.url.empty()) {
      out_.field("file_url", document.url);
      if (!document.name.empty()) out_.field("filename", document.name);
    } else {
      out_.field("filename", document.name.empty() ? std::string_view("document") : document.name);
      out_.field("file_data", data_url(document.media_type, document.data));
    }
    out_.end_object();
  }

  void write_input(const chat::Opaque& opaque) { out_.raw(opaque.raw); }

  /// Of what the model has said.
  void write_output(const chat::Text& text) {
    lose_cache(text.cache);
    if (text.refusal) {
      out_.object().field("type", "refusal").field("refusal", text.text).end_object();
      return;
    }
    out_.object().field("type", "output_text").field("text", text.text);
    out_.key("annotations").array();
    for (std::size_t at = 0; at < text.citations.size(); ++at)
      if (!write_annotation(out_, text.citations[at], text.text))
        lose(fmt::format(".citations[{}]", at), "openai cites addresses and files of its own only");
    out_.end_array();
    if (!text.logprobs.empty()) out_.key("logprobs").raw(text.logprobs);
    out_.end_object();
  }

 private:
  void write_input_text(std::string_view text) {
    out_.object().field("type", "input_text").field("text", text).end_object();
  }

  Writer& out_;
  Losses& losses_;
  std::string path_;
};

class ItemWriter {
 public:
  ItemWriter(Writer& out, Losses& losses) : out_(out), losses_(losses) {}

  void write(const chat::Message& message, std::size_t at) {
    message_ = &message;
    at_ = at;
    run_.clear();
    any_ = false;
    if (!message.name.empty())
      losses_.push_back({fmt::format("messages[{}].name", at), "openai has no names in `input`"});
    for (const json::RawField& field : message.extra)
      losses_.push_back({fmt::format("messages[{}].{}", at, field.name), "is not modelled"});
    if (message.role == chat::Role::Assistant)
      write_turn();
    else
      write_prompt();
  }
  bool reasoned() const { return reasoned_; }

 private:
  /// Results of tools are items of their own here; what stands around them is a message each.
  void write_prompt() {
    for (std::size_t i = 0; i < message_->parts.size(); ++i)
      std::visit(
          Overloaded{[&](const chat::ToolResult& result) { write_result(result, i); },
                     [&](const chat::Opaque& opaque) { take_opaque(opaque, i); },
                     [&](const chat::Text& text) {
                       if (!text.text.empty()) run_.push_back(i);
                     },
                     [&](const chat::Image&) { run_.push_back(i); },
                     [&](const chat::Document&) { run_.push_back(i); },
                     [&](const auto&) { lose(i, "tool calls and reasoning are the model's"); }},
          message_->parts[i]);
    if (!run_.empty() || !any_) end_run();
  }

  void write_turn() {
    for (std::size_t i = 0; i < message_->parts.size(); ++i)
      std::visit(Overloaded{[&](const chat::Text& text) {
                              if (!text.text.empty()) run_.push_back(i);
                            },
                            [&](const chat::Opaque& opaque) { take_opaque(opaque, i); },
                            [&](const chat::Thinking& thinking) { write_reasoning(thinking, i); },
                            [&](const chat::ToolCall& call) { write_call(call, i); },
                            [&](const auto&) { lose(i, "openai takes this from the user only"); }},
                 message_->parts[i]);
    if (!run_.empty()) end_run();
  }

  PartWriter part(std::size_t index) {
    return {out_, losses_, fmt::format("messages[{}].content[{}]", at_, index)};
  }
  void lose(std::size_t index, std::string_view reason) { part(index).lose("", reason); }

  /// Before an item that is no message: what has waited for more of its message goes first.
  void begin_item() {
    if (!run_.empty()) end_run();
    any_ = true;
  }

  void end_run() {
    out_.object().field("type", "message").field("role", word_of(message_->role)).key("content");
    if (message_->role == chat::Role::Assistant)
      write_said();
    else
      write_asked();
    out_.end_object();
    run_.clear();
    any_ = true;
  }

  void write_asked() {
    const auto* first = run_.empty() ? nullptr : std::get_if<chat::Text>(&part_at(0));
    if (run_.empty() || (run_.size() == 1 && first != nullptr)) {
      if (first != nullptr) part(run_[0]).lose_cache(first->cache);
      out_.text(first == nullptr ? std::string_view() : first->text);
      return;
    }
    out_.array();
    for (const std::size_t index : run_)
      std::visit(Overloaded{[&](const chat::ToolCall&) {}, [&](const chat::ToolResult&) {},
                            [&](const chat::Thinking&) {},
                            [&](const auto& one) { part(index).write_input(one); }},
                 message_->parts[index]);
    out_.end_array();
  }

  void write_said() {
    out_.array();
    for (const std::size_t index : run_) {
      if (const auto* text = std::get_if<chat::Text>(&message_->parts[index]))
        part(index).write_output(*text);
      else if (const auto* opaque = std::get_if<chat::Opaque>(&message_->parts[index]))
        out_.raw(opaque->raw);
    }
    out_.end_array();
  }

  const chat::Part& part_at(std::size_t in_run) const { return message_->parts[run_[in_run]]; }

  void take_opaque(const chat::Opaque& opaque, std::size_t index) {
    if (is_content(opaque.type)) return run_.push_back(index);
    begin_item();
    out_.raw(opaque.raw);
  }

  void write_result(const chat::ToolResult& result, std::size_t index) {
    begin_item();
    part(index).lose_cache(result.cache);
    if (result.is_error)
      part(index).lose(".is_error", "openai cannot say that a tool failed; its text goes on");
    out_.object().field("type", "function_call_output").field("call_id", result.call_id);
    out_.key("output");
    write_result_parts(result, index);
    out_.end_object();
  }

  void write_result_parts(const chat::ToolResult& result, std::size_t index) {
    const auto inner = [&](std::size_t at) {
      return PartWriter(out_, losses_,
                        fmt::format("messages[{}].content[{}].content[{}]", at_, index, at));
    };
    if (result.parts.empty()) {
      out_.text("");
    } else if (const auto* only = std::get_if<chat::Text>(&result.parts[0]);
               only != nullptr && result.parts.size() == 1) {
      inner(0).lose_cache(only->cache);
      out_.text(only->text);
    } else {
      out_.array();
      for (std::size_t at = 0; at < result.parts.size(); ++at)
        if (!says_nothing(result.parts[at]))
          std::visit([&](const auto& one) { inner(at).write_input(one); }, result.parts[at]);
      out_.end_array();
    }
  }

  void write_call(const chat::ToolCall& call, std::size_t index) {
    begin_item();
    part(index).lose_cache(call.cache);
    out_.object().field("type", "function_call").field("call_id", call.id);
    out_.field("name", call.name);
    out_.field("arguments", call.arguments.empty() ? std::string_view("{}") : call.arguments);
    out_.end_object();
  }

  void write_reasoning(const chat::Thinking& thinking, std::size_t index) {
    if (thinking.seal != chat::Seal::Encrypted)
      return lose(index, "openai takes back only reasoning that it has sealed itself");
    begin_item();
    reasoned_ = true;
    out_.object().field("type", "reasoning");
    if (!thinking.id.empty()) out_.field("id", thinking.id);
    out_.key("summary").array();
    if (!thinking.text.empty())
      out_.object().field("type", "summary_text").field("text", thinking.text).end_object();
    out_.end_array().field("encrypted_content", thinking.sealed).end_object();
  }

  Writer& out_;
  Losses& losses_;
  const chat::Message* message_ = nullptr;  // the one being written
  std::size_t at_ = 0;                      // its index
  std::vector<std::size_t> run_;            // parts that will be one message item
  bool any_ = false;                        // something of the message is written
  bool reasoned_ = false;
};

}  // namespace

bool write_items(Writer& out, const std::vector<chat::Message>& messages, std::size_t first,
                 Losses& losses) {
  ItemWriter writer(out, losses);
  for (std::size_t at = first; at < messages.size(); ++at) writer.write(messages[at], at);
  return writer.reasoned();
}

}  // namespace naru::dialect::openai_responses_wire
