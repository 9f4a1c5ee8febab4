#include "dialect/anthropic/request/reasoning.h"

#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/request/models.h"
#include "dialect/json_views.h"

namespace naru::dialect::anthropic_wire {
namespace {

using chat::Format;
using chat::Reasoning;
using Effort = Reasoning::Effort;
using Mode = Reasoning::Mode;
using Losses = std::vector<chat::Loss>;

constexpr std::int64_t kMostBudget = 1'000'000'000;  // tokens
constexpr std::int64_t kLeastBudget = 1024;          // the API takes no smaller one

/// Tokens an older model may think for an effort, in the order of the enumeration.
constexpr auto kBudgets =
    std::to_array<std::int64_t>({0, 1024, 2048, 8192, 24'576, 32'768, 32'768});
static_assert(kBudgets.size() == static_cast<std::size_t>(Effort::Max) + 1);

/// A setting of Anthropic's own that we do not know stays as it came.
void read_thinking(json::FieldReader& in, chat::Request& request) {
  const auto given = in.find_any("thinking");
  if (!given) return;
  const std::string_view type = text_of(*given, "type");
  const bool known = type == "disabled" || type == "adaptive" ||
                     (type == "enabled" && given->find("budget_tokens"));
  if (!known) return keep_field(in, "thinking", *given, request.extra);
  json::FieldReader inner(*given, in.path_of("thinking"));
  Reasoning& reasoning = request.reasoning;
  inner.find_any("type");
  reasoning.mode = type == "disabled"   ? Mode::Off
                   : type == "adaptive" ? Mode::Adaptive
                                        : Mode::Budget;
  if (reasoning.mode == Mode::Budget) {
    if (const auto budget = inner.need("budget_tokens", json::Type::Number))
      reasoning.budget = inner.find_integer("budget_tokens", 1, kMostBudget);
  }
  const auto display = inner.find_any("display");
  if (display && (display->text() == "summarized" || display->text() == "omitted"))
    reasoning.display = display->text();
  else if (display)
    keep_field(inner, "display", *display, request.extra);
  keep_rest(inner, request.extra);
  in.absorb(inner);
}

void read_effort(json::FieldReader& in, chat::Request& request) {
  const auto word = in.find_any("effort");
  if (!word) return;
  const std::optional<Effort> effort = chat::find_effort(word->text());
  if (!effort || *effort < Effort::Low) return keep_field(in, "effort", *word, request.extra);
  request.reasoning.effort = effort;
  if (request.reasoning.mode == Mode::Unsaid) request.reasoning.mode = Mode::EffortAlone;
}

void read_format(json::FieldReader& in, chat::Request& request) {
  const auto given = in.find_any("format");
  if (!given) return;
  const auto schema = find_object(*given, "schema");
  if (text_of(*given, "type") != "json_schema" || !schema)
    return keep_field(in, "format", *given, request.extra);
  request.format = {.kind = Format::Kind::Schema, .schema = std::string(schema->raw())};
  json::FieldReader inner(*given, in.path_of("format"));
  inner.find_any("type");
  inner.find_any("schema");
  keep_rest(inner, request.extra);
}

/// Thinking and a tool that must be called exclude each other.
bool must_call(const chat::Request& request) {
  if (request.tools.empty() || !request.tool_choice) return false;
  const chat::ToolChoice::Kind kind = request.tool_choice->kind;
  return kind == chat::ToolChoice::Kind::Any || kind == chat::ToolChoice::Kind::Named;
}

/// As the client of this dialect said it.
Thinking as_said(const Reasoning& reasoning) {
  Thinking thinking{.display = reasoning.display, .effort = reasoning.effort};
  if (reasoning.mode == Mode::Off) thinking.type = "disabled";
  if (reasoning.mode == Mode::Adaptive) thinking.type = "adaptive";
  if (reasoning.mode == Mode::Budget) {
    thinking.type = "enabled";
    thinking.budget = reasoning.budget;
  }
  return thinking;
}

/// For a model that takes a budget; at most half of the answer goes into thinking.
Thinking budgeted(const chat::Request& request, bool in_tool_loop, Losses& losses) {
  std::int64_t budget = kBudgets[static_cast<std::size_t>(*request.reasoning.effort)];
  if (request.max_tokens) budget = std::min(budget, *request.max_tokens / 2);
  std::string_view why;
  if (budget < kLeastBudget)
    why = "max_tokens leaves no room for thinking: anthropic takes no budget below 1024";
  else if (in_tool_loop)
    why = "this model does not think within a tool loop that began without its signed reasoning";
  if (why.empty()) return {.type = "enabled", .budget = budget, .ours = true};
  losses.push_back({"reasoning.effort", std::string(why)});
  return {};
}

Thinking adaptive(Effort effort, Losses& losses) {
  if (effort == Effort::Minimal)
    losses.push_back({"reasoning.effort", "anthropic's least effort is low; sent as low"});
  return {.type = "adaptive", .effort = std::max(effort, Effort::Low), .ours = true};
}

/// For a client that wants no reasoning at all.
Thinking unthinking(const chat::Request& request, const ModelTraits& model, Losses& losses) {
  if (model.least_thinking == "disabled") return {.type = model.least_thinking};
  if (!model.least_thinking.empty()) {
    losses.push_back({"reasoning.effort", "this model thinks between calls of tools all the same"});
    return {.type = model.least_thinking};
  }
  losses.push_back({"reasoning.effort", "this model always thinks; its least effort is asked for"});
  if (must_call(request)) return {};
  return {.type = "adaptive", .effort = Effort::Low, .ours = true};
}

}  // namespace

void read_reasoning(json::FieldReader& in, chat::Request& request) {
  read_thinking(in, request);
  const auto config = in.find_any("output_config");
  if (!config) return;
  json::FieldReader inner(*config, in.path_of("output_config"));
  read_effort(inner, request);
  read_format(inner, request);
  keep_rest(inner, request.extra);
  in.absorb(inner);
}

Thinking plan_thinking(const chat::Request& request, bool in_tool_loop, Losses& losses) {
  const Reasoning& reasoning = request.reasoning;
  if (reasoning.mode != Mode::Unsaid) return as_said(reasoning);
  if (!reasoning.effort) {
    if (!reasoning.summary.empty())
      losses.push_back({"reasoning.summary", "anthropic shows no reasoning that nobody asks for"});
    return {};
  }
  const ModelTraits model = traits_of(request.model);
  if (*reasoning.effort == Effort::None) return unthinking(request, model, losses);
  Thinking thinking;
  if (must_call(request)) {
    losses.push_back({"reasoning.effort", "anthropic does not think where a tool must be called"});
  } else {
    thinking = model.adapts ? adaptive(*reasoning.effort, losses)
                            : budgeted(request, in_tool_loop, losses);
  }
  if (thinking.on() && !reasoning.summary.empty()) thinking.display = "summarized";
  return thinking;
}

void write_reasoning(json::Writer& out, const Thinking& thinking, const Format& format,
                     Losses& losses) {
  if (!thinking.type.empty()) {
    out.key("thinking").object().field("type", thinking.type);
    if (thinking.budget) out.field("budget_tokens", *thinking.budget);
    if (!thinking.display.empty()) out.field("display", thinking.display);
    out.end_object();
  }
  const bool has_schema = format.kind == Format::Kind::Schema && !format.schema.empty();
  if (format.kind != Format::Kind::Text && !has_schema)
    losses.push_back({"response_format", "anthropic takes a schema only, and has no JSON mode"});
  else if (!format.description.empty())
    losses.push_back({"response_format", "anthropic has no description of a format"});
  if (!thinking.effort && !has_schema) return;
  out.key("output_config").object();
  if (thinking.effort) out.field("effort", word_of(*thinking.effort));
  if (has_schema) {
    out.key("format").object().field("type", "json_schema");
    out.key("schema").raw(format.schema).end_object();
  }
  out.end_object();
}

}  // namespace naru::dialect::anthropic_wire
