#include <array>
#include <bit>

#include "base/json_writer.h"
#include "base/text.h"
#include "mock/answer.h"

/// Bytes as api.openai.com sends them. Source: OpenAI API reference.
namespace naru::mock {
namespace {

constexpr std::int64_t kCreated = 1'764'000'000;
constexpr std::size_t kDimensions = 8;

struct ErrorRow {
  std::uint32_t status;
  std::string_view type;
  std::string_view code;  ///< empty: null
  std::string_view message;
};
constexpr auto kErrors = std::to_array<ErrorRow>({
    {400, "invalid_request_error", "", "The mock refuses this request."},
    {401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."},
    {403, "invalid_request_error", "unsupported_country_region_territory", "Not available here."},
    {404, "invalid_request_error", "model_not_found", "The model does not exist."},
    {429, "requests", "rate_limit_exceeded", "Rate limit reached for requests."},
    {500, "server_error", "", "The server had an error while processing your request."},
    {503, "server_error", "", "The engine is currently overloaded, please try again later."},
});

const ErrorRow& error_row(std::uint32_t status) {
  const auto row = std::ranges::find(kErrors, status, &ErrorRow::status);
  return row != kErrors.end() ? *row : kErrors[status < 500 ? 0 : 5];
}

void write_error(json::Writer& out, const Plan& plan, std::uint32_t status) {
  const ErrorRow& row = error_row(status);
  out.object().key("error").object();
  out.field("message", plan.message.empty() ? row.message : std::string_view(plan.message));
  out.field("type", plan.type.empty() ? row.type : std::string_view(plan.type));
  out.key("param").null().key("code");
  const std::string_view code = plan.type.empty() ? row.code : std::string_view(plan.type);
  code.empty() ? out.null() : out.text(code);
  out.end_object().end_object();
}

void write_usage(json::Writer& out, const Story& story) {
  out.key("usage").object();
  out.field("prompt_tokens", static_cast<std::int64_t>(story.input_tokens));
  out.field("completion_tokens", static_cast<std::int64_t>(story.output_tokens));
  out.field("total_tokens", static_cast<std::int64_t>(story.input_tokens) + story.output_tokens);
  out.key("prompt_tokens_details").object().field("cached_tokens", 0).field("audio_tokens", 0);
  out.end_object();
  out.key("completion_tokens_details").object().field("reasoning_tokens", 0).end_object();
  out.end_object();
}

bool is_chat(const Ask& ask) { return ask.call == Call::OpenAiChat; }

void begin(json::Writer& out, const Ask& ask, const Story& story, std::string_view chat_object) {
  out.object();
  out.field("id", (is_chat(ask) ? "chatcmpl-" : "cmpl-") + story.id);
  out.field("object", is_chat(ask) ? chat_object : "text_completion");
  out.field("created", kCreated).field("model", ask.model);
}

std::string event(std::string_view json) { return fmt::format("data: {}\n\n", json); }

/// What stands in a chunk's one choice.
struct Delta {
  std::string_view role = {};
  const std::string* content = nullptr;
  std::string_view finish = {};
};

std::string chunk(const Ask& ask, const Plan& plan, const Story& story, const Delta& delta) {
  std::string json;
  json::Writer out(json);
  begin(out, ask, story, "chat.completion.chunk");
  out.field("system_fingerprint", "fp_mock").key("choices").array().object().field("index", 0);
  if (is_chat(ask)) {
    out.key("delta").object();
    if (!delta.role.empty()) out.field("role", delta.role).field("content", "");
    if (delta.content != nullptr) out.field("content", *delta.content);
    out.end_object();
  } else {
    out.field("text", delta.content != nullptr ? *delta.content : std::string());
  }
  out.key("logprobs").null().key("finish_reason");
  delta.finish.empty() ? out.null() : out.text(delta.finish);
  out.end_object().end_array();
  if (ask.usage && plan.usage) out.key("usage").null();
  out.end_object();
  return event(json);
}

std::string usage_chunk(const Ask& ask, const Story& story) {
  std::string json;
  json::Writer out(json);
  begin(out, ask, story, "chat.completion.chunk");
  out.field("system_fingerprint", "fp_mock").key("choices").array().end_array();
  write_usage(out, story);
  out.end_object();
  return event(json);
}

std::string completion(const Ask& ask, const Plan& plan, const Story& story) {
  std::string json;
  json::Writer out(json);
  begin(out, ask, story, "chat.completion");
  out.key("choices").array().object().field("index", 0);
  if (is_chat(ask)) {
    out.key("message").object().field("role", "assistant").field("content", story.text());
    out.key("refusal").null().key("annotations").array().end_array().end_object();
  } else {
    out.field("text", story.text());
  }
  out.key("logprobs").null().field("finish_reason", "stop").end_object().end_array();
  if (plan.usage) write_usage(out, story);
  out.field("service_tier", "default").field("system_fingerprint", "fp_mock").end_object();
  return json;
}

/// Figures that differ by text and dimension and are exact as floats.
float figure(std::uint32_t text, std::size_t dimension) {
  return static_cast<float>(static_cast<int>((text * 7 + dimension * 3) % 16) - 8) / 16.0F;
}

std::string little_endian(std::uint32_t text) {
  std::string bytes;
  for (std::size_t i = 0; i < kDimensions; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(figure(text, i));
    for (unsigned shift = 0; shift < 32; shift += 8)
      bytes.push_back(static_cast<char>(bits >> shift & 0xFFU));
  }
  return bytes;
}

std::string embeddings(const Ask& ask, const Story& story) {
  std::string json;
  json::Writer out(json);
  out.object().field("object", "list").key("data").array();
  for (std::uint32_t text = 0; text < ask.inputs; ++text) {
    out.object().field("object", "embedding").field("index", static_cast<std::int64_t>(text));
    out.key("embedding");
    if (ask.base64) {
      out.text(base64(little_endian(text)));
    } else {
      out.array();
      for (std::size_t i = 0; i < kDimensions; ++i) out.number(figure(text, i));
      out.end_array();
    }
    out.end_object();
  }
  out.end_array().field("model", ask.model).key("usage").object();
  out.field("prompt_tokens", static_cast<std::int64_t>(story.input_tokens));
  out.field("total_tokens", static_cast<std::int64_t>(story.input_tokens));
  out.end_object().end_object();
  return json;
}

void write_model(json::Writer& out, std::string_view name) {
  out.object().field("id", name).field("object", "model").field("created", kCreated);
  out.field("owned_by", "mock").end_object();
}

std::string models(const Ask& ask) {
  std::string json;
  json::Writer out(json);
  if (ask.call == Call::OpenAiModel) {
    write_model(out, ask.model);
    return json;
  }
  out.object().field("object", "list").key("data").array();
  write_model(out, "mock-1");
  out.end_array().end_object();
  return json;
}

}  // namespace

std::string openai_body(const Ask& ask, const Plan& plan, const Story& story) {
  if (ask.call == Call::OpenAiEmbed) return embeddings(ask, story);
  if (ask.call == Call::OpenAiModels || ask.call == Call::OpenAiModel) return models(ask);
  return completion(ask, plan, story);
}

Events openai_events(const Ask& ask, const Plan& plan, const Story& story) {
  Events events{.last = "data: [DONE]\n\n", .ping = ": ping\n\n"};
  if (is_chat(ask)) events.before.push_back(chunk(ask, plan, story, {.role = "assistant"}));
  for (const std::string& content : story.chunks)
    events.content.push_back(chunk(ask, plan, story, {.content = &content}));
  events.behind.push_back(chunk(ask, plan, story, {.finish = "stop"}));
  if (ask.usage && plan.usage) events.behind.push_back(usage_chunk(ask, story));
  std::string error;
  json::Writer out(error);
  write_error(out, plan, 500);
  events.error = event(error);
  return events;
}

std::string openai_error(const Plan& plan) {
  std::string json;
  json::Writer out(json);
  write_error(out, plan, plan.status);
  return json;
}

std::vector<net::Header> openai_headers(const Story& story) {
  return {{"x-request-id", "req_" + story.id},     {"openai-organization", "org-mock"},
          {"openai-version", "2020-10-01"},        {"openai-processing-ms", "7"},
          {"x-ratelimit-limit-requests", "10000"}, {"x-ratelimit-remaining-requests", "9999"},
          {"x-ratelimit-reset-requests", "6ms"}};
}

}  // namespace naru::mock
