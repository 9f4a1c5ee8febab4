#pragma once
#include "base/json_writer.h"
#include "dialect/dialect.h"

/// The pieces of the OpenAI dialect; only files of this folder include it.
/// Source: OpenAI API reference, Chat Completions, Completions and Embeddings.
namespace naru::dialect::openai_chat_wire {

// Requests.
Result<RequestScan> scan_request(Operation operation, const json::Tree& body);
std::string forward_request(Operation operation, const json::Tree& body, const RequestScan& scan,
                            const Forward& forward, std::vector<chat::Loss>& losses);
/// Appends the patches that take out what an engine of ours need not see, a Loss for each.
void list_unlisted(Operation operation, json::ValueView body, Fields fields,
                   std::vector<Patch>& patches, std::vector<chat::Loss>& losses);
Result<chat::Request> read_request(const json::Tree& body);
chat::Message read_message(json::FieldReader& in);
/// Appends what `in` has not taken of an inner object, named by its path from the object that keeps
/// it: `content[0].cache_control`. Nulls say nothing.
void keep_inner_rest(const json::FieldReader& in, std::string_view path,
                     std::vector<json::RawField>& extra);
std::string write_request(const chat::Request& request, std::vector<chat::Loss>& losses);
/// The value of `messages`.
void write_messages(json::Writer& out, std::span<const chat::Message> messages,
                    std::vector<chat::Loss>& losses);
/// Our own fields from `extra`; those of inner objects have no place to go back to: a Loss each, at
/// `path` and their name.
void write_extra(json::Writer& out, const std::vector<json::RawField>& extra, std::string_view path,
                 std::vector<chat::Loss>& losses);
/// As `Dialect::media_urls` and `Dialect::inline_media`.
std::vector<MediaUrl> media_urls(json::ValueView body);
std::string inline_media(std::string_view media_type, std::string_view base64);

// Plain answers.
Result<std::vector<Patch>> scan_answer(Operation operation, const json::Tree& body,
                                       const WriterOptions& options, AnswerFacts& facts);
Result<chat::Response> read_answer(const json::Tree& body);
std::string write_answer(const chat::Response& response, const WriterOptions& options,
                         std::vector<chat::Loss>& losses);

// Streams.
std::unique_ptr<StreamScanner> make_scanner(Operation operation, const WriterOptions& options);
std::unique_ptr<StreamReader> make_reader();
std::unique_ptr<StreamWriter> make_writer(WriterOptions options);
inline constexpr std::string_view kDone = "data: [DONE]\n\n";

}  // namespace naru::dialect::openai_chat_wire
