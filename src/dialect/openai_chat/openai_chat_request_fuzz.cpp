#include "dialect/testing.h"

// Any bytes as a request: what scans is forwarded as JSON, what is read is written as JSON, and a
// text the guard would see lies within the body.
namespace naru::dialect {
namespace {

void check_texts(const json::Tree& body, const RequestScan& scan) {
  for (const json::Span text : scan.texts) {
    NARU_CHECK(text.begin < text.end && text.end <= body.text().size(), "it lies in the body");
    NARU_CHECK(body.text()[text.begin] == '"' && body.text()[text.end - 1] == '"',
               "it has its quotes");
  }
}

void check_forward(Operation operation, const json::Tree& body, const RequestScan& scan,
                   bool engine) {
  const Forward forward{.upstream_model = "up\"stream",
                        .fields = engine ? Fields::Listed : Fields::All};
  std::vector<chat::Loss> losses;
  const testing::Parsed sent(openai_chat().forward_request(operation, body, scan, forward, losses));
  NARU_CHECK(sent.ok(), "what goes on is JSON");
  NARU_CHECK(sent.root().find("model")->text() == forward.upstream_model, "it names the model");
  NARU_CHECK(engine || sent.root().size() >= body.root().size(), "providers get every field");
  const Result<RequestScan> again = openai_chat().scan_request(operation, sent.tree());
  NARU_CHECK(again.has_value(), "it says what was understood");
  const bool streams = scan.stream && operation != Operation::Embed;
  NARU_CHECK(!streams || again->stream_usage, "its stream will tell usage");
}

std::string written(const chat::Request& request) {
  std::vector<chat::Loss> losses;
  return *openai_chat().write_request(Operation::Chat, request, losses);
}

/// Sealed reasoning goes back to its maker alone, and once written it no longer tells who that is.
void forget_seals(chat::Request& request) {
  const auto is_sealed = [](const chat::Part& part) {
    const auto* thinking = std::get_if<chat::Thinking>(&part);
    return thinking != nullptr && thinking->seal != chat::Seal::None;
  };
  for (chat::Message& message : request.messages) std::erase_if(message.parts, is_sealed);
}

void check_crossing(const json::Tree& body) {
  Result<chat::Request> request = openai_chat().read_request(Operation::Chat, body);
  if (!request) return;
  NARU_CHECK(testing::Parsed(written(*request)).ok(), "what is written is JSON");
  forget_seals(*request);
  const testing::Parsed once(written(*request));
  NARU_CHECK(once.ok(), "what is written is JSON");
  const Result<chat::Request> again = openai_chat().read_request(Operation::Chat, once.tree());
  NARU_CHECK(again.has_value(), "it can be read again");
  NARU_CHECK(written(*again) == once.tree().text(), "it says the same then");
}

}  // namespace
}  // namespace naru::dialect

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace naru::dialect;
  const testing::Parsed body(std::string(reinterpret_cast<const char*>(data), size));
  if (!body.ok()) return 0;
  for (const Operation operation : {Operation::Chat, Operation::Complete, Operation::Embed}) {
    const auto scan = openai_chat().scan_request(operation, body.tree());
    if (!scan) continue;
    check_texts(body.tree(), *scan);
    for (const bool engine : {false, true}) check_forward(operation, body.tree(), *scan, engine);
  }
  check_crossing(body.tree());
  return 0;
}
