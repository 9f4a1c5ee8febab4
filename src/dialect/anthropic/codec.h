#pragma once
#include "dialect/dialect.h"

/// The pieces of the Anthropic dialect; only files of this folder include it.
/// Source: Anthropic API reference, Messages, Count Message tokens, Models, Errors.
namespace naru::dialect::anthropic_wire {

/// Bound for a request that comes without one: the Messages API demands `max_tokens`.
inline constexpr std::int64_t kDefaultMaxTokens = 4096;

// Requests.
Result<RequestScan> scan_request(Operation operation, const json::Tree& body);
/// Every string in `body` that a person or program wrote, in order.
std::vector<json::Span> list_texts(json::ValueView body);
std::string forward_request(const json::Tree& body, const RequestScan& scan, const Forward& forward,
                            std::vector<chat::Loss>& losses);
/// Appends the patches that take out what an engine of ours need not see, a Loss for each.
void list_unlisted(json::ValueView body, std::vector<Patch>& patches,
                   std::vector<chat::Loss>& losses);
Result<chat::Request> read_request(const json::Tree& body);
/// The parts of the string or blocks at `name`; problems go to `in`, unknown fields to `extra`.
std::vector<chat::Part> read_content(json::FieldReader& in, std::string_view name,
                                     std::vector<json::RawField>& extra);
/// Keeps the fields nobody took, each under its path in the client's request.
void keep_rest(const json::FieldReader& in, std::vector<json::RawField>& extra);
std::string write_request(const chat::Request& request, std::vector<chat::Loss>& losses);

// Plain answers.
Result<std::optional<json::Span>> scan_answer(Operation operation, const json::Tree& body,
                                              AnswerFacts& facts);
Result<chat::Response> read_answer(const json::Tree& body);
std::string write_answer(const chat::Response& response);

// Streams.
std::unique_ptr<StreamScanner> make_scanner();
std::unique_ptr<StreamReader> make_reader();
std::unique_ptr<StreamWriter> make_writer(WriterOptions options);

// Faults.
std::string write_error(const Fault& fault, std::string_view request_id);
std::string write_stream_error(const Fault& fault, std::string_view request_id);
Fault read_error(int status, std::string_view body);
/// What an error object that came under HTTP 200 means.
Fault read_stream_error(json::ValueView body);

// The model list.
std::string write_models(std::span<const ModelEntry> models);
std::string write_model(const ModelEntry& model);

}  // namespace naru::dialect::anthropic_wire
