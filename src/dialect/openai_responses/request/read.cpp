#include <algorithm>
#include <limits>

#include "base/json_fields.h"
#include "dialect/closed_words.h"
#include "dialect/openai_responses/codec.h"
#include "dialect/openai_responses/request/items.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::FieldReader;
using json::Type;
using json::ValueView;
using Extra = std::vector<json::RawField>;

struct Default {
  std::string_view name;
  std::string_view raw;
};
/// Fields we do not model that say what holds anyway; leaving them out loses nothing.
constexpr auto kDefaults = std::to_array<Default>({
    {"background", "false"},
    {"truncation", R"("disabled")"},
    {"stream_options.include_obfuscation", "true"},
    {"stream_options.include_obfuscation", "false"},
    {"reasoning.context", R"("auto")"},
    {"reasoning.mode", R"("standard")"},
});
/// What naru itself sees to before a request is read.
constexpr auto kHandled = std::to_array<std::string_view>({"store", "previous_response_id"});

bool says_nothing(const json::RawField& field) {
  if (field.name.ends_with("].defer_loading") && field.raw == "false") return true;
  const auto same = [&](const Default& one) {
    return one.name == field.name && one.raw == field.raw;
  };
  return field.raw == "null" || std::ranges::any_of(kDefaults, same);
}

/// A reader for the object at `name`, if there is one; `read` takes what it knows, and what it
/// leaves is extra.
template <class Read>
void read_object(FieldReader& in, std::string_view name, Extra& extra, const Read& read) {
  const std::optional<ValueView> value = in.find_any(name);
  if (!value) return;
  FieldReader inner(*value, in.path_of(name));
  read(inner);
  in.absorb(inner);
  keep_rest(inner, fmt::format("{}.", name), extra);
}

/// One list of values, `take` given each with the path it has.
template <class Take>
void read_list(FieldReader& in, std::string_view name, const Take& take) {
  const std::optional<ValueView> list = in.find_any(name);
  if (!list) return;
  if (!list->is_array()) return in.problem(name, "must be a list");
  std::size_t at = 0;
  for (const ValueView value : *list) {
    take(value, fmt::format("{}[{}]", name, at++));
    if (!in.ok()) return;
  }
}

void read_instructions(FieldReader& in, chat::Request& request) {
  const std::optional<std::string> text = in.find_text("instructions");
  if (text && !text->empty()) request.messages.push_back({chat::Role::System, {chat::Text{*text}}});
}

chat::Tool function_of(FieldReader& in) {
  chat::Tool tool;
  tool.name = in.text("name");
  tool.description = in.find_text("description").value_or("");
  const std::optional<ValueView> parameters = in.find_any("parameters");
  if (parameters && !parameters->is_object()) in.problem("parameters", "must be an object");
  if (parameters) tool.parameters = parameters->raw();
  tool.strict = in.find_boolean("strict");
  return tool;
}

/// Tools that are no functions only the provider can run.
void read_tools(FieldReader& in, chat::Request& request) {
  read_list(in, "tools", [&](ValueView value, const std::string& path) {
    FieldReader tool(value, in.path_of(path));
    if (tool.text("type") == "function") {
      request.tools.push_back(function_of(tool));
      keep_rest(tool, fmt::format("{}.", path), request.extra);
    } else {
      request.extra.push_back({path, std::string(value.raw())});
    }
    in.absorb(tool);
  });
}

/// Only functions, by their names; nullopt for a list that allows the provider's own tools as well.
std::optional<std::vector<std::string>> allowed_functions(ValueView choice) {
  std::vector<std::string> names;
  const std::optional<ValueView> tools = find_filled(choice, "tools");
  if (!tools) return std::nullopt;
  for (const ValueView tool : *tools) {
    if (text_of(tool, "type") != "function" || text_of(tool, "name").empty()) return std::nullopt;
    names.emplace_back(text_of(tool, "name"));
  }
  return names;
}

std::optional<chat::ToolChoice::Kind> kind_of_choice(std::string_view word) {
  using Kind = chat::ToolChoice::Kind;
  if (word == "auto") return Kind::Auto;
  if (word == "none") return Kind::None;
  if (word == "required") return Kind::Any;
  return std::nullopt;
}

/// nullopt for a choice among the provider's own tools.
std::optional<chat::ToolChoice> find_choice(ValueView value) {
  using Kind = chat::ToolChoice::Kind;
  if (const auto kind = kind_of_choice(value.text())) return chat::ToolChoice{*kind};
  const std::string_view type = text_of(value, "type");
  if (type == "function") return chat::ToolChoice{Kind::Named, std::string(text_of(value, "name"))};
  if (type != "allowed_tools") return std::nullopt;
  const std::optional<Kind> mode = kind_of_choice(text_of(value, "mode"));
  std::optional<std::vector<std::string>> allowed = allowed_functions(value);
  if (!mode || *mode == Kind::None || !allowed) return std::nullopt;
  return chat::ToolChoice{*mode, {}, std::move(*allowed)};
}

void read_choice(FieldReader& in, chat::Request& request) {
  const std::optional<ValueView> value = in.find_any("tool_choice");
  if (!value) return;
  request.tool_choice = find_choice(*value);
  const bool named_nothing = request.tool_choice && request.tool_choice->name.empty() &&
                             request.tool_choice->kind == chat::ToolChoice::Kind::Named;
  const bool typed = value->is_object() && find_words(*value, "type");
  if (named_nothing)
    in.problem("tool_choice.name", "must name a function");
  else if (!request.tool_choice && typed)
    request.extra.push_back({"tool_choice", std::string(value->raw())});
  else if (!request.tool_choice)
    in.problem("tool_choice", R"(must be "auto", "none", "required" or an object with a type)");
}

chat::Format format_of(FieldReader& in) {
  chat::Format format;
  const std::string type = in.text("type");
  if (type == "json_object") format.kind = chat::Format::Kind::Json;
  if (type != "json_schema") {
    if (type != "text" && type != "json_object")
      in.problem("type", "must be text, json_object or json_schema");
    return format;
  }
  format.kind = chat::Format::Kind::Schema;
  format.name = in.text("name");
  format.description = in.find_text("description").value_or("");
  if (const auto schema = in.need("schema", Type::Object)) format.schema = schema->raw();
  format.strict = in.find_boolean("strict");
  return format;
}

void read_text(FieldReader& in, chat::Request& request) {
  read_object(in, "text", request.extra, [&](FieldReader& text) {
    request.verbosity = read_word(text, "verbosity", {"low", "medium", "high"});
    const std::optional<ValueView> value = text.find_any("format");
    if (!value) return;
    FieldReader format(*value, text.path_of("format"));
    request.format = format_of(format);
    text.absorb(format);
    keep_rest(format, "text.format.", request.extra);
  });
}

void read_reasoning(FieldReader& in, chat::Request& request) {
  read_object(in, "reasoning", request.extra, [&](FieldReader& reasoning) {
    const std::optional<std::string> effort = reasoning.find_text("effort");
    if (effort) request.reasoning.effort = chat::find_effort(*effort);
    if (effort && !request.reasoning.effort)
      refuse_word(reasoning, "effort", *effort,
                  {"none", "minimal", "low", "medium", "high", "xhigh", "max"});
    const Words summaries = {"auto", "concise", "detailed"};
    const std::string older = read_word(reasoning, "generate_summary", summaries);
    const std::string newer = read_word(reasoning, "summary", summaries);
    request.reasoning.summary = newer.empty() ? older : newer;
  });
}

void read_include(FieldReader& in, chat::Request& request) {
  read_list(in, "include", [&](ValueView value, const std::string& path) {
    if (value.text() == kTokenLogprobs)
      request.sampling.logprobs = true;
    else if (value.text() != kSealedReasoning)
      request.extra.push_back({path, std::string(value.raw())});
  });
}

void read_sampling(FieldReader& in, chat::Request& request) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  request.max_tokens = in.find_integer("max_output_tokens", 1, kMost);
  request.sampling.temperature = in.find_number("temperature", 0.0, 2.0);
  request.sampling.top_p = in.find_number("top_p", 0.0, 1.0);
  request.sampling.top_logprobs = in.find_integer("top_logprobs", 0, kMost);
  request.stream = in.find_boolean("stream").value_or(false);
  request.stream_usage = request.stream;  // this dialect's streams always tell it
  read_object(in, "stream_options", request.extra, [](FieldReader&) {});
}

void read_account(FieldReader& in, chat::Request& request) {
  const std::optional<ValueView> metadata = in.find_any("metadata");
  if (metadata && !metadata->is_object()) in.problem("metadata", "must be an object");
  if (metadata && metadata->size() > 0) request.metadata = metadata->raw();
  request.user = in.find_text("user");
  request.safety_id = in.find_text("safety_identifier").value_or("");
  request.service_tier = read_word(
      in, "service_tier", {"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"});
  request.cache_key = in.find_text("prompt_cache_key").value_or("");
  request.cache_retention = in.find_text("prompt_cache_retention").value_or("");
  for (const std::string_view name : kHandled) in.find_any(name);
}

}  // namespace

Result<chat::Request> read_request(Operation, const json::Tree& body) {
  FieldReader in(body.root(), "$");
  chat::Request request;
  request.model = in.text("model");
  read_instructions(in, request);
  read_input(in, request.messages);
  read_tools(in, request);
  read_choice(in, request);
  request.parallel_tools = in.find_boolean("parallel_tool_calls");
  read_sampling(in, request);
  read_text(in, request);
  read_reasoning(in, request);
  read_include(in, request);
  read_account(in, request);
  std::ranges::move(in.rest(), std::back_inserter(request.extra));
  std::erase_if(request.extra, says_nothing);
  return in.finish(std::move(request));
}

}  // namespace naru::dialect::openai_responses_wire
