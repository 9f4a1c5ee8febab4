#include <array>

#include "base/json_writer.h"
#include "mock/answer.h"

/// Bytes as api.anthropic.com sends them. Source: Anthropic API reference, Messages, Streaming,
/// Errors.
namespace naru::mock {
namespace {

struct ErrorRow {
  std::uint32_t status;
  std::string_view type;
  std::string_view message;
};
constexpr auto kErrors = std::to_array<ErrorRow>({
    {400, "invalid_request_error", "The mock refuses this request."},
    {401, "authentication_error", "invalid x-api-key"},
    {402, "billing_error", "Your credit balance is too low."},
    {403, "permission_error", "Your API key may not do this."},
    {404, "not_found_error", "model: not found"},
    {413, "request_too_large", "Request exceeds the maximum size"},
    {429, "rate_limit_error", "This request would exceed your rate limit."},
    {500, "api_error", "Internal server error"},
    {504, "timeout_error", "The request timed out."},
    {529, "overloaded_error", "Overloaded"},
});
constexpr std::size_t kServerRow = 7;

const ErrorRow& error_row(std::uint32_t status) {
  const auto row = std::ranges::find(kErrors, status, &ErrorRow::status);
  return row != kErrors.end() ? *row : kErrors[status < 500 ? 0 : kServerRow];
}

std::string error_json(const Plan& plan, std::uint32_t status, const Story& story) {
  const ErrorRow& row = error_row(status);
  std::string json;
  json::Writer out(json);
  out.object().field("type", "error").key("error").object();
  out.field("type", plan.type.empty() ? row.type : std::string_view(plan.type));
  out.field("message", plan.message.empty() ? row.message : std::string_view(plan.message));
  out.end_object().field("request_id", "req_" + story.id).end_object();
  return json;
}

std::string event(std::string_view name, std::string_view json) {
  return fmt::format("event: {}\ndata: {}\n\n", name, json);
}

void write_usage(json::Writer& out, const Story& story, std::uint32_t output_tokens) {
  out.key("usage").object();
  out.field("input_tokens", static_cast<std::int64_t>(story.input_tokens));
  out.field("cache_creation_input_tokens", 0).field("cache_read_input_tokens", 0);
  out.field("output_tokens", static_cast<std::int64_t>(output_tokens));
  out.field("service_tier", "standard").end_object();
}

void begin(json::Writer& out, const Ask& ask, const Story& story) {
  out.object().field("id", "msg_" + story.id).field("type", "message").field("role", "assistant");
  out.field("model", ask.model);
}

std::string message(const Ask& ask, const Plan& plan, const Story& story) {
  std::string json;
  json::Writer out(json);
  begin(out, ask, story);
  out.key("content").array().object().field("type", "text").field("text", story.text());
  out.end_object().end_array().field("stop_reason", "end_turn").key("stop_sequence").null();
  if (plan.usage) write_usage(out, story, story.output_tokens);
  out.end_object();
  return json;
}

std::string message_start(const Ask& ask, const Plan& plan, const Story& story) {
  std::string json;
  json::Writer out(json);
  out.object().field("type", "message_start").key("message");
  begin(out, ask, story);
  out.key("content").array().end_array();
  out.key("stop_reason").null().key("stop_sequence").null();
  if (plan.usage) write_usage(out, story, 1);
  out.end_object().end_object();
  return event("message_start", json);
}

std::string text_delta(std::string_view text) {
  std::string json;
  json::Writer out(json);
  out.object().field("type", "content_block_delta").field("index", 0).key("delta").object();
  out.field("type", "text_delta").field("text", text).end_object().end_object();
  return event("content_block_delta", json);
}

std::string message_delta(const Plan& plan, const Story& story) {
  std::string json;
  json::Writer out(json);
  out.object().field("type", "message_delta").key("delta").object();
  out.field("stop_reason", "end_turn").key("stop_sequence").null().end_object();
  if (plan.usage)
    out.key("usage")
        .object()
        .field("output_tokens", static_cast<std::int64_t>(story.output_tokens))
        .end_object();
  out.end_object();
  return event("message_delta", json);
}

void write_model(json::Writer& out, std::string_view name) {
  out.object().field("type", "model").field("id", name).field("display_name", name);
  out.field("created_at", "2025-11-24T00:00:00Z").end_object();
}

std::string models(const Ask& ask) {
  std::string json;
  json::Writer out(json);
  if (ask.call == Call::AnthropicModel) {
    write_model(out, ask.model);
    return json;
  }
  out.object().key("data").array();
  write_model(out, "mock-1");
  out.end_array().field("has_more", false).field("first_id", "mock-1").field("last_id", "mock-1");
  out.end_object();
  return json;
}

}  // namespace

std::string anthropic_body(const Ask& ask, const Plan& plan, const Story& story) {
  if (ask.call == Call::AnthropicCount)
    return fmt::format(R"({{"input_tokens":{}}})", story.input_tokens);
  if (ask.call == Call::AnthropicModels || ask.call == Call::AnthropicModel) return models(ask);
  return message(ask, plan, story);
}

Events anthropic_events(const Ask& ask, const Plan& plan, const Story& story) {
  Events events{
      .before = {message_start(ask, plan, story),
                 event("content_block_start", R"({"type":"content_block_start","index":0,)"
                                              R"("content_block":{"type":"text","text":""}})")},
      .behind = {event("content_block_stop", R"({"type":"content_block_stop","index":0})"),
                 message_delta(plan, story)},
      .last = event("message_stop", R"({"type":"message_stop"})"),
      .error = event("error", error_json(plan, 529, story)),
      .ping = event("ping", R"({"type":"ping"})")};
  for (const std::string& content : story.chunks) events.content.push_back(text_delta(content));
  return events;
}

std::string anthropic_error(const Plan& plan, const Story& story) {
  return error_json(plan, plan.status, story);
}

std::vector<net::Header> anthropic_headers(const Story& story) {
  return {{"request-id", "req_" + story.id},
          {"anthropic-organization-id", "00000000-0000-4000-8000-00000000face"},
          {"anthropic-ratelimit-requests-limit", "4000"},
          {"anthropic-ratelimit-requests-remaining", "3999"},
          {"anthropic-ratelimit-requests-reset", "2026-11-24T00:00:00Z"}};
}

}  // namespace naru::mock
