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
constexpr std::string_view kFirst = R"("index":0,)";

// As users of 2026 show them in reports on openai-python, promptfoo (10855), autobe (136) and
// others. No page tells the words; those of `unavailable` were last seen in 2023.
constexpr auto kRefusals = std::to_array<RefusalRow>({
    {Refusal::None, 400, "invalid_request_error", "", "The mock refuses this request."},
    {Refusal::None, 401, "invalid_request_error", "invalid_api_key",
     "Incorrect API key provided: sk-mock********mock. You can find your API key at "
     "https://platform.openai.com/account/api-keys."},
    {Refusal::None, 403, "request_forbidden", "unsupported_country_region_territory",
     "Country, region, or territory not supported"},
    {Refusal::None, 404, "invalid_request_error", "model_not_found",
     "The model `no-such-model` does not exist or you do not have access to it."},
    {Refusal::Requests, 429, "requests", "rate_limit_exceeded",
     "Rate limit reached for gpt-mock in organization org-mock on requests per min (RPM): Limit "
     "10000, Used 10000, Requested 1.",
     1},
    {Refusal::Tokens, 429, "tokens", "rate_limit_exceeded",
     "Rate limit reached for gpt-mock in organization org-mock on tokens per min (TPM): Limit "
     "2000000, Used 2000000, Requested 33334.",
     1},
    {Refusal::Quota, 429, "insufficient_quota", "credit_balance_exhausted",
     "You have no credits remaining. Add credits to continue using the API at "
     "https://platform.openai.com/settings/organization/billing/."},
    {Refusal::Billing, 429, "billing_not_active", "billing_not_active",
     "Your account is not active, please check your billing details on our website."},
    {Refusal::Broken, 500, "server_error", "",
     "The server had an error processing your request. Sorry about that!"},
    {Refusal::Unavailable, 503, "server_error", "",
     "That model is currently overloaded with other requests. You can retry your request, or "
     "contact us through our help center at help.openai.com if the error persists.",
     5},
    {Refusal::Overloaded, 503, "service_unavailable_error", "server_is_overloaded",
     "Our servers are currently overloaded. Please try again later.", 5},
});

/// `494ms`, `1s`, `1.5s`.
std::string spelt(std::chrono::milliseconds wait) {
  if (wait.count() < 1000) return fmt::format("{}ms", wait.count());
  return fmt::format("{:g}s", static_cast<double>(wait.count()) / 1000);
}

/// A limit a minute says in words, too, when to come again.
std::string message_of(const Plan& plan, const RefusalRow& row) {
  if (!plan.message.empty()) return plan.message;
  std::string message(row.message);
  if (row.word != Refusal::Requests && row.word != Refusal::Tokens) return message;
  const auto wait = plan.retry_in.count() > 0
                        ? plan.retry_in
                        : std::chrono::milliseconds(std::chrono::seconds(row.retry_seconds));
  return message + fmt::format(
                       " Please try again in {}. Visit "
                       "https://platform.openai.com/account/rate-limits to learn more.",
                       spelt(wait));
}

void write_error(json::Writer& out, const Plan& plan) {
  const RefusalRow& row = openai_refusal(plan);
  out.object().key("error").object();
  out.field("message", message_of(plan, row));
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
  out.key("completion_tokens_details")
      .object()
      .field("reasoning_tokens", static_cast<std::int64_t>(story.thinking.size()))
      .field("audio_tokens", 0)
      .field("accepted_prediction_tokens", 0)
      .field("rejected_prediction_tokens", 0)
      .end_object();
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
  std::string tool_calls = {};  ///< JSON of the array
  std::string_view finish = {};
};

std::string chunk(const Ask& ask, const Plan& plan, const Story& story, const Delta& delta) {
  std::string json;
  json::Writer out(json);
  begin(out, ask, story, "chat.completion.chunk");
  out.field("service_tier", "default").field("system_fingerprint", "fp_mock");
  out.key("choices").array().object().field("index", 0);
  if (is_chat(ask)) {
    out.key("delta").object();
    if (!delta.role.empty())
      out.field("role", delta.role).field("content", "").key("refusal").null();
    if (delta.content != nullptr) out.field("content", *delta.content);
    if (!delta.tool_calls.empty()) out.key("tool_calls").raw(delta.tool_calls);
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
  out.field("service_tier", "default").field("system_fingerprint", "fp_mock");
  out.key("choices").array().end_array();
  write_usage(out, story);
  out.end_object();
  return event(json);
}

/// A call as a whole, or its beginning; `place` is the `"index":0,` of a stream.
std::string tool_calls(const Story& story, std::string_view place, std::string_view arguments) {
  std::string name;
  std::string text;
  json::append_quoted(name, story.tool);
  json::append_quoted(text, arguments);
  return fmt::format(
      R"([{{{}"id":"call_{}","type":"function","function":{{"name":{},"arguments":{}}}}}])", place,
      story.id, name, text);
}

std::string more_arguments(std::string_view arguments) {
  std::string text;
  json::append_quoted(text, arguments);
  return fmt::format(R"([{{"index":0,"function":{{"arguments":{}}}}}])", text);
}

std::string_view finish_of(const Ask& ask, const Story& story) {
  return is_chat(ask) && !story.tool.empty() ? "tool_calls" : "stop";
}

void write_message(json::Writer& out, const Story& story) {
  out.key("message").object().field("role", "assistant").key("content");
  story.chunks.empty() ? out.null() : out.text(story.text());
  if (!story.tool.empty())
    out.key("tool_calls").raw(tool_calls(story, "", joined(story.arguments)));
  out.key("refusal").null().key("annotations").array().end_array().end_object();
}

std::string completion(const Ask& ask, const Plan& plan, const Story& story) {
  std::string json;
  json::Writer out(json);
  begin(out, ask, story, "chat.completion");
  out.key("choices").array().object().field("index", 0);
  is_chat(ask) ? write_message(out, story) : void(out.field("text", story.text()));
  out.key("logprobs").null().field("finish_reason", finish_of(ask, story));
  out.end_object().end_array();
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
  auto text = for_each_of(story.chunks, [&](const std::string& content) {
    return chunk(ask, plan, story, {.content = &content});
  });
  events.add_block({}, std::move(text), {});
  if (is_chat(ask) && !story.tool.empty()) {
    auto arguments = for_each_of(story.arguments, [&](std::string_view fragment) {
      return chunk(ask, plan, story, {.tool_calls = more_arguments(fragment)});
    });
    events.add_block({chunk(ask, plan, story, {.tool_calls = tool_calls(story, kFirst, "")})},
                     std::move(arguments), {});
  }
  events.behind.push_back(chunk(ask, plan, story, {.finish = finish_of(ask, story)}));
  if (ask.usage && plan.usage) events.behind.push_back(usage_chunk(ask, story));
  std::string error;
  json::Writer out(error);
  write_error(out, plan);
  events.error = event(error);
  return events;
}

const RefusalRow& openai_refusal(const Plan& plan) {
  constexpr std::size_t kBroken = 8;
  static_assert(kRefusals[kBroken].status == 500);
  if (plan.refuse != Refusal::None)
    return *std::ranges::find(kRefusals, plan.refuse, &RefusalRow::word);
  const auto row = std::ranges::find(kRefusals, plan.status, &RefusalRow::status);
  if (row != kRefusals.end()) return *row;
  return kRefusals[plan.status >= 400 && plan.status < 500 ? 0 : kBroken];
}

std::string openai_error(const Plan& plan, const Story&) {
  std::string json;
  json::Writer out(json);
  write_error(out, plan);
  return json;
}

std::vector<net::Header> openai_headers(const Plan& plan, const Story& story) {
  // Who has no money gets no more than an id.
  if (plan.refuse == Refusal::Quota || plan.refuse == Refusal::Billing)
    return {{"x-request-id", "req_" + story.id}};
  const bool requests = plan.refuse == Refusal::Requests;
  const bool tokens = plan.refuse == Refusal::Tokens;
  return {{"x-request-id", "req_" + story.id},
          {"openai-organization", "org-mock"},
          {"openai-project", "proj_mock"},
          {"openai-version", "2020-10-01"},
          {"openai-processing-ms", "7"},
          {"x-ratelimit-limit-requests", "10000"},
          {"x-ratelimit-limit-tokens", "2000000"},
          {"x-ratelimit-remaining-requests", requests ? "0" : "9999"},
          {"x-ratelimit-remaining-tokens", tokens ? "0" : "1999991"},
          {"x-ratelimit-reset-requests", requests ? "1s" : "6ms"},
          {"x-ratelimit-reset-tokens", tokens ? "1m0s" : "0s"}};
}

}  // namespace naru::mock
