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
/// The bytes for an upstream of this dialect: the model's value changed, and for an engine of ours
/// what it need not see taken out. Usage needs no asking: every stream of this dialect has it.
std::string forward_request(const json::Tree& body, const RequestScan& scan, const Forward& forward,
                            std::vector<chat::Loss>& losses);
/// Appends the patches that take out what an engine of ours need not see, a Loss for each.
void list_unlisted(json::ValueView body, std::vector<Patch>& patches,
                   std::vector<chat::Loss>& losses);
/// The whole request. Fields with no place in the canonical model stand in `extra` under their path
/// in the client's body, so that a crossing can name each loss. Fails: InvalidRequest.
Result<chat::Request> read_request(const json::Tree& body);
/// The parts of the string or blocks at `name`; problems go to `in`, unknown fields to `extra`.
std::vector<chat::Part> read_content(json::FieldReader& in, std::string_view name,
                                     std::vector<json::RawField>& extra);
/// Keeps the fields nobody took, each under its path in the client's request.
void keep_rest(const json::FieldReader& in, std::vector<json::RawField>& extra);
/// The canonical request in this dialect's words; what the API refuses is left out with a Loss.
/// Fails: InvalidRequest, when no message is left: the API takes no empty ones.
Result<std::string> write_request(const chat::Request& request, std::vector<chat::Loss>& losses);

// Plain answers.
/// A token count leaves the usage at zero and calls it reported: counting uses no tokens.
/// Fails: UpstreamInvalid, or the fault an error body under HTTP 200 reports.
Result<std::optional<json::Span>> scan_answer(Operation operation, const json::Tree& body,
                                              AnswerFacts& facts);
/// One choice with the parts other dialects can show; a provider's own blocks are left out.
/// Fails: UpstreamInvalid.
Result<chat::Response> read_answer(const json::Tree& body);
/// The first choice; this dialect has no room for more. Empty texts leave no block.
std::string write_answer(const chat::Response& response);

// Streams.
/// Scanner and reader hold a stream to the same grammar (`stream_event.h`); what comes after
/// `message_stop` is ignored by both. `facts.usage_reported` waits for `message_delta`: until then
/// the output is a guess of the provider's.
std::unique_ptr<StreamScanner> make_scanner();
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

// The model list.
/// One page with all of them.
std::string write_models(std::span<const ModelEntry> models);
std::string write_model(const ModelEntry& model);

}  // namespace naru::dialect::anthropic_wire
