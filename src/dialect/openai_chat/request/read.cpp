#include <limits>

#include "base/json_fields.h"
#include "dialect/closed_words.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/words.h"

namespace naru::dialect::openai_chat_wire {
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
    {"store", "false"},
    {"modalities", R"(["text"])"},
    {"stream_options.include_obfuscation", "false"},
});

bool says_nothing(const json::RawField& field) {
  const auto same = [&](const Default& one) {
    return one.name == field.name && one.raw == field.raw;
  };
  return field.raw == "null" || std::ranges::any_of(kDefaults, same);
}

/// One list of values, each read by `read` from a reader at its path.
template <class Value, class Read>
void read_list(FieldReader& in, std::string_view name, std::vector<Value>& out, const Read& read) {
  const std::optional<ValueView> list = in.find_any(name);
  if (!list) return;
  if (!list->is_array()) return in.problem(name, "must be a list");
  std::size_t at = 0;
  for (const ValueView value : *list) {
    FieldReader inner(value, fmt::format("{}[{}]", in.path_of(name), at++));
    out.push_back(read(inner));
    in.absorb(inner);
    if (!in.ok()) return;
  }
}

/// `{name, description, parameters, strict}`, alone in `functions` or under `function` in `tools`.
chat::Tool read_tool_body(FieldReader& in, std::string_view path, Extra& extra) {
  chat::Tool tool;
  tool.name = in.text("name");
  tool.description = in.find_text("description").value_or("");
  const std::optional<ValueView> parameters = in.find_any("parameters");
  if (parameters && !parameters->is_object()) in.problem("parameters", "must be an object");
  if (parameters) tool.parameters = parameters->raw();
  tool.strict = in.find_boolean("strict").value_or(false);
  keep_inner_rest(in, path, extra);
  return tool;
}

chat::Tool read_tool(FieldReader& in, std::string_view path, Extra& extra) {
  const std::optional<ValueView> function = in.need("function", Type::Object);
  if (!function) return {};
  FieldReader body(*function, in.path_of("function"));
  chat::Tool tool = read_tool_body(body, fmt::format("{}.function", path), extra);
  in.absorb(body);
  keep_inner_rest(in, path, extra);
  return tool;
}

/// Tools of other kinds are kept whole.
void read_tools(FieldReader& in, chat::Request& request) {
  const auto read_older = [&](FieldReader& tool) {
    const std::string path = fmt::format("functions[{}]", request.tools.size());
    return read_tool_body(tool, path, request.extra);
  };
  read_list(in, "functions", request.tools, read_older);
  const std::optional<ValueView> tools = in.find_any("tools");
  if (!tools) return;
  if (!tools->is_array()) return in.problem("tools", "must be a list");
  for (std::size_t at = 0; const ValueView value : *tools) {
    const std::string path = fmt::format("tools[{}]", at++);
    FieldReader tool(value, in.path_of(path));
    if (tool.find_text("type").value_or("function") == "function")
      request.tools.push_back(read_tool(tool, path, request.extra));
    else
      request.extra.push_back({path, std::string(value.raw())});
    in.absorb(tool);
    if (!in.ok()) return;
  }
}

/// `{"mode", "tools"}`: the names of the functions among them.
chat::ToolChoice allowed_of(FieldReader& in, ValueView value, Extra& extra) {
  using Kind = chat::ToolChoice::Kind;
  FieldReader allowed(value, in.path_of("tool_choice.allowed_tools"));
  const std::string mode = allowed.text("mode");
  if (allowed.ok() && mode != "auto" && mode != "required")
    allowed.problem("mode", R"(must be "auto" or "required")");
  chat::ToolChoice choice{mode == "required" ? Kind::Any : Kind::Auto};
  if (const std::optional<ValueView> tools = allowed.need("tools", Type::Array))
    for (std::size_t at = 0; const ValueView tool : *tools) {
      const std::string path = fmt::format("tool_choice.allowed_tools.tools[{}]", at++);
      const std::optional<ValueView> function = find_object(tool, "function");
      if (function && find_words(*function, "name"))
        choice.allowed.emplace_back(text_of(*function, "name"));
      else
        extra.push_back({path, std::string(tool.raw())});
    }
  in.absorb(allowed);
  return choice;
}

std::optional<chat::ToolChoice> choice_of(FieldReader& in, std::string_view name, ValueView value,
                                          Extra& extra) {
  using Kind = chat::ToolChoice::Kind;
  const std::string_view word = value.text();
  if (word == "auto") return chat::ToolChoice{Kind::Auto};
  if (word == "none") return chat::ToolChoice{Kind::None};
  if (word == "required") return chat::ToolChoice{Kind::Any};
  const std::string_view type = text_of(value, "type");
  const std::optional<ValueView> allowed = find_object(value, "allowed_tools");
  if (type == "allowed_tools" && allowed) return allowed_of(in, *allowed, extra);
  const std::optional<ValueView> function = value.find("function");
  const std::string_view named = text_of(function.value_or(value), "name");
  if (!named.empty()) return chat::ToolChoice{Kind::Named, std::string(named)};
  if (!type.empty() && type != "function" && type != "allowed_tools")
    extra.push_back({std::string(name), std::string(value.raw())});
  else
    in.problem(name, R"(must be "auto", "none", "required" or name a function)");
  return std::nullopt;
}

void read_choice(FieldReader& in, chat::Request& request) {
  for (const std::string_view name : {"function_call", "tool_choice"})
    if (const auto value = in.find_any(name))
      request.tool_choice = choice_of(in, name, *value, request.extra);
}

/// `{"name", "description", "schema", "strict"}`.
chat::Format schema_of(FieldReader& format, Extra& extra) {
  chat::Format read{.kind = chat::Format::Kind::Schema};
  const std::optional<ValueView> holder = format.need("json_schema", Type::Object);
  if (!holder) return read;
  FieldReader in(*holder, format.path_of("json_schema"));
  read.name = in.find_text("name").value_or("");
  read.description = in.find_text("description").value_or("");
  read.strict = in.find_boolean("strict");
  const std::optional<ValueView> schema = in.find_any("schema");
  if (schema && !schema->is_object()) in.problem("schema", "must be an object");
  if (schema) read.schema = schema->raw();
  format.absorb(in);
  keep_inner_rest(in, "response_format.json_schema", extra);
  return read;
}

/// A form of another kind is kept whole.
void read_format(FieldReader& in, chat::Request& request) {
  const std::optional<ValueView> value = in.find_any("response_format");
  if (!value) return;
  FieldReader format(*value, in.path_of("response_format"));
  const std::string type = format.text("type");
  if (type == "json_schema") {
    request.format = schema_of(format, request.extra);
  } else if (type == "json_object") {
    request.format.kind = chat::Format::Kind::Json;
  } else if (type != "text" && format.ok()) {
    request.extra.push_back({"response_format", std::string(value->raw())});
    return;
  }
  keep_inner_rest(format, "response_format", request.extra);
  in.absorb(format);
}

void read_stop_texts(FieldReader& in, chat::Request& request) {
  const std::optional<ValueView> stop = in.find_any("stop");
  if (!stop) return;
  if (stop->is_string())
    request.stop.emplace_back(stop->text());
  else if (!stop->is_array())
    in.problem("stop", "must be a string or a list of strings");
  for (const ValueView one : *stop) {
    if (!one.is_string()) return in.problem("stop", "must be a string or a list of strings");
    request.stop.emplace_back(one.text());
  }
}

/// The raw bytes of an object that is not empty.
std::string read_map(FieldReader& in, std::string_view name) {
  const std::optional<ValueView> map = in.find_any(name);
  if (!map) return {};
  if (!map->is_object()) in.problem(name, "must be an object");
  return map->size() > 0 ? std::string(map->raw()) : std::string();
}

/// Zero is what holds anyway.
template <class Number>
std::optional<Number> unless_zero(std::optional<Number> number) {
  return number == Number{} ? std::nullopt : number;
}

void read_sampling(FieldReader& in, chat::Sampling& sampling) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  using Seeds = std::numeric_limits<std::int64_t>;
  sampling.temperature = in.find_number("temperature", 0.0, 2.0);
  sampling.top_p = in.find_number("top_p", 0.0, 1.0);
  sampling.top_k = in.find_integer("top_k", -1, kMost);
  if (sampling.top_k && *sampling.top_k < 1) sampling.top_k.reset();  // the engines' word for "off"
  sampling.frequency_penalty = unless_zero(in.find_number("frequency_penalty", -2.0, 2.0));
  sampling.presence_penalty = unless_zero(in.find_number("presence_penalty", -2.0, 2.0));
  sampling.seed = in.find_integer("seed", Seeds::min(), Seeds::max());
  sampling.logit_bias = read_map(in, "logit_bias");
  sampling.logprobs = in.find_boolean("logprobs").value_or(false);
  sampling.top_logprobs = unless_zero(in.find_integer("top_logprobs", 0, kMost));
}

void read_length(FieldReader& in, chat::Request& request) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  request.max_tokens = in.find_integer("max_tokens", 1, kMost);
  const auto newer = in.find_integer("max_completion_tokens", 1, kMost);
  if (newer) request.max_tokens = newer;
  read_stop_texts(in, request);
  request.choices = in.find_integer("n", 1, kMostChoices).value_or(1);
}

void read_effort(FieldReader& in, chat::Request& request) {
  const std::optional<std::string> word = in.find_text("reasoning_effort");
  if (!word) return;
  request.reasoning.effort = chat::find_effort(*word);
  if (request.reasoning.effort) return;
  std::string quoted;
  json::append_quoted(quoted, *word);
  request.extra.push_back({"reasoning_effort", std::move(quoted)});
}

/// Who asks, what for, and how the provider is to keep and serve it.
void read_account(FieldReader& in, chat::Request& request) {
  request.user = in.find_text("user");
  request.safety_id = in.find_text("safety_identifier").value_or("");
  request.metadata = read_map(in, "metadata");
  request.service_tier =
      read_word(in, "service_tier", {"auto", "default", "flex", "scale", "priority", "fast"});
  request.cache_key = in.find_text("prompt_cache_key").value_or("");
  request.cache_retention = in.find_text("prompt_cache_retention").value_or("");
}

void read_streaming(FieldReader& in, chat::Request& request) {
  request.stream = in.find_boolean("stream").value_or(false);
  const std::optional<ValueView> options = in.find_any("stream_options");
  if (!options) return;
  FieldReader inner(*options, in.path_of("stream_options"));
  request.stream_usage = inner.find_boolean("include_usage").value_or(false);
  in.absorb(inner);
  keep_inner_rest(inner, "stream_options", request.extra);
}

}  // namespace

Result<chat::Request> read_request(const json::Tree& body) {
  FieldReader in(body.root(), "$");
  chat::Request request;
  request.model = in.text("model");
  if (!in.need("messages", Type::Array)) return fail(in.fault());
  read_list(in, "messages", request.messages, read_message);
  read_tools(in, request);
  read_choice(in, request);
  request.parallel_tools = in.find_boolean("parallel_tool_calls");
  read_sampling(in, request.sampling);
  read_length(in, request);
  read_format(in, request);
  read_effort(in, request);
  request.verbosity = read_word(in, "verbosity", {"low", "medium", "high"});
  read_account(in, request);
  read_streaming(in, request);
  std::ranges::move(in.rest(), std::back_inserter(request.extra));
  std::erase_if(request.extra, says_nothing);
  return in.finish(std::move(request));
}

}  // namespace naru::dialect::openai_chat_wire
