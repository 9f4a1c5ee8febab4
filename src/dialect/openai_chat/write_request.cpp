#include "base/json_writer.h"
#include "base/text.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/words.h"

namespace naru::dialect::openai_chat_wire {
namespace {

using json::Writer;

/// OpenAI's reasoning models refuse `max_tokens`; older and other servers know nothing else.
/// `o3`, `o4-mini`, `gpt-5`, `openai/gpt-5.1`; not `gpt-4o`, `gpt-oss-120b`, `olmo`.
bool wants_completion_tokens(std::string_view model) {
  if (const std::size_t slash = model.rfind('/'); slash != std::string_view::npos)
    model.remove_prefix(slash + 1);
  const auto digit_at = [&](std::size_t at) {
    return at < model.size() && model[at] >= '0' && model[at] <= '9' ? model[at] - '0' : -1;
  };
  if (model.starts_with('o')) return digit_at(1) > 0;
  return model.starts_with("gpt-") && (digit_at(4) >= 5 || (digit_at(4) > 0 && digit_at(5) >= 0));
}

bool says_nothing(const chat::Part& part) {
  const auto* text = std::get_if<chat::Text>(&part);
  return text != nullptr && text->text.empty();
}

class RequestWriter {
 public:
  RequestWriter(const chat::Request& request, std::vector<chat::Loss>& losses)
      : request_(request), losses_(losses), out_(body_) {}

  std::string take() {
    out_.object();
    out_.field("model", request_.model);
    write_messages();
    write_tools();
    write_sampling();
    if (request_.stream) out_.field("stream", true);
    if (request_.stream && request_.stream_usage)
      out_.key("stream_options").object().field("include_usage", true).end_object();
    write_extra(request_.extra, "");
    out_.end_object();
    return std::move(body_);
  }

 private:
  void write_messages() {
    out_.key("messages").array();
    for (at_ = 0; at_ < request_.messages.size(); ++at_) write_message(request_.messages[at_]);
    out_.end_array();
  }

  /// Tool results are messages of their own here; what stands around them goes on as the user's.
  void write_message(const chat::Message& message) {
    if (message.role == chat::Role::Assistant) return write_assistant(message);
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
        if (!says_nothing(message.parts[i]) && carries(message.parts[i], i)) run.push_back(i);
        continue;
      }
      flush();
      write_result(*result, i);
      any = true;
    }
    flush();
    if (!any) write_plain(message, run);
  }

  /// False, and a Loss, for what a system prompt's or user's message cannot hold.
  bool carries(const chat::Part& part, std::size_t index) {
    const bool fits = std::holds_alternative<chat::Text>(part) ||
                      std::holds_alternative<chat::Image>(part) ||
                      std::holds_alternative<chat::Opaque>(part);
    if (!fits) lose(index, "openai takes tool calls and reasoning in assistant messages only");
    return fits;
  }

  void write_plain(const chat::Message& message, const std::vector<std::size_t>& parts) {
    out_.object();
    out_.field("role", message.role == chat::Role::System      ? "system"
                       : message.role == chat::Role::Developer ? "developer"
                                                               : "user");
    out_.key("content");
    write_content(message, parts);
    write_tail(message);
    out_.end_object();
  }

  void write_content(const chat::Message& message, const std::vector<std::size_t>& parts) {
    if (parts.empty()) {
      out_.text("");
      return;
    }
    const auto* only = std::get_if<chat::Text>(&message.parts[parts.front()]);
    if (parts.size() == 1 && only != nullptr) {
      out_.text(only->text);
      return;
    }
    out_.array();
    for (const std::size_t part : parts) write_part(message.parts[part]);
    out_.end_array();
  }

  void write_part(const chat::Part& part) {
    if (const auto* text = std::get_if<chat::Text>(&part)) {
      out_.object().field("type", "text").field("text", text->text).end_object();
    } else if (const auto* image = std::get_if<chat::Image>(&part)) {
      out_.object().field("type", "image_url").key("image_url").object();
      out_.field("url", image->url.empty()
                            ? fmt::format("data:{};base64,{}", image->media_type, image->data)
                            : image->url);
      if (!image->detail.empty()) out_.field("detail", image->detail);
      out_.end_object().end_object();
    } else if (const auto* opaque = std::get_if<chat::Opaque>(&part)) {
      out_.raw(opaque->raw);
    }
  }

  void write_result(const chat::ToolResult& result, std::size_t index) {
    if (result.is_error)
      losses_.push_back({fmt::format("messages[{}].content[{}].is_error", at_, index),
                         "openai tool messages cannot say that the tool failed; its text goes on"});
    out_.object().field("role", "tool").field("tool_call_id", result.call_id);
    out_.field("content", result.text).end_object();
  }

  void write_assistant(const chat::Message& message) {
    std::vector<std::size_t> texts;
    std::vector<const chat::ToolCall*> calls;
    for (std::size_t i = 0; i < message.parts.size(); ++i) {
      const chat::Part& part = message.parts[i];
      if (says_nothing(part)) continue;
      if (const auto* call = std::get_if<chat::ToolCall>(&part))
        calls.push_back(call);
      else if (std::holds_alternative<chat::Text>(part) ||
               std::holds_alternative<chat::Opaque>(part))
        texts.push_back(i);
      else
        lose(i, std::holds_alternative<chat::Thinking>(part)
                    ? "openai takes no reasoning back"
                    : "openai takes text and tool calls in assistant messages only");
    }
    out_.object().field("role", "assistant").key("content");
    if (texts.empty() && !calls.empty())
      out_.null();
    else
      write_content(message, texts);
    if (!calls.empty()) write_calls(calls);
    write_tail(message);
    out_.end_object();
  }

  void write_calls(const std::vector<const chat::ToolCall*>& calls) {
    out_.key("tool_calls").array();
    for (const chat::ToolCall* call : calls) {
      out_.object().field("id", call->id).field("type", "function").key("function").object();
      out_.field("name", call->name);
      out_.field("arguments", call->arguments.empty() ? std::string_view("{}") : call->arguments);
      out_.end_object().end_object();
    }
    out_.end_array();
  }

  void write_tail(const chat::Message& message) {
    if (!message.name.empty()) out_.field("name", message.name);
    write_extra(message.extra, fmt::format("messages[{}].", at_));
  }

  /// Our own fields from here; those of inner objects have no place to go back to.
  void write_extra(const std::vector<json::RawField>& extra, std::string_view path) {
    for (const json::RawField& field : extra) {
      if (field.name.find('[') == std::string::npos)
        out_.key(field.name).raw(field.raw);
      else
        losses_.push_back({fmt::format("{}{}", path, field.name), "is not modelled"});
    }
  }

  void write_tools() {
    if (!request_.tools.empty()) {
      out_.key("tools").array();
      for (const chat::Tool& tool : request_.tools) write_tool(tool);
      out_.end_array();
    }
    if (request_.tool_choice) write_choice(*request_.tool_choice);
    if (request_.parallel_tools) out_.field("parallel_tool_calls", *request_.parallel_tools);
  }

  void write_tool(const chat::Tool& tool) {
    out_.object().field("type", "function").key("function").object().field("name", tool.name);
    if (!tool.description.empty()) out_.field("description", tool.description);
    if (!tool.parameters.empty()) out_.key("parameters").raw(tool.parameters);
    out_.end_object().end_object();
  }

  void write_choice(const chat::ToolChoice& choice) {
    using Kind = chat::ToolChoice::Kind;
    out_.key("tool_choice");
    if (choice.kind == Kind::Named) {
      out_.object().field("type", "function").key("function").object();
      out_.field("name", choice.name).end_object().end_object();
      return;
    }
    out_.text(choice.kind == Kind::Auto ? "auto" : choice.kind == Kind::None ? "none" : "required");
  }

  void write_sampling() {
    const bool newer = wants_completion_tokens(request_.model);
    if (request_.max_tokens)
      out_.field(newer ? "max_completion_tokens" : "max_tokens", *request_.max_tokens);
    if (request_.temperature) out_.key("temperature").number(*request_.temperature);
    if (request_.top_p) out_.key("top_p").number(*request_.top_p);
    if (request_.top_k) losses_.push_back({"top_k", "openai has no top_k"});
    if (!request_.stop.empty()) {
      out_.key("stop").array();
      for (const std::string& text : request_.stop) out_.text(text);
      out_.end_array();
    }
    if (request_.user) out_.field("user", *request_.user);
  }

  void lose(std::size_t part, std::string_view reason) {
    losses_.push_back({fmt::format("messages[{}].content[{}]", at_, part), std::string(reason)});
  }

  const chat::Request& request_;
  std::vector<chat::Loss>& losses_;
  std::string body_;
  Writer out_;
  std::size_t at_ = 0;  // of the message being written
};

}  // namespace

std::string write_request(const chat::Request& request, std::vector<chat::Loss>& losses) {
  return RequestWriter(request, losses).take();
}

}  // namespace naru::dialect::openai_chat_wire
