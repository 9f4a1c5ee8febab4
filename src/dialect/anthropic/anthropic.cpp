#include "dialect/anthropic/anthropic.h"

#include "base/id.h"
#include "base/json_writer.h"
#include "dialect/anthropic/codec.h"

namespace naru::dialect {
namespace anthropic_wire {
namespace {

constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999

/// `2026-11-23T22:09:00Z`.
std::string rfc3339(std::int64_t seconds) {
  const std::chrono::sys_seconds at{
      std::chrono::seconds{std::clamp<std::int64_t>(seconds, 0, kLastSecond)}};
  const auto midnight = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day day{midnight};
  const std::chrono::hh_mm_ss time{at - midnight};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

void append_model(json::Writer& out, const ModelEntry& model) {
  out.object().field("type", "model").field("id", model.id);
  out.field("display_name", model.id).field("created_at", rfc3339(model.created_s)).end_object();
}

}  // namespace

std::string write_models(std::span<const ModelEntry> models) {
  std::string body;
  json::Writer out(body);
  out.object().key("data").array();
  for (const ModelEntry& model : models) append_model(out, model);
  out.end_array();
  const auto id_or_null = [&](std::string_view name, bool first) {
    out.key(name);
    if (models.empty())
      out.null();
    else
      out.text(first ? models.front().id : models.back().id);
  };
  id_or_null("first_id", true);
  out.field("has_more", false);
  id_or_null("last_id", false);
  out.end_object();
  return body;
}

std::string write_model(const ModelEntry& model) {
  std::string body;
  json::Writer out(body);
  append_model(out, model);
  return body;
}

}  // namespace anthropic_wire

namespace {

constexpr auto kCalls = std::to_array<CallRow>({
    {Operation::Chat, "/v1/messages", "/messages"},
    {Operation::CountTokens, "/v1/messages/count_tokens", "/messages/count_tokens"},
});
constexpr std::string_view kVersionHeader = "anthropic-version";
constexpr auto kRequestHeaders =
    std::to_array<std::string_view>({"anthropic-beta", kVersionHeader});
constexpr auto kQueryMembers = std::to_array<std::string_view>({"beta"});

constexpr Profile kProfile = {.name = "anthropic",
                              .family = "anthropic",
                              .calls = kCalls,
                              .models_at = "/v1/models",
                              .own_header = kVersionHeader,
                              .own_paths = "/v1/messages",
                              .request_headers = kRequestHeaders,
                              .query_members = kQueryMembers};

class Anthropic final : public Dialect {
 public:
  Anthropic() : Dialect(kProfile) {}
  std::string make_id(Operation, Rng& rng) const override { return random_id("msg_", rng); }

  Result<RequestScan> scan_request(Operation operation, const json::Tree& body) const override {
    return anthropic_wire::scan_request(operation, body);
  }
  std::string forward_request(Operation, const json::Tree& body, const RequestScan& scan,
                              const Forward& forward,
                              std::vector<chat::Loss>& losses) const override {
    return anthropic_wire::forward_request(body, scan, forward, losses);
  }
  Result<chat::Request> read_request(Operation, const json::Tree& body) const override {
    return anthropic_wire::read_request(body);
  }
  Result<std::string> write_request(Operation operation, const chat::Request& request,
                                    std::vector<chat::Loss>& losses) const override {
    return anthropic_wire::write_request(operation, request, losses);
  }
  std::vector<MediaUrl> media_urls(const json::Tree& body) const override {
    return anthropic_wire::media_urls(body.root());
  }
  std::string inline_media(std::string_view media_type, std::string_view base64) const override {
    return anthropic_wire::inline_media(media_type, base64);
  }
  std::string_view empty_part() const override { return R"({"type":"text","text":""})"; }
  Opening opening(const json::Tree& body) const override {
    return find_opening(body.root(), {.instructions = "system", .turns = "messages"});
  }

  Result<std::vector<Patch>> scan_answer(Operation operation, const json::Tree& body,
                                         const WriterOptions& options,
                                         AnswerFacts& facts) const override {
    return anthropic_wire::scan_answer(operation, body, options, facts);
  }
  Result<chat::Response> read_answer(const json::Tree& body) const override {
    return anthropic_wire::read_answer(body);
  }
  std::string write_answer(const chat::Response& response, const WriterOptions& options,
                           std::vector<chat::Loss>& losses) const override {
    return anthropic_wire::write_answer(response, options, losses);
  }
  Result<std::int64_t> read_count(const json::Tree& body) const override {
    return anthropic_wire::read_count(body);
  }
  std::string write_count(std::int64_t tokens) const override {
    return anthropic_wire::write_count(tokens);
  }

  std::unique_ptr<StreamScanner> make_scanner(Operation,
                                              const WriterOptions& options) const override {
    return anthropic_wire::make_scanner(options);
  }
  std::unique_ptr<StreamReader> make_reader() const override {
    return anthropic_wire::make_reader();
  }
  std::unique_ptr<StreamWriter> make_writer(WriterOptions options) const override {
    return anthropic_wire::make_writer(std::move(options));
  }
  std::string_view ping() const override { return "event: ping\ndata: {\"type\": \"ping\"}\n\n"; }
  std::string_view end_mark() const override {
    return "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
  }

  std::string write_error(const Fault& fault, std::string_view request_id) const override {
    return anthropic_wire::write_error(fault, request_id);
  }
  std::string write_stream_error(const Fault& fault, std::string_view request_id,
                                 std::int64_t) const override {
    return anthropic_wire::write_stream_error(fault, request_id);
  }
  Fault read_error(int status, std::string_view body) const override {
    return anthropic_wire::read_error(status, body);
  }
  std::vector<HeaderLine> rate_limit_headers(const RateLimits& limits,
                                             WallTime now) const override {
    return anthropic_wire::rate_limit_headers(limits, now);
  }
  std::string write_models(std::span<const ModelEntry> models) const override {
    return anthropic_wire::write_models(models);
  }
  std::string write_model(const ModelEntry& model) const override {
    return anthropic_wire::write_model(model);
  }
};

}  // namespace

const Dialect& anthropic() {
  static const Anthropic kAnthropic;
  return kAnthropic;
}

}  // namespace naru::dialect
