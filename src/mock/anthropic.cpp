#include <array>

#include "base/json_writer.h"
#include "mock/answer.h"

/// Bytes as api.anthropic.com sends them. Source: Anthropic API reference, Messages, Streaming,
/// Errors.
namespace naru::mock {
namespace {

constexpr std::string_view kSignature = "bW9jayBzaWduYXR1cmU=";

// As users of 2026 show them in reports on claude-code (88711, 12057, 7043) and the SDKs, and as
// the API's page on rate limits has them. 402 is documented and was never seen; money comes as 400.
constexpr auto kRefusals = std::to_array<RefusalRow>({
    {Refusal::None, 400, "invalid_request_error", "", "The mock refuses this request."},
    {Refusal::Billing, 400, "invalid_request_error", "",
     "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to "
     "upgrade or purchase credits."},
    {Refusal::None, 401, "authentication_error", "", "invalid x-api-key"},
    {Refusal::None, 402, "billing_error", "", "There is an issue with your billing."},
    {Refusal::None, 403, "permission_error", "", "Your API key may not do this."},
    {Refusal::None, 404, "not_found_error", "", "model: no-such-model"},
    {Refusal::None, 409, "conflict_error", "", "The mock finds a conflict."},
    {Refusal::None, 413, "request_too_large", "", "Request exceeds the maximum size"},
    {Refusal::Requests, 429, "rate_limit_error", "",
     "This request would exceed your organization's rate limit of 4,000 requests per minute "
     "(org: 00000000-0000-4000-8000-00000000face, model: claude-mock). For details, refer to: "
     "https://docs.claude.com/en/api/rate-limits.",
     1},
    {Refusal::Tokens, 429, "rate_limit_error", "",
     "This request would exceed your organization's rate limit of 400,000 input tokens per minute "
     "(org: 00000000-0000-4000-8000-00000000face, model: claude-mock). For details, refer to: "
     "https://docs.claude.com/en/api/rate-limits.",
     1},
    {Refusal::Quota, 429, "rate_limit_error", "enforced_spend_limit_reached",
     "You have reached your API usage limits: your organization has crossed its monthly API usage "
     "threshold, set based on your organization's API tier. You will regain access on 2026-12-01 "
     "at "
     "00:00 UTC."},
    {Refusal::Broken, 500, "api_error", "", "Internal server error"},
    {Refusal::Unavailable, 503, "", "",
     "upstream connect error or disconnect/reset before headers. reset reason: overflow", 0, true},
    {Refusal::None, 504, "timeout_error", "", "The request timed out."},
    {Refusal::Overloaded, 529, "overloaded_error", "", "Overloaded"},
});

const RefusalRow& refusal_of(Refusal word) {
  return *std::ranges::find(kRefusals, word, &RefusalRow::word);
}

/// An error as a body, or as an event of a stream, where it has details that say nothing.
std::string error_json(const Plan& plan, const RefusalRow& row, const Story& story,
                       bool in_stream) {
  std::string json;
  json::Writer out(json);
  out.object().field("type", "error").key("error").object();
  if (in_stream) out.key("details").null();
  out.field("type", plan.type.empty() ? row.type : std::string_view(plan.type));
  out.field("message", plan.message.empty() ? row.message : std::string_view(plan.message));
  if (!in_stream && !row.code.empty() && plan.type.empty())
    out.key("details").object().field("error_code", row.code).end_object();
  out.end_object().field("request_id", "req_" + story.id).end_object();
  return json;
}

std::string event(std::string_view name, std::string_view json) {
  return fmt::format("event: {}\ndata: {}\n\n", name, json);
}

/// The part of usage that stands at both ends of a stream.
void write_counts(json::Writer& out, const Story& story, std::uint32_t output_tokens) {
  out.field("input_tokens", static_cast<std::int64_t>(story.input_tokens));
  out.field("cache_creation_input_tokens", 0).field("cache_read_input_tokens", 0);
  out.field("output_tokens", static_cast<std::int64_t>(output_tokens));
}

void write_usage(json::Writer& out, const Story& story, std::uint32_t output_tokens) {
  out.key("usage").object();
  write_counts(out, story, output_tokens);
  out.key("cache_creation").object().field("ephemeral_5m_input_tokens", 0);
  out.field("ephemeral_1h_input_tokens", 0).end_object();
  out.field("service_tier", "standard").end_object();
}

void begin(json::Writer& out, const Ask& ask, const Story& story) {
  out.object().field("id", "msg_" + story.id).field("type", "message").field("role", "assistant");
  out.field("model", ask.model);
}

std::string_view stop_of(const Story& story) {
  return story.tool.empty() ? "end_turn" : "tool_use";
}

void write_content(json::Writer& out, const Story& story) {
  out.key("content").array();
  if (!story.thinking.empty())
    out.object()
        .field("type", "thinking")
        .field("thinking", joined(story.thinking))
        .field("signature", kSignature)
        .end_object();
  if (!story.chunks.empty())
    out.object().field("type", "text").field("text", story.text()).end_object();
  if (!story.tool.empty()) {
    out.object().field("type", "tool_use").field("id", "toolu_" + story.id);
    out.field("name", story.tool).key("input").raw(joined(story.arguments)).end_object();
  }
  out.end_array();
}

std::string message(const Ask& ask, const Plan& plan, const Story& story) {
  std::string json;
  json::Writer out(json);
  begin(out, ask, story);
  write_content(out, story);
  out.field("stop_reason", stop_of(story)).key("stop_sequence").null();
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

/// A block's delta: `{"type":TYPE,NAME:text}`.
std::string delta(int index, std::string_view type, std::string_view name, std::string_view text) {
  std::string json;
  json::Writer out(json);
  out.object().field("type", "content_block_delta").field("index", index).key("delta").object();
  out.field("type", type).field(name, text).end_object().end_object();
  return event("content_block_delta", json);
}

std::string block_start(int index, std::string_view block) {
  return event("content_block_start",
               fmt::format(R"({{"type":"content_block_start","index":{},"content_block":{}}})",
                           index, block));
}

std::string block_stop(int index) {
  return event("content_block_stop",
               fmt::format(R"({{"type":"content_block_stop","index":{}}})", index));
}

void add_thinking(Events& events, int index, const Story& story) {
  auto deltas = for_each_of(story.thinking, [&](std::string_view text) {
    return delta(index, "thinking_delta", "thinking", text);
  });
  events.add_block({block_start(index, R"({"type":"thinking","thinking":"","signature":""})")},
                   std::move(deltas),
                   {delta(index, "signature_delta", "signature", kSignature), block_stop(index)});
}

void add_text(Events& events, int index, const Story& story) {
  auto deltas = for_each_of(story.chunks, [&](std::string_view text) {
    return delta(index, "text_delta", "text", text);
  });
  events.add_block({block_start(index, R"({"type":"text","text":""})")}, std::move(deltas),
                   {block_stop(index)});
}

void add_tool(Events& events, int index, const Story& story) {
  std::string name;
  json::append_quoted(name, story.tool);
  auto deltas = for_each_of(story.arguments, [&](std::string_view fragment) {
    return delta(index, "input_json_delta", "partial_json", fragment);
  });
  const std::string block = fmt::format(
      R"({{"type":"tool_use","id":"toolu_{}","name":{},"input":{{}}}})", story.id, name);
  events.add_block(
      {block_start(index, block), delta(index, "input_json_delta", "partial_json", "")},
      std::move(deltas), {block_stop(index)});
}

std::string message_delta(const Plan& plan, const Story& story) {
  std::string json;
  json::Writer out(json);
  out.object().field("type", "message_delta").key("delta").object();
  out.field("stop_reason", stop_of(story)).key("stop_sequence").null().end_object();
  if (plan.usage) {
    out.key("usage").object();
    write_counts(out, story, story.output_tokens);
    out.end_object();
  }
  out.end_object();
  return event("message_delta", json);
}

std::vector<net::Header> rate_limits(const Plan& plan) {
  constexpr const char* kReset = "2026-11-24T00:00:00Z";
  const bool tokens = plan.refuse == Refusal::Tokens;
  const char* requests_left = plan.refuse == Refusal::Requests ? "0" : "3999";
  return {{"anthropic-ratelimit-requests-limit", "4000"},
          {"anthropic-ratelimit-requests-remaining", requests_left},
          {"anthropic-ratelimit-requests-reset", kReset},
          {"anthropic-ratelimit-input-tokens-limit", "400000"},
          {"anthropic-ratelimit-input-tokens-remaining", tokens ? "0" : "399000"},
          {"anthropic-ratelimit-input-tokens-reset", kReset},
          {"anthropic-ratelimit-output-tokens-limit", "80000"},
          {"anthropic-ratelimit-output-tokens-remaining", "79000"},
          {"anthropic-ratelimit-output-tokens-reset", kReset},
          {"anthropic-ratelimit-tokens-limit", "480000"},
          {"anthropic-ratelimit-tokens-remaining", tokens ? "80000" : "478000"},
          {"anthropic-ratelimit-tokens-reset", kReset}};
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
  Events events{.before = {message_start(ask, plan, story)},
                .last = event("message_stop", R"({"type":"message_stop"})"),
                .ping = event("ping", R"({"type": "ping"})")};
  int index = 0;
  if (!story.thinking.empty()) add_thinking(events, index++, story);
  if (!story.chunks.empty()) add_text(events, index++, story);
  if (!story.tool.empty()) add_tool(events, index++, story);
  events.behind.push_back(message_delta(plan, story));
  events.error = event("error", error_json(plan, refusal_of(Refusal::Overloaded), story, true));
  return events;
}

const RefusalRow& anthropic_refusal(const Plan& plan) {
  if (plan.refuse != Refusal::None) return refusal_of(plan.refuse);
  const auto row = std::ranges::find(kRefusals, plan.status, &RefusalRow::status);
  if (row != kRefusals.end()) return *row;
  return plan.status >= 400 && plan.status < 500 ? kRefusals.front() : refusal_of(Refusal::Broken);
}

std::string anthropic_error(const Plan& plan, const Story& story) {
  const RefusalRow& row = anthropic_refusal(plan);
  if (!is_plain(row, plan)) return error_json(plan, row, story, false);
  return plan.message.empty() ? std::string(row.message) : plan.message;
}

std::vector<net::Header> anthropic_headers(const Plan& plan, const Story& story) {
  const std::uint32_t status = refuses(plan) ? anthropic_refusal(plan).status : 200;
  std::vector<net::Header> headers{
      {"request-id", "req_" + story.id},
      {"anthropic-organization-id", "00000000-0000-4000-8000-00000000face"}};
  if (status == 200 || status == 429) {
    const auto limits = rate_limits(plan);
    headers.insert(headers.end(), limits.begin(), limits.end());
  }
  if (status == 429 || status == 529) headers.push_back({"x-should-retry", "true"});
  if (status == 404) headers.push_back({"x-should-retry", "false"});
  return headers;
}

}  // namespace naru::mock
