#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/request/reasoning.h"
#include "dialect/anthropic/words.h"
#include "dialect/closed_words.h"

namespace naru::dialect::anthropic_wire {
namespace {

constexpr std::int64_t kMostAsked = 1'000'000'000;  // tokens

void read_system(json::FieldReader& in, chat::Request& request) {
  if (!in.find_any("system")) return;
  chat::Message prompt{.role = chat::Role::System, .parts = {}};
  prompt.parts = read_content(in, "system", request.extra);
  request.messages.push_back(std::move(prompt));
}

chat::Role read_role(json::FieldReader& in) {
  const std::string role = in.text("role");
  if (role == "user") return chat::Role::User;
  if (role == "assistant") return chat::Role::Assistant;
  if (role == "system") return chat::Role::System;
  if (!role.empty()) refuse_word(in, "role", role, {"user", "assistant", "system"});
  return chat::Role::User;
}

void read_messages(json::FieldReader& in, chat::Request& request) {
  const auto messages = in.need("messages", json::Type::Array);
  if (!messages) return;
  std::size_t at = 0;
  for (const json::ValueView value : *messages) {
    json::FieldReader inner(value, in.path_of(fmt::format("messages[{}]", at++)));
    chat::Message message{.role = read_role(inner), .parts = {}};
    message.parts = read_content(inner, "content", request.extra);
    keep_rest(inner, request.extra);
    in.absorb(inner);
    request.messages.push_back(std::move(message));
  }
}

/// A tool the client runs. Those the provider runs (`web_search_…`) have a type and no schema; they
/// stay as they came.
void read_tool(json::FieldReader& in, json::ValueView value, std::size_t at,
               chat::Request& request) {
  const std::string name = fmt::format("tools[{}]", at);
  json::FieldReader inner(value, in.path_of(name));
  const std::string type = inner.find_text("type").value_or("custom");
  if (type != "custom") {
    request.extra.push_back({name, std::string(value.raw())});
  } else {
    chat::Tool tool{.name = inner.text("name"),
                    .description = inner.find_text("description").value_or(""),
                    .parameters = {}};
    if (const auto schema = inner.need("input_schema", json::Type::Object))
      tool.parameters = schema->raw();
    tool.strict = inner.find_boolean("strict").value_or(false);
    tool.cache = read_cache_mark(inner, request.extra);
    keep_rest(inner, request.extra);
    request.tools.push_back(std::move(tool));
  }
  in.absorb(inner);
}

void read_tools(json::FieldReader& in, chat::Request& request) {
  if (!in.find_any("tools")) return;
  const auto tools = in.need("tools", json::Type::Array);
  if (!tools) return;
  std::size_t at = 0;
  for (const json::ValueView tool : *tools) read_tool(in, tool, at++, request);
}

void read_tool_choice(json::FieldReader& in, chat::Request& request) {
  using Kind = chat::ToolChoice::Kind;
  const auto value = in.find_any("tool_choice");
  if (!value) return;
  json::FieldReader inner(*value, in.path_of("tool_choice"));
  const std::string type = inner.text("type");
  chat::ToolChoice choice;
  if (type == "tool")
    choice = {.kind = Kind::Named, .name = inner.text("name")};
  else if (type == "any")
    choice.kind = Kind::Any;
  else if (type == "none")
    choice.kind = Kind::None;
  else if (type != "auto" && !type.empty())
    inner.problem("type", "must be auto, any, tool or none");
  if (inner.find_boolean("disable_parallel_tool_use").value_or(false))
    request.parallel_tools = false;
  request.tool_choice = choice;
  keep_rest(inner, request.extra);
  in.absorb(inner);
}

void read_stops(json::FieldReader& in, chat::Request& request) {
  if (!in.find_any("stop_sequences")) return;
  const auto stops = in.need("stop_sequences", json::Type::Array);
  if (!stops) return;
  for (const json::ValueView stop : *stops) {
    if (!stop.is_string()) return in.problem("stop_sequences", "must hold strings only");
    request.stop.emplace_back(stop.text());
  }
}

void read_metadata(json::FieldReader& in, chat::Request& request) {
  const auto metadata = in.find_any("metadata");
  if (!metadata) return;
  json::FieldReader inner(*metadata, in.path_of("metadata"));
  request.user = inner.find_text("user_id");
  keep_rest(inner, request.extra);
  in.absorb(inner);
}

void read_tier(json::FieldReader& in, chat::Request& request) {
  request.service_tier = read_word(in, "service_tier", {"auto", "standard_only"});
  if (request.service_tier == "standard_only") request.service_tier = "default";
}

/// A turn that stands on a thread says only what is new: without the thread it would be another
/// conversation. SDKs take this answer for a sign to send all of it.
Fault no_thread() {
  return {.kind = FaultKind::InvalidRequest,
          .detail = "this model's upstream keeps no threads; send the whole conversation",
          .param = "thread",
          .details = R"({"error_code":"thread_unsupported_request","unsupported":["model"]})"};
}

}  // namespace

Result<chat::Request> read_request(const json::Tree& body) {
  json::FieldReader in(body.root(), "$");
  if (!body.root().is_object()) return fail(in.fault());
  if (in.find_any("thread")) return fail(no_thread());
  chat::Request request{.model = in.text("model"), .messages = {}};
  read_system(in, request);
  read_messages(in, request);
  read_tools(in, request);
  read_tool_choice(in, request);
  read_stops(in, request);
  read_metadata(in, request);
  read_tier(in, request);
  read_reasoning(in, request);
  request.max_tokens = in.find_integer("max_tokens", 1, kMostAsked);
  request.sampling.temperature = in.find_number("temperature", 0, 2);
  request.sampling.top_p = in.find_number("top_p", 0, 1);
  request.sampling.top_k = in.find_integer("top_k", 0, kMostAsked);
  request.stream = in.find_boolean("stream").value_or(false);
  request.stream_usage = request.stream;  // this dialect's streams always carry it
  keep_rest(in, request.extra);
  return in.finish(std::move(request));
}

}  // namespace naru::dialect::anthropic_wire
