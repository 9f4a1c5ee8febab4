#include "base/json_writer.h"
#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/turns.h"
#include "dialect/anthropic/words.h"

namespace naru::dialect::anthropic_wire {
namespace {

using Losses = std::vector<chat::Loss>;

constexpr double kHottest = 1.0;
constexpr std::string_view kNoParameters = R"({"type":"object","properties":{}})";

/// A tool without parameters still has a schema: the API demands one.
void write_tools(json::Writer& out, const chat::Request& request) {
  if (request.tools.empty()) return;
  out.key("tools").array();
  for (const chat::Tool& tool : request.tools) {
    out.object().field("name", tool.name);
    if (!tool.description.empty()) out.field("description", tool.description);
    out.key("input_schema").raw(tool.parameters.empty() ? kNoParameters : tool.parameters);
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
  if (request.tools.empty() || (!request.tool_choice && !one_call)) return;
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

/// Temperatures run to 2 elsewhere, to 1 here.
void write_sampling(json::Writer& out, const chat::Request& request, Losses& losses) {
  if (request.temperature) {
    if (*request.temperature > kHottest)
      losses.push_back({"temperature", "anthropic's highest is 1; sent as 1"});
    out.key("temperature").number(std::min(*request.temperature, kHottest));
  }
  if (request.top_p) out.key("top_p").number(*request.top_p);
  if (request.top_k) out.field("top_k", *request.top_k);
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

}  // namespace

Result<std::string> write_request(const chat::Request& request, Losses& losses) {
  const Turns turns = lay_out_turns(request.messages, losses);
  if (turns.turns.empty()) return fail(nothing_to_ask(request, losses));
  std::string body;
  json::Writer out(body);
  out.object().field("model", request.model);
  out.field("max_tokens", request.max_tokens.value_or(kDefaultMaxTokens));
  write_turns(out, turns, losses);
  write_tools(out, request);
  write_tool_choice(out, request);
  write_stops(out, request, losses);
  write_sampling(out, request, losses);
  if (request.user) {
    out.key("metadata").object().field("user_id", *request.user).end_object();
  }
  if (request.stream) out.field("stream", true);
  write_extras(out, request, losses);
  out.end_object();
  return body;
}

}  // namespace naru::dialect::anthropic_wire
