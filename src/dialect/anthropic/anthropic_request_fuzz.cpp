#include <cstdint>

#include "base/check.h"
#include "dialect/anthropic/anthropic.h"

namespace naru::dialect {
namespace {

using Losses = std::vector<chat::Loss>;

/// Parses what we wrote ourselves.
json::Tree parse_own(std::string_view text) {
  auto tree = json::Tree::parse(text);
  NARU_CHECK(tree.has_value(), "what we write is JSON");
  return *std::move(tree);
}

void check_texts(std::string_view body, const RequestScan& scan) {
  std::uint32_t before = 0;
  for (const json::Span span : scan.texts) {
    NARU_CHECK(span.begin >= before && span.begin + 2 <= span.end && span.end <= body.size(),
               "spans of texts stand in order");
    NARU_CHECK(body[span.begin] == '"' && body[span.end - 1] == '"', "a text is a string");
    before = span.end;
  }
}

void check_forward(Operation operation, const json::Tree& body, const RequestScan& scan) {
  Losses losses;
  const std::string sent =
      anthropic().forward_request(operation, body, scan, {.upstream_model = "up"}, losses);
  const std::string_view text = body.text();
  NARU_CHECK(!losses.empty() || sent == std::string(text.substr(0, scan.model_span.begin)) +
                                            "\"up\"" +
                                            std::string(text.substr(scan.model_span.end)),
             "only the model's value changes, or a loss says what does");
  const std::string listed = anthropic().forward_request(
      operation, body, scan, {.upstream_model = "up", .fields = Fields::Listed}, losses);
  for (const std::string& forwarded : {sent, listed}) {
    const json::Tree again = parse_own(forwarded);
    NARU_CHECK(anthropic().scan_request(operation, again).has_value(), "the rest can be read");
  }
}

/// What is read can be written, and what is written can be scanned and means the same.
void check_crossing(Operation operation, const json::Tree& body) {
  const auto request = anthropic().read_request(operation, body);
  if (!request) {
    NARU_CHECK(!request.error().detail.empty(), "a refusal says why");
    return;
  }
  Losses losses;
  const Result<std::string> written = anthropic().write_request(operation, *request, losses);
  if (!written) return;  // a conversation without any words
  const json::Tree tree = parse_own(*written);
  NARU_CHECK(tree.root().find("messages")->size() > 0, "what is sent asks something");
  const auto scan = anthropic().scan_request(operation, tree);
  NARU_CHECK(scan.has_value() || request->model.empty(), "what we write can be scanned");
  const auto again = anthropic().read_request(operation, tree);
  NARU_CHECK(again.has_value(), "what we write can be read");
  NARU_CHECK(again->reasoning == request->reasoning && again->format == request->format &&
                 again->tools == request->tools,
             "settings come back as they were");
}

}  // namespace
}  // namespace naru::dialect

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace naru::dialect;
  const auto body = naru::json::Tree::parse({reinterpret_cast<const char*>(data), size});
  if (!body) return 0;
  for (const Operation operation : {Operation::Chat, Operation::CountTokens}) {
    const auto scan = anthropic().scan_request(operation, *body);
    if (!scan) continue;
    check_texts(body->text(), *scan);
    check_forward(operation, *body, *scan);
    check_crossing(operation, *body);
  }
  return 0;
}
