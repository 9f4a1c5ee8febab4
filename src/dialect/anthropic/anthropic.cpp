#include "base/id.h"
#include "dialect/dialect.h"

namespace naru::dialect {
namespace {

class NoStream final : public StreamScanner, public StreamReader, public StreamWriter {
 public:
  Result<EventScan> scan(const wire::EventView&, AnswerFacts&) override { return EventScan{}; }
  bool may_end_here() const override { return false; }
  Result<void> read(const wire::EventView&, std::vector<chat::Event>&) override { return {}; }
  Result<void> finish(std::vector<chat::Event>&) override { return {}; }
  void write(const chat::Event&, std::string&) override {}
};

class Anthropic final : public Dialect {
 public:
  std::string_view name() const override { return "anthropic"; }
  bool serves(Operation operation) const override {
    return operation == Operation::Chat || operation == Operation::CountTokens;
  }
  std::string_view path(Operation operation) const override {
    return operation == Operation::CountTokens ? "/v1/messages/count_tokens" : "/v1/messages";
  }
  std::string make_id(Operation, Rng& rng) const override { return random_id("msg_", rng); }
  Result<RequestScan> scan_request(Operation, const json::Tree&) const override {
    return fail(FaultKind::UnsupportedEndpoint, "anthropic messages are not served");
  }
  std::string forward_request(Operation, const json::Tree& body, const RequestScan&, const Forward&,
                              std::vector<chat::Loss>&) const override {
    return std::string(body.text());
  }
  Result<chat::Request> read_request(const json::Tree&) const override {
    return fail(FaultKind::UnsupportedEndpoint, "anthropic messages are not served");
  }
  std::string write_request(const chat::Request&, std::vector<chat::Loss>&) const override {
    return "{}";
  }
  Result<std::optional<json::Span>> scan_answer(Operation, const json::Tree&,
                                                AnswerFacts&) const override {
    return std::nullopt;
  }
  Result<chat::Response> read_answer(const json::Tree&) const override {
    return fail(FaultKind::UnsupportedEndpoint, "anthropic messages are not served");
  }
  std::string write_answer(const chat::Response&) const override { return "{}"; }
  std::unique_ptr<StreamScanner> make_scanner(Operation) const override {
    return std::make_unique<NoStream>();
  }
  std::unique_ptr<StreamReader> make_reader() const override {
    return std::make_unique<NoStream>();
  }
  std::unique_ptr<StreamWriter> make_writer(WriterOptions) const override {
    return std::make_unique<NoStream>();
  }
  std::string_view ping() const override { return "event: ping\ndata: {\"type\": \"ping\"}\n\n"; }
  std::string write_error(const Fault&, std::string_view) const override { return "{}"; }
  std::string write_stream_error(const Fault&, std::string_view) const override { return {}; }
  Fault read_error(int status, std::string_view) const override {
    return Fault{
        .kind = FaultKind::UpstreamFailed, .detail = "upstream failed", .upstream_status = status};
  }
  std::string write_models(std::span<const ModelEntry>) const override { return "{}"; }
  std::string write_model(const ModelEntry&) const override { return "{}"; }
};

}  // namespace

const Dialect& anthropic() {
  static const Anthropic kDialect;
  return kDialect;
}

}  // namespace naru::dialect
