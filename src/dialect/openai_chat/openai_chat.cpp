#include "dialect/openai_chat/openai_chat.h"

#include "base/id.h"
#include "dialect/openai/openai.h"
#include "dialect/openai_chat/codec.h"
#include "dialect/openai_chat/words.h"

namespace naru::dialect {
namespace {

constexpr auto kCalls = std::to_array<CallRow>({
    {Operation::Chat, "/v1/chat/completions", "/chat/completions"},
    {Operation::Complete, "/v1/completions", "/completions"},
    {Operation::Embed, "/v1/embeddings", "/embeddings"},
});

constexpr Profile kProfile = {.name = "openai_chat",
                              .family = openai_wire::kFamily,
                              .calls = kCalls,
                              .models_at = openai_wire::kModelsAt,
                              .request_headers = openai_wire::kRequestHeaders,
                              .answer_headers = openai_wire::kAnswerHeaders};

class OpenAiChat final : public Dialect {
 public:
  OpenAiChat() : Dialect(kProfile) {}
  std::string make_id(Operation operation, Rng& rng) const override {
    return random_id(openai_chat_wire::id_prefix(operation), rng);
  }

  Result<RequestScan> scan_request(Operation operation, const json::Tree& body) const override {
    return openai_chat_wire::scan_request(operation, body);
  }
  std::string forward_request(Operation operation, const json::Tree& body, const RequestScan& scan,
                              const Forward& forward,
                              std::vector<chat::Loss>& losses) const override {
    return openai_chat_wire::forward_request(operation, body, scan, forward, losses);
  }
  Result<chat::Request> read_request(Operation, const json::Tree& body) const override {
    return openai_chat_wire::read_request(body);
  }
  Result<std::string> write_request(Operation, const chat::Request& request,
                                    std::vector<chat::Loss>& losses) const override {
    return openai_chat_wire::write_request(request, losses);
  }
  std::vector<MediaUrl> media_urls(const json::Tree& body) const override {
    return openai_chat_wire::media_urls(body.root());
  }
  std::string inline_media(std::string_view media_type, std::string_view base64) const override {
    return openai_chat_wire::inline_media(media_type, base64);
  }
  std::string_view empty_part() const override { return R"({"type":"text","text":""})"; }
  Opening opening(const json::Tree& body) const override {
    return find_opening(body.root(),
                        {.cache_key = "prompt_cache_key", .turns = "messages", .prompt = "prompt"});
  }

  Result<std::vector<Patch>> scan_answer(Operation operation, const json::Tree& body,
                                         const WriterOptions& options,
                                         AnswerFacts& facts) const override {
    return openai_chat_wire::scan_answer(operation, body, options, facts);
  }
  Result<chat::Response> read_answer(const json::Tree& body) const override {
    return openai_chat_wire::read_answer(body);
  }
  std::string write_answer(const chat::Response& response, const WriterOptions& options,
                           std::vector<chat::Loss>& losses) const override {
    return openai_chat_wire::write_answer(response, options, losses);
  }

  std::unique_ptr<StreamScanner> make_scanner(Operation operation,
                                              const WriterOptions& options) const override {
    return openai_chat_wire::make_scanner(operation, options);
  }
  std::unique_ptr<StreamReader> make_reader() const override {
    return openai_chat_wire::make_reader();
  }
  std::unique_ptr<StreamWriter> make_writer(WriterOptions options) const override {
    return openai_chat_wire::make_writer(std::move(options));
  }
  std::string_view ping() const override { return openai_wire::kPing; }
  std::string_view end_mark() const override { return openai_chat_wire::kDone; }

  /// The request's id stands in the answer's head, where clients of this dialect look for it.
  std::string write_error(const Fault& fault, std::string_view) const override {
    return openai_wire::write_error(fault);
  }
  std::string write_stream_error(const Fault& fault, std::string_view,
                                 std::int64_t) const override {
    return fmt::format("data: {}\n\n", openai_wire::write_error(fault));
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

const Dialect& openai_chat() {
  static const OpenAiChat kDialect;
  return kDialect;
}

}  // namespace naru::dialect
