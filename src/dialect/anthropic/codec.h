#pragma once
#include "dialect/dialect.h"

/// The pieces of the Anthropic dialect; only files of this folder include it.
/// Source: Anthropic API reference, Messages, Count Message tokens, Models, Errors.
namespace naru::dialect::anthropic_wire {

/// Bound for a request that comes without one: the Messages API demands `max_tokens`.
inline constexpr std::int64_t kDefaultMaxTokens = 4096;

// Requests.
/// Checks what the stages and our own readers rely on, all problems at once, each with its path;
/// the rest is the provider's to judge. Fails: InvalidRequest.
Result<RequestScan> scan_request(Operation operation, const json::Tree& body);
/// Every string in `body` that a person or program wrote, in order.
std::vector<json::Span> list_texts(json::ValueView body);
/// The bytes for an upstream of this dialect: the model's value changed, and taken out what
/// `cut_out` names. Usage needs no asking: every stream of this dialect has it.
std::string forward_request(const json::Tree& body, const RequestScan& scan, const Forward& forward,
                            std::vector<chat::Loss>& losses);
/// Appends the patches, in no order, that take out what must stay here, a Loss for each: reasoning
/// whose seal naru has wrapped, since no provider of this dialect has made it; and with
/// those of `fields` what an engine of ours need not see.
void cut_out(json::ValueView body, Fields fields, std::vector<Patch>& patches,
             std::vector<chat::Loss>& losses);
/// The whole request. Fields with no place in the canonical model stand in `extra` under their path
/// in the client's body, so that a crossing can name each loss. Fails: InvalidRequest.
Result<chat::Request> read_request(const json::Tree& body);
/// The parts of the string or blocks at `name`; problems go to `in`, unknown fields to `extra`.
std::vector<chat::Part> read_content(json::FieldReader& in, std::string_view name,
                                     std::vector<json::RawField>& extra);
/// How long the object is to be cached; a `cache_control` of a form we do not know goes to `extra`.
chat::CacheMark read_cache_mark(json::FieldReader& in, std::vector<json::RawField>& extra);
/// Keeps the fields nobody took, each under its path in the client's request.
void keep_rest(const json::FieldReader& in, std::vector<json::RawField>& extra);
/// Keeps one that was taken but not understood.
void keep_field(const json::FieldReader& in, std::string_view name, json::ValueView value,
                std::vector<json::RawField>& extra);
/// The canonical request in this dialect's words; what the API refuses is left out with a Loss. A
/// count has neither `max_tokens` nor anything else of how the answer is to be written.
/// Fails: InvalidRequest, when no message is left: the API takes no empty ones.
Result<std::string> write_request(Operation operation, const chat::Request& request,
                                  std::vector<chat::Loss>& losses);
/// As `Dialect::media_urls` and `Dialect::inline_media`.
std::vector<MediaUrl> media_urls(json::ValueView body);
std::string inline_media(std::string_view media_type, std::string_view base64);

// Plain answers.
/// A token count leaves the usage at zero and calls it reported: counting uses no tokens.
/// Fails: UpstreamInvalid, or the fault an error body under HTTP 200 reports.
Result<std::vector<Patch>> scan_answer(Operation operation, const json::Tree& body,
                                       const WriterOptions& options, AnswerFacts& facts);
/// One choice with the parts other dialects can show; a provider's own blocks are a Loss each.
/// Fails: UpstreamInvalid.
Result<chat::Response> read_answer(const json::Tree& body);
/// The first choice; this dialect has no room for more. Empty texts leave no block.
std::string write_answer(const chat::Response& response, const WriterOptions& options,
                         std::vector<chat::Loss>& losses);
/// `{"input_tokens":31}`. Fails: UpstreamInvalid, or the fault an error body reports.
Result<std::int64_t> read_count(const json::Tree& body);
std::string write_count(std::int64_t tokens);

// Streams.
/// Scanner and reader hold a stream to the same grammar (`stream_event.h`); what comes after
/// `message_stop` is ignored by both. `facts.usage_reported` waits for `message_delta`: until then
/// the output is a guess of the provider's.
std::unique_ptr<StreamScanner> make_scanner(const WriterOptions& options);
std::unique_ptr<StreamReader> make_reader();
std::unique_ptr<StreamWriter> make_writer(WriterOptions options);

// Faults.
/// `{"type":"error",…}` with a type of the dialect's closed set.
std::string write_error(const Fault& fault, std::string_view request_id);
std::string write_stream_error(const Fault& fault, std::string_view request_id);
/// By status; the body only gives words and code, and may be anything. A refusal of naru's own
/// account (key, money, limits) gets naru's own words.
Fault read_error(int status, std::string_view body);
/// What an error object that came under HTTP 200 means.
Fault read_stream_error(json::ValueView body);

// Limits, and the model list.
/// `anthropic-ratelimit-requests-limit: 60`, `-remaining: 59`, `-reset: 2026-11-23T09:30:00Z`; the
/// same of tokens. Source: Anthropic, Rate limits, Response headers.
std::vector<HeaderLine> rate_limit_headers(const RateLimits& limits, WallTime now);
/// One page with all of them.
std::string write_models(std::span<const ModelEntry> models);
std::string write_model(const ModelEntry& model);

}  // namespace naru::dialect::anthropic_wire
