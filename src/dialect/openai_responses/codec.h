#pragma once
#include "dialect/dialect.h"

/// The pieces of the OpenAI Responses dialect; only files of this folder include it.
/// Source: OpenAI API reference, Responses, Responses streaming events, Input token counts.
namespace naru::dialect::openai_responses_wire {

inline constexpr std::string_view kIdPrefix = "resp_";

// Requests.
/// Checks what the stages and our own reader rely on, all problems at once, each with its path.
/// Fails: InvalidRequest.
Result<RequestScan> scan_request(Operation operation, const json::Tree& body);
/// The bytes for an upstream of this dialect: the model's value changed; reasoning that naru has
/// wrapped for another upstream taken out, a Loss each; for an engine of ours what it need not see
/// as well. The upstream is told to store nothing: naru keeps what is to be kept.
std::string forward_request(Operation operation, const json::Tree& body, const RequestScan& scan,
                            const Forward& forward, std::vector<chat::Loss>& losses);
/// Appends the patches that take out what an engine of ours need not see, or what a `provider` does
/// not document, a Loss for each.
void list_unlisted(json::ValueView body, Fields fields, std::vector<Patch>& patches,
                   std::vector<chat::Loss>& losses);
/// The whole request. Fields with no place in the canonical model stand in `extra` under their path
/// in the client's body, so that a crossing can name each loss. Fails: InvalidRequest.
Result<chat::Request> read_request(Operation operation, const json::Tree& body);
/// The canonical request in this dialect's words; what the API has no word for is left out with a
/// Loss.
std::string write_request(Operation operation, const chat::Request& request,
                          std::vector<chat::Loss>& losses);
/// As `Dialect::echo`.
std::string echo(const json::Tree& body);
/// As `Dialect::media_urls` and `Dialect::inline_media`.
std::vector<MediaUrl> media_urls(json::ValueView body);
std::string inline_media(std::string_view media_type, std::string_view base64);

// Plain answers.
Result<std::vector<Patch>> scan_answer(Operation operation, const json::Tree& body,
                                       const WriterOptions& options, AnswerFacts& facts);
Result<chat::Response> read_answer(const json::Tree& body);
/// The first choice; this dialect has no room for more.
std::string write_answer(const chat::Response& response, const WriterOptions& options,
                         std::vector<chat::Loss>& losses);
Result<std::int64_t> read_count(const json::Tree& body);
std::string write_count(std::int64_t tokens);

// Streams.
std::unique_ptr<StreamScanner> make_scanner(const WriterOptions& options);
std::unique_ptr<StreamReader> make_reader();
std::unique_ptr<StreamWriter> make_writer(WriterOptions options);
/// An event of a stream that has begun. The documented members stand flat, and once more under
/// `error`, as the API itself sends them and SDKs look for them.
std::string write_stream_error(const Fault& fault, std::int64_t number);

}  // namespace naru::dialect::openai_responses_wire
