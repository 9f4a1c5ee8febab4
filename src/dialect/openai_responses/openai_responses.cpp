#include "dialect/openai_responses/openai_responses.h"

#include "base/id.h"
#include "dialect/openai/openai.h"
#include "dialect/openai_responses/codec.h"
#include "dialect/openai_responses/kept.h"

namespace naru::dialect {
namespace {

constexpr auto kCalls = std::to_array<CallRow>({
    {Operation::Chat, "/v1/responses", "/responses"},
    {Operation::CountTokens, "/v1/responses/input_tokens", "/responses/input_tokens"},
});

constexpr Profile kProfile = {.name = "openai_responses",
                              .family = openai_wire::kFamily,
                              .calls = kCalls,
                              .models_at = openai_wire::kModelsAt,
                              .keeping = &openai_responses_wire::kKeeping,
                              .own_paths = "/v1/responses",
                              .request_headers = openai_wire::kRequestHeaders,
                              .answer_headers = openai_wire::kAnswerHeaders};

class OpenAiResponses final : public Dialect {
 public:
  OpenAiResponses() : Dialect(kProfile) {}
  std::string make_id(Operation, Rng& rng) const override {
    return random_id(openai_responses_wire::kIdPrefix, rng);
  }

  Result<RequestScan> scan_request(Operation operation, const json::Tree& body) const override {
    return openai_responses_wire::scan_request(operation, body);
  }
  std::string forward_request(Operation operation, const json::Tree& body, const RequestScan& scan,
                              const Forward& forward,
                              std::vector<chat::Loss>& losses) const override {
    return openai_responses_wire::forward_request(operation, body, scan, forward, losses);
  }
  Result<chat::Request> read_request(Operation operation, const json::Tree& body) const override {
    return openai_responses_wire::read_request(operation, body);
  }
  Result<std::string> write_request(Operation operation, const chat::Request& request,
                                    std::vector<chat::Loss>& losses) const override {
    return openai_responses_wire::write_request(operation, request, losses);
  }
  std::string echo(const json::Tree& body) const override {
    return openai_responses_wire::echo(body);
  }
  std::vector<MediaUrl> media_urls(const json::Tree& body) const override {
    return openai_responses_wire::media_urls(body.root());
  }
  std::string inline_media(std::string_view media_type, std::string_view base64) const override {
    return openai_responses_wire::inline_media(media_type, base64);
  }
  std::string_view empty_part() const override { return R"({"type":"input_text","text":""})"; }
  Opening opening(const json::Tree& body) const override {
    return find_opening(
        body.root(),
        {.cache_key = "prompt_cache_key", .instructions = "instructions", .turns = "input"});
  }

  Result<std::vector<Patch>> scan_answer(Operation operation, const json::Tree& body,
                                         const WriterOptions& options,
                                         AnswerFacts& facts) const override {
    return openai_responses_wire::scan_answer(operation, body, options, facts);
  }
  Result<chat::Response> read_answer(const json::Tree& body) const override {
    return openai_responses_wire::read_answer(body);
  }
  std::string write_answer(const chat::Response& response, const WriterOptions& options,
                           std::vector<chat::Loss>& losses) const override {
    return openai_responses_wire::write_answer(response, options, losses);
  }
  Result<std::int64_t> read_count(const json::Tree& body) const override {
    return openai_responses_wire::read_count(body);
  }
  std::string write_count(std::int64_t tokens) const override {
    return openai_responses_wire::write_count(tokens);
  }

  std::unique_ptr<StreamScanner> make_scanner(Operation,
                                              const WriterOptions& options) const override {
    return openai_responses_wire::make_scanner(options);
  }
  std::unique_ptr<StreamReader> make_reader() const override {
    return openai_responses_wire::make_reader();
  }
  std::unique_ptr<StreamWriter> make_writer(WriterOptions options) const override {
    return openai_responses_wire::make_writer(std::move(options));
  }
  std::string_view ping() const override { return openai_wire::kPing; }
  /// A stream of this dialect is whole only with its last event, which tells the whole answer.
  std::string_view end_mark() const override { return {}; }

  std::string write_error(const Fault& fault, std::string_view) const override {
    return openai_wire::write_error(fault);
  }
  std::string write_stream_error(const Fault& fault, std::string_view,
                                 std::int64_t next_event) const override {
    return openai_responses_wire::write_stream_error(fault, next_event);
  }
  Fault read_error(int status, std::string_view body) const override {
    return openai_wire::read_error(status, body);
  }
  std::vector<HeaderLine> rate_limit_headers(const RateLimits& limits, WallTime) const override {
    return openai_wire::rate_limit_headers(limits);
  }
  std::string write_models(std::span<const ModelEntry> models) const override {
    return openai_wire::write_models(models);
  }
  std::string write_model(const ModelEntry& model) const override {
    return openai_wire::write_model(model);
  }
};

}  // namespace

const Dialect& openai_responses() {
  static const OpenAiResponses kDialect;
  return kDialect;
}

}  // namespace naru::dialect
