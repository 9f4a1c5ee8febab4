#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"
#include "dialect/openai_responses/codec.h"
#include "dialect/openai_responses/request/items.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::Writer;
using Effort = chat::Reasoning::Effort;
using Mode = chat::Reasoning::Mode;

constexpr std::int64_t kLeastTokens = 16;  // the API refuses less
constexpr std::string_view kNoParameters = R"({"type":"object","properties":{}})";
/// Of what we do not model, the count knows these.
constexpr auto kCounted =
    std::to_array<std::string_view>({"truncation", "tool_choice", "personality"});

/// Whether the text stands as `instructions` as well as it would in a message of its own.
bool is_plain(const chat::Message& message) {
  if (message.role != chat::Role::System || message.parts.size() != 1) return false;
  const auto* text = std::get_if<chat::Text>(&message.parts[0]);
  return text != nullptr && !text->text.empty() && *text == chat::Text{text->text} &&
         message.name.empty() && message.extra.empty();
}

bool asks_reasoning(const chat::Reasoning& reasoning) {
  if (reasoning.mode == Mode::Budget || reasoning.mode == Mode::Adaptive) return true;
  return reasoning.mode != Mode::Off && reasoning.effort && *reasoning.effort != Effort::None;
}

std::optional<Effort> effort_of(const chat::Reasoning& reasoning) {
  constexpr std::int64_t kLow = 2048;
  constexpr std::int64_t kMedium = 8192;
  if (reasoning.mode == Mode::Off) return std::nullopt;
  if (reasoning.effort || reasoning.mode != Mode::Budget) return reasoning.effort;
  const std::int64_t budget = reasoning.budget.value_or(kMedium);
  return budget <= kLow ? Effort::Low : budget <= kMedium ? Effort::Medium : Effort::High;
}

std::string_view summary_of(const chat::Reasoning& reasoning) {
  if (!reasoning.summary.empty()) return reasoning.summary;
  const bool thinks = reasoning.mode == Mode::Budget || reasoning.mode == Mode::Adaptive;
  const bool shown = reasoning.display == "summarized" || (thinks && reasoning.display.empty());
  return shown ? "auto" : "";
}

/// `tools[2]` of the list `tools`: an element as its client wrote it.
bool is_element_of(std::string_view list, std::string_view name) {
  return name.starts_with(list) && name.substr(list.size()).starts_with('[') && name.ends_with(']');
}

class RequestWriter {
 public:
  RequestWriter(Operation operation, const chat::Request& request, std::vector<chat::Loss>& losses)
      : counts_(operation == Operation::CountTokens),
        request_(request),
        losses_(losses),
        out_(body_) {}

  std::string take() {
    out_.object();
    out_.field("model", request_.model);
    write_conversation();
    write_tools();
    if (request_.parallel_tools) out_.field("parallel_tool_calls", *request_.parallel_tools);
    write_text();
    write_reasoning();
    if (!counts_) write_rest();
    write_extra();
    out_.end_object();
    return std::move(body_);
  }

 private:
  /// The leading prompt stands by itself, unless nothing else would be asked.
  void write_conversation() {
    const std::vector<chat::Message>& messages = request_.messages;
    const bool apart = messages.size() > 1 && is_plain(messages[0]);
    if (apart) out_.field("instructions", std::get<chat::Text>(messages[0].parts[0]).text);
    out_.key("input").array();
    reasoned_ = write_items(out_, messages, apart ? 1 : 0, losses_);
    out_.end_array();
  }

  void write_tools() {
    const bool others = std::ranges::any_of(request_.extra, [](const json::RawField& field) {
      return is_element_of("tools", field.name);
    });
    if (!request_.tools.empty() || others) {
      out_.key("tools").array();
      std::size_t at = 0;
      for (const chat::Tool& tool : request_.tools) {
        while (write_element("tools", at)) ++at;
        write_tool(tool, at++);
      }
      while (write_element("tools", at)) ++at;
      out_.end_array();
    }
    if (request_.tool_choice) write_choice(*request_.tool_choice);
  }

  /// An element we do not model, if there is one for this place.
  bool write_element(std::string_view list, std::size_t at) {
    const auto field =
        std::ranges::find(request_.extra, fmt::format("{}[{}]", list, at), &json::RawField::name);
    if (field == request_.extra.end()) return false;
    out_.raw(field->raw);
    return true;
  }

  void write_tool(const chat::Tool& tool, std::size_t at) {
    if (tool.cache != chat::CacheMark::None)
      lose(fmt::format("tools[{}].cache_control", at),
           "openai caches prompts by itself and takes no marks");
    out_.object().field("type", "function").field("name", tool.name);
    if (!tool.description.empty()) out_.field("description", tool.description);
    out_.key("parameters").raw(tool.parameters.empty() ? kNoParameters : tool.parameters);
    if (tool.strict) out_.field("strict", *tool.strict);
    out_.end_object();
  }

  void write_choice(const chat::ToolChoice& choice) {
    using Kind = chat::ToolChoice::Kind;
    const std::string_view word = choice.kind == Kind::Auto   ? "auto"
                                  : choice.kind == Kind::None ? "none"
                                                              : "required";
    out_.key("tool_choice");
    if (choice.kind == Kind::Named) {
      out_.object().field("type", "function").field("name", choice.name).end_object();
    } else if (choice.allowed.empty()) {
      out_.text(word);
    } else {
      out_.object().field("type", "allowed_tools").field("mode", word).key("tools").array();
      for (const std::string& name : choice.allowed)
        out_.object().field("type", "function").field("name", name).end_object();
      out_.end_array().end_object();
    }
  }

  void write_text() {
    const bool formed = request_.format.kind != chat::Format::Kind::Text;
    if (!formed && request_.verbosity.empty()) return;
    out_.key("text").object();
    if (formed) write_format(request_.format);
    if (!request_.verbosity.empty()) out_.field("verbosity", request_.verbosity);
    out_.end_object();
  }

  void write_format(const chat::Format& format) {
    out_.key("format").object();
    if (format.kind == chat::Format::Kind::Json) {
      out_.field("type", "json_object").end_object();
      return;
    }
    out_.field("type", "json_schema");
    out_.field("name", format.name.empty() ? std::string_view("answer") : format.name);
    if (!format.description.empty()) out_.field("description", format.description);
    out_.key("schema").raw(format.schema.empty() ? "{}" : std::string_view(format.schema));
    if (format.strict) out_.field("strict", *format.strict);
    out_.end_object();
  }

  void write_reasoning() {
    const chat::Reasoning& said = request_.reasoning;
    const std::optional<Effort> effort = effort_of(said);
    if (said.effort && !effort) lose("reasoning.effort", "openai has no effort without reasoning");
    if (said.mode == Mode::Budget)
      lose("reasoning.budget",
           fmt::format("openai has no budgets; sent as effort '{}'", chat::word_of(*effort)));
    const std::string_view summary = summary_of(said);
    if (!effort && summary.empty()) return;
    out_.key("reasoning").object();
    if (effort) out_.field("effort", chat::word_of(*effort));
    if (!summary.empty()) out_.field("summary", summary);
    out_.end_object();
  }

  void write_rest() {
    write_sampling();
    write_include();
    if (!request_.metadata.empty()) out_.key("metadata").raw(request_.metadata);
    write_word("service_tier", request_.service_tier);
    if (request_.user) out_.field("user", *request_.user);
    write_word("safety_identifier", request_.safety_id);
    write_word("prompt_cache_key", request_.cache_key);
    write_word("prompt_cache_retention", request_.cache_retention);
    out_.field("store", false);
    if (request_.stream) out_.field("stream", true);
  }

  void write_sampling() {
    const chat::Sampling& said = request_.sampling;
    if (request_.max_tokens) {
      if (*request_.max_tokens < kLeastTokens)
        lose("max_tokens",
             fmt::format("openai takes no limit below {}; that is sent", kLeastTokens));
      out_.field("max_output_tokens", std::max(*request_.max_tokens, kLeastTokens));
    }
    if (said.temperature) out_.key("temperature").number(*said.temperature);
    if (said.top_p) out_.key("top_p").number(*said.top_p);
    if (said.top_logprobs) out_.field("top_logprobs", *said.top_logprobs);
    lose_if(said.top_k.has_value(), "top_k");
    lose_if(said.frequency_penalty.value_or(0) != 0, "frequency_penalty");
    lose_if(said.presence_penalty.value_or(0) != 0, "presence_penalty");
    lose_if(said.seed.has_value(), "seed");
    lose_if(!said.logit_bias.empty(), "logit_bias");
    lose_if(!request_.stop.empty(), "stop");
    lose_if(request_.choices > 1, "n");
  }

  void write_include() {
    const bool sealed = asks_reasoning(request_.reasoning) || reasoned_;
    const bool others = std::ranges::any_of(request_.extra, [](const json::RawField& field) {
      return is_element_of("include", field.name);
    });
    if (!sealed && !request_.sampling.logprobs && !others) return;
    out_.key("include").array();
    if (sealed) out_.text(kSealedReasoning);
    if (request_.sampling.logprobs) out_.text(kTokenLogprobs);
    for (const json::RawField& field : request_.extra)
      if (is_element_of("include", field.name)) out_.raw(field.raw);
    out_.end_array();
  }

  /// Our own fields from here; those of inner objects have no place to go back to.
  void write_extra() {
    for (const json::RawField& field : request_.extra) {
      if (is_element_of("tools", field.name)) continue;
      if (is_element_of("include", field.name) && !counts_) continue;
      const bool inner = field.name.find_first_of(".[") != std::string::npos;
      const bool known = !counts_ || std::ranges::find(kCounted, field.name) != kCounted.end();
      if (inner || !known)
        lose(field.name, inner ? "is not modelled" : "tells nothing that is counted");
      else
        out_.key(field.name).raw(field.raw);
    }
  }

  void write_word(std::string_view name, std::string_view word) {
    if (!word.empty()) out_.field(name, word);
  }
  void lose(std::string field, std::string_view reason) {
    losses_.push_back({std::move(field), std::string(reason)});
  }
  void lose_if(bool said, std::string_view name) {
    if (said) lose(std::string(name), fmt::format("openai responses have no {}", name));
  }

  bool counts_;
  const chat::Request& request_;
  std::vector<chat::Loss>& losses_;
  std::string body_;
  Writer out_;
  bool reasoned_ = false;  // the input holds reasoning
};

}  // namespace

std::string write_request(Operation operation, const chat::Request& request,
                          std::vector<chat::Loss>& losses) {
  return RequestWriter(operation, request, losses).take();
}

}  // namespace naru::dialect::openai_responses_wire
