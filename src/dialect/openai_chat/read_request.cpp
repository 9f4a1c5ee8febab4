#include <limits>

#include "base/json_fields.h"
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
    {"n", "1"},
    {"logprobs", "false"},
    {"store", "false"},
    {"presence_penalty", "0"},
    {"presence_penalty", "0.0"},
    {"frequency_penalty", "0"},
    {"frequency_penalty", "0.0"},
    {"service_tier", R"("auto")"},
    {"response_format", R"({"type":"text"})"},
    {"modalities", R"(["text"])"},
    {"logit_bias", "{}"},
    {"metadata", "{}"},
});

bool says_nothing(const json::RawField& field) {
  if (field.name.ends_with("].function.strict") && field.raw == "false") return true;
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

/// `{name, description, parameters}`, alone in `functions` or under `function` in `tools`.
chat::Tool read_tool_body(FieldReader& in, std::string_view path, Extra& extra) {
  chat::Tool tool;
  tool.name = in.text("name");
  tool.description = in.find_text("description").value_or("");
  const std::optional<ValueView> parameters = in.find_any("parameters");
  if (parameters && !parameters->is_object()) in.problem("parameters", "must be an object");
  if (parameters) tool.parameters = parameters->raw();
  keep_inner_rest(in, path, extra);
  return tool;
}

chat::Tool read_tool(FieldReader& in, std::string_view path, Extra& extra) {
  const std::optional<std::string> type = in.find_text("type");
  if (type && *type != "function") {
    in.problem("type", fmt::format("is \"{}\"; only function tools can go to this model", *type));
    return {};
  }
  const std::optional<ValueView> function = in.need("function", Type::Object);
  if (!function) return {};
  FieldReader body(*function, in.path_of("function"));
  chat::Tool tool = read_tool_body(body, fmt::format("{}.function", path), extra);
  in.absorb(body);
  keep_inner_rest(in, path, extra);
  return tool;
}

void read_tools(FieldReader& in, chat::Request& request) {
  const auto path = [&](std::string_view list) {
    return fmt::format("{}[{}]", list, request.tools.size());
  };
  read_list(in, "functions", request.tools, [&](FieldReader& tool) {
    return read_tool_body(tool, path("functions"), request.extra);
  });
  read_list(in, "tools", request.tools,
            [&](FieldReader& tool) { return read_tool(tool, path("tools"), request.extra); });
}

std::optional<chat::ToolChoice> choice_of(FieldReader& in, std::string_view name, ValueView value) {
  using Kind = chat::ToolChoice::Kind;
  const std::string_view word = value.text();
  if (word == "auto") return chat::ToolChoice{Kind::Auto};
  if (word == "none") return chat::ToolChoice{Kind::None};
  if (word == "required") return chat::ToolChoice{Kind::Any};
  const std::optional<ValueView> function = value.find("function");
  const std::string_view named = text_of(function.value_or(value), "name");
  if (!named.empty()) return chat::ToolChoice{Kind::Named, std::string(named)};
  in.problem(name, R"(must be "auto", "none", "required" or name a function)");
  return std::nullopt;
}

void read_choice(FieldReader& in, chat::Request& request) {
  for (const std::string_view name : {"function_call", "tool_choice"})
    if (const auto value = in.find_any(name)) request.tool_choice = choice_of(in, name, *value);
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

void read_sampling(FieldReader& in, chat::Request& request) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  request.max_tokens = in.find_integer("max_tokens", 1, kMost);
  const auto newer = in.find_integer("max_completion_tokens", 1, kMost);
  if (newer) request.max_tokens = newer;
  request.temperature = in.find_number("temperature", 0.0, 2.0);
  request.top_p = in.find_number("top_p", 0.0, 1.0);
  request.top_k = in.find_integer("top_k", -1, kMost);
  if (request.top_k && *request.top_k < 1) request.top_k.reset();  // the engines' word for "off"
  read_stop_texts(in, request);
}

void read_streaming(FieldReader& in, chat::Request& request) {
  request.stream = in.find_boolean("stream").value_or(false);
  const std::optional<ValueView> options = in.find_any("stream_options");
  if (!options) return;
  FieldReader inner(*options, in.path_of("stream_options"));
  request.stream_usage = inner.find_boolean("include_usage").value_or(false);
  in.absorb(inner);
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
  read_sampling(in, request);
  request.user = in.find_text("user");
  read_streaming(in, request);
  std::ranges::move(in.rest(), std::back_inserter(request.extra));
  std::erase_if(request.extra, says_nothing);
  return in.finish(std::move(request));
}

}  // namespace naru::dialect::openai_chat_wire
