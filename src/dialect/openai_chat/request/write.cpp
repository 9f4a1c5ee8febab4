#include "base/json_writer.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/words.h"

namespace naru::dialect::openai_chat_wire {
namespace {

using Effort = chat::Reasoning::Effort;
using Mode = chat::Reasoning::Mode;

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

/// The effort nearest to a budget of so many tokens.
Effort effort_of(std::int64_t budget) {
  constexpr std::int64_t kLow = 2048;
  constexpr std::int64_t kMedium = 8192;
  if (budget <= kLow) return Effort::Low;
  return budget <= kMedium ? Effort::Medium : Effort::High;
}

class RequestWriter {
 public:
  RequestWriter(const chat::Request& request, std::vector<chat::Loss>& losses)
      : request_(request), losses_(losses), out_(body_) {}

  std::string take() {
    out_.object();
    out_.field("model", request_.model);
    out_.key("messages");
    write_messages(out_, request_.messages, losses_);
    write_tools();
    write_format(request_.format);
    write_reasoning(request_.reasoning);
    if (!request_.verbosity.empty()) out_.field("verbosity", request_.verbosity);
    write_length();
    write_sampling(request_.sampling);
    write_account();
    if (request_.stream) out_.field("stream", true);
    if (request_.stream && request_.stream_usage)
      out_.key("stream_options").object().field("include_usage", true).end_object();
    write_extra(out_, request_.extra, "", losses_);
    out_.end_object();
    return std::move(body_);
  }

 private:
  void write_tools() {
    if (!request_.tools.empty()) {
      out_.key("tools").array();
      for (std::size_t at = 0; at < request_.tools.size(); ++at) {
        if (request_.tools[at].cache != chat::CacheMark::None)
          lose(fmt::format("tools[{}].cache_control", at), "openai chooses itself what it caches");
        write_tool(request_.tools[at]);
      }
      out_.end_array();
    }
    if (request_.tool_choice) write_choice(*request_.tool_choice);
    if (request_.parallel_tools) out_.field("parallel_tool_calls", *request_.parallel_tools);
  }

  void write_tool(const chat::Tool& tool) {
    out_.object().field("type", "function").key("function").object().field("name", tool.name);
    if (!tool.description.empty()) out_.field("description", tool.description);
    if (!tool.parameters.empty()) out_.key("parameters").raw(tool.parameters);
    if (tool.strict.value_or(false)) out_.field("strict", true);
    out_.end_object().end_object();
  }

  void write_choice(const chat::ToolChoice& choice) {
    using Kind = chat::ToolChoice::Kind;
    out_.key("tool_choice");
    if (choice.kind == Kind::Named) return write_function(choice.name);
    const std::string_view word = choice.kind == Kind::Auto   ? "auto"
                                  : choice.kind == Kind::None ? "none"
                                                              : "required";
    if (choice.allowed.empty() || choice.kind == Kind::None) {
      out_.text(word);
      return;
    }
    out_.object().field("type", "allowed_tools").key("allowed_tools").object();
    out_.field("mode", word).key("tools").array();
    for (const std::string& name : choice.allowed) write_function(name);
    out_.end_array().end_object().end_object();
  }

  void write_function(std::string_view name) {
    out_.object().field("type", "function").key("function").object();
    out_.field("name", name).end_object().end_object();
  }

  void write_format(const chat::Format& format) {
    using Kind = chat::Format::Kind;
    if (format.kind == Kind::Text) return;
    out_.key("response_format").object();
    if (format.kind == Kind::Json) {
      out_.field("type", "json_object").end_object();
      return;
    }
    out_.field("type", "json_schema").key("json_schema").object();
    out_.field("name", format.name.empty() ? std::string_view("answer") : format.name);
    if (!format.description.empty()) out_.field("description", format.description);
    if (!format.schema.empty()) out_.key("schema").raw(format.schema);
    if (format.strict) out_.field("strict", *format.strict);
    out_.end_object().end_object();
  }

  void write_reasoning(const chat::Reasoning& reasoning) {
    if (!reasoning.summary.empty() || reasoning.display == "summarized")
      lose("reasoning.summary", "openai's chat has no switch that shows reasoning");
    std::optional<Effort> effort = reasoning.effort;
    if (reasoning.mode == Mode::Off) {
      if (effort) lose("reasoning.effort", "openai has no effort without reasoning");
      return;
    }
    if (reasoning.mode == Mode::Budget) {
      if (!effort) effort = effort_of(reasoning.budget.value_or(0));
      lose("reasoning.budget",
           fmt::format("openai has no budgets; sent as effort '{}'", chat::word_of(*effort)));
    }
    if (!effort) return;
    out_.field("reasoning_effort", chat::word_of(*effort));
  }

  void write_length() {
    const bool newer = wants_completion_tokens(request_.model);
    if (request_.max_tokens)
      out_.field(newer ? "max_completion_tokens" : "max_tokens", *request_.max_tokens);
    if (!request_.stop.empty()) {
      out_.key("stop").array();
      for (const std::string& text : request_.stop) out_.text(text);
      out_.end_array();
    }
    if (request_.choices != 1) out_.field("n", request_.choices);
  }

  void write_sampling(const chat::Sampling& sampling) {
    write_number("temperature", sampling.temperature);
    write_number("top_p", sampling.top_p);
    write_number("frequency_penalty", sampling.frequency_penalty);
    write_number("presence_penalty", sampling.presence_penalty);
    if (sampling.seed) out_.field("seed", *sampling.seed);
    if (!sampling.logit_bias.empty()) out_.key("logit_bias").raw(sampling.logit_bias);
    if (sampling.logprobs) out_.field("logprobs", true);
    if (sampling.top_logprobs) out_.field("top_logprobs", *sampling.top_logprobs);
    if (sampling.top_k) lose("top_k", "openai has no top_k");
  }

  void write_account() {
    if (request_.user) out_.field("user", *request_.user);
    write_words("safety_identifier", request_.safety_id);
    if (!request_.metadata.empty()) out_.key("metadata").raw(request_.metadata);
    if (request_.service_tier == "ultrafast")  // of Responses
      lose("service_tier", "openai's chat has no such tier");
    else
      write_words("service_tier", request_.service_tier);
    write_words("prompt_cache_key", request_.cache_key);
    write_words("prompt_cache_retention", request_.cache_retention);
  }

  void write_words(std::string_view name, std::string_view words) {
    if (!words.empty()) out_.field(name, words);
  }
  void write_number(std::string_view name, std::optional<double> number) {
    if (number) out_.key(name).number(*number);
  }
  void lose(std::string field, std::string_view reason) {
    losses_.push_back({std::move(field), std::string(reason)});
  }

  const chat::Request& request_;
  std::vector<chat::Loss>& losses_;
  std::string body_;
  json::Writer out_;
};

}  // namespace

void write_extra(json::Writer& out, const std::vector<json::RawField>& extra, std::string_view path,
                 std::vector<chat::Loss>& losses) {
  for (const json::RawField& field : extra) {
    if (field.name.find_first_of("[.") == std::string::npos)
      out.key(field.name).raw(field.raw);
    else
      losses.push_back({fmt::format("{}{}", path, field.name), "is not modelled"});
  }
}

std::string write_request(const chat::Request& request, std::vector<chat::Loss>& losses) {
  return RequestWriter(request, losses).take();
}

}  // namespace naru::dialect::openai_chat_wire
