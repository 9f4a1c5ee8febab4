#include "base/json_writer.h"
#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/request/models.h"
#include "dialect/anthropic/request/reasoning.h"
#include "dialect/anthropic/request/turns.h"
#include "dialect/anthropic/words.h"

namespace naru::dialect::anthropic_wire {
namespace {

using Losses = std::vector<chat::Loss>;

constexpr double kHottest = 1.0;
constexpr double kLeastTopPOfThinking = 0.95;
constexpr std::string_view kNoParameters = R"({"type":"object","properties":{}})";

/// The tools the model may call now: Anthropic has no list of allowed ones, it is given no others.
std::vector<const chat::Tool*> tools_to_give(const chat::Request& request) {
  static const std::vector<std::string> kAll;
  const auto& allowed = request.tool_choice ? request.tool_choice->allowed : kAll;
  std::vector<const chat::Tool*> tools;
  for (const chat::Tool& tool : request.tools)
    if (allowed.empty() || std::ranges::find(allowed, tool.name) != allowed.end())
      tools.push_back(&tool);
  return tools;
}

/// A tool without parameters still has a schema: the API demands one.
void write_tools(json::Writer& out, const std::vector<const chat::Tool*>& tools) {
  if (tools.empty()) return;
  out.key("tools").array();
  for (const chat::Tool* tool : tools) {
    out.object().field("name", tool->name);
    if (!tool->description.empty()) out.field("description", tool->description);
    out.key("input_schema").raw(tool->parameters.empty() ? kNoParameters : tool->parameters);
    if (tool->strict == true) out.field("strict", true);
    write_cache_mark(out, tool->cache);
    out.end_object();
  }
  out.end_array();
}

std::string_view choice_word(chat::ToolChoice::Kind kind) {
  switch (kind) {
    case chat::ToolChoice::Kind::Auto:
      return "auto";
    case chat::ToolChoice::Kind::None:
      return "none";
    case chat::ToolChoice::Kind::Any:
      return "any";
    case chat::ToolChoice::Kind::Named:
      return "tool";
  }
  return "auto";
}

/// Anthropic takes a choice only where there are tools, and has "one call a turn" inside it.
void write_tool_choice(json::Writer& out, const chat::Request& request) {
  const bool one_call = request.parallel_tools == false;
  if (!request.tool_choice && !one_call) return;
  const chat::ToolChoice choice = request.tool_choice.value_or(chat::ToolChoice{});
  out.key("tool_choice").object().field("type", choice_word(choice.kind));
  if (choice.kind == chat::ToolChoice::Kind::Named) out.field("name", choice.name);
  if (one_call && choice.kind != chat::ToolChoice::Kind::None)
    out.field("disable_parallel_tool_use", true);
  out.end_object();
}

/// OpenAI's clients often stop at a newline, which the API refuses.
void write_stops(json::Writer& out, const chat::Request& request, Losses& losses) {
  std::vector<std::string_view> kept;
  for (const std::string& stop : request.stop) {
    if (stop.find_first_not_of(" \t\r\n\f\v") != std::string::npos)
      kept.push_back(stop);
    else
      losses.push_back({"stop", "anthropic takes no stop sequence of white space alone"});
  }
  if (kept.empty()) return;
  out.key("stop_sequences").array();
  for (const std::string_view stop : kept) out.text(stop);
  out.end_array();
}

/// Temperatures run to 2 elsewhere, to 1 here. Where naru asks for thinking on behalf of an effort,
/// what does not go with it gives way.
void write_sampling(json::Writer& out, const chat::Request& request, const Thinking& thinking,
                    Losses& losses) {
  const chat::Sampling& sampling = request.sampling;
  const bool thinks = thinking.on() && thinking.ours;
  const auto gives_way = [&](bool given, const char* field) {
    if (given && thinks) losses.push_back({field, "anthropic does not take it with thinking"});
    return given && thinks;
  };
  const double temperature = sampling.temperature.value_or(kHottest);
  if (sampling.temperature && !gives_way(temperature != kHottest, "temperature")) {
    if (temperature > kHottest)
      losses.push_back({"temperature", "anthropic's highest is 1; sent as 1"});
    out.key("temperature").number(std::min(temperature, kHottest));
  }
  if (sampling.top_p && !gives_way(*sampling.top_p < kLeastTopPOfThinking, "top_p"))
    out.key("top_p").number(*sampling.top_p);
  if (sampling.top_k && !gives_way(true, "top_k")) out.field("top_k", *sampling.top_k);
}

/// Anthropic has one id of a user; OpenAI's two say the same, the hashed one to be on the safe
/// side.
void write_user(json::Writer& out, const chat::Request& request, Losses& losses) {
  if (request.user && !request.safety_id.empty())
    losses.push_back({"safety_identifier", "anthropic has one id of a user, which is given"});
  if (!request.user && request.safety_id.empty()) return;
  out.key("metadata").object();
  out.field("user_id", request.user.value_or(request.safety_id)).end_object();
}

void write_tier(json::Writer& out, const chat::Request& request, Losses& losses) {
  const std::string& tier = request.service_tier;
  if (tier == "auto")
    out.field("service_tier", "auto");
  else if (tier == "default")
    out.field("service_tier", "standard_only");
  else if (!tier.empty())
    losses.push_back({"service_tier", "anthropic has the tiers auto and default only"});
}

/// What the API has no word for.
void note_unsupported(const chat::Request& request, Losses& losses) {
  const chat::Sampling& sampling = request.sampling;
  const auto lose = [&](bool given, const char* field, std::string_view what) {
    if (given) losses.push_back({field, fmt::format("anthropic has no {}", what)});
  };
  const auto says = [](const std::string& json) { return !json.empty() && json != "{}"; };
  lose(sampling.seed.has_value(), "seed", "seed");
  lose(request.choices > 1, "n", "choices; one answer is asked for");
  lose(says(sampling.logit_bias), "logit_bias", "logit_bias");
  lose(sampling.logprobs, "logprobs", "log probabilities");
  lose(sampling.frequency_penalty.value_or(0) != 0, "frequency_penalty", "penalties");
  lose(sampling.presence_penalty.value_or(0) != 0, "presence_penalty", "penalties");
  lose(!request.verbosity.empty(), "verbosity", "verbosity");
  lose(says(request.metadata), "metadata", "metadata but a user's id");
  lose(!request.cache_key.empty(), "prompt_cache_key", "keys of prompt caches");
  lose(!request.cache_retention.empty(), "prompt_cache_retention",
       "such setting; mark the parts to be cached");
}

/// Extras are of this dialect: a crossing takes foreign ones away. Those of an inner object stand
/// under a path, which has no place any more once its object is typed.
void write_extras(json::Writer& out, const chat::Request& request, Losses& losses) {
  for (const json::RawField& field : request.extra) {
    if (field.name.find_first_of(".[") == std::string::npos)
      out.key(field.name).raw(field.raw);
    else
      losses.push_back({field.name, "is not kept where naru reads the request as a whole"});
  }
}

/// Names the first message that is no prompt, and whether it was empty from the start.
Fault nothing_to_ask(const chat::Request& request, const Losses& losses) {
  const auto is_said = [](const chat::Message& message) {
    return message.role == chat::Role::User || message.role == chat::Role::Assistant;
  };
  const auto first = std::ranges::find_if(request.messages, is_said);
  const auto at = first == request.messages.end() ? 0 : first - request.messages.begin();
  Fault fault{.kind = FaultKind::InvalidRequest, .detail = {}};
  fault.param = fmt::format("messages[{}].content", at);
  const auto lost = [&](const chat::Loss& loss) {
    return loss.field.starts_with(fault.param + '[');
  };
  fault.detail = fmt::format(
      "{} {}; the model's provider takes no conversation without words, so say something",
      fault.param, std::ranges::any_of(losses, lost) ? "has nothing it can be sent" : "is empty");
  return fault;
}

/// What only an answer has, and no count.
void write_answer_settings(json::Writer& out, const chat::Request& request,
                           const Thinking& thinking, Losses& losses) {
  write_stops(out, request, losses);
  write_sampling(out, request, thinking, losses);
  write_user(out, request, losses);
  write_tier(out, request, losses);
  if (request.stream) out.field("stream", true);
  note_unsupported(request, losses);
}

}  // namespace

Result<std::string> write_request(Operation operation, const chat::Request& request,
                                  Losses& losses) {
  const Turns turns =
      lay_out_turns(request.messages, traits_of(request.model).system_turns, losses);
  if (turns.turns.empty()) return fail(nothing_to_ask(request, losses));
  const Thinking thinking = plan_thinking(request, is_in_foreign_tool_loop(turns), losses);
  const std::vector<const chat::Tool*> tools = tools_to_give(request);
  const bool answers = operation == Operation::Chat;
  std::string body;
  json::Writer out(body);
  out.object().field("model", request.model);
  if (answers) {
    const std::int64_t most = kDefaultMaxTokens + thinking.budget.value_or(0);
    out.field("max_tokens", request.max_tokens.value_or(most));
  }
  write_turns(out, turns, losses);
  write_tools(out, tools);
  if (!tools.empty()) write_tool_choice(out, request);
  write_reasoning(out, thinking, request.format, losses);
  if (answers) write_answer_settings(out, request, thinking, losses);
  write_extras(out, request, losses);
  out.end_object();
  return body;
}

}  // namespace naru::dialect::anthropic_wire
