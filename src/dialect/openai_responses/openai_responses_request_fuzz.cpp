#include "dialect/json_views.h"
#include "dialect/openai_responses/codec.h"
#include "dialect/testing.h"

// Any bytes as a request: what scans is forwarded as JSON, what is read is written as JSON, what an
// answer repeats is JSON on one line, and a text the guard would see lies within the body.
namespace naru::dialect::openai_responses_wire {
namespace {

using testing::Parsed;

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
  const Parsed sent(forward_request(operation, body, scan, forward, losses));
  NARU_CHECK(sent.ok(), "what goes on is JSON");
  NARU_CHECK(text_of(sent.root(), "model") == forward.upstream_model, "it names the model");
  NARU_CHECK(engine || sent.root().size() >= body.root().size(), "providers get every field");
  if (operation != Operation::Chat) return;
  const std::optional<json::ValueView> store = sent.root().find("store");
  NARU_CHECK(store && store->raw() == "false", "nothing is stored");
}

void check_echo(const json::Tree& body) {
  const std::string members = echo(body);
  NARU_CHECK(members.find('\n') == std::string::npos, "it is one line");
  NARU_CHECK(Parsed("{" + members + "}").ok(), "it is JSON");
}

/// As a crossing would: what only this dialect understands stays behind.
void check_crossing(Operation operation, const json::Tree& body) {
  Result<chat::Request> request = read_request(operation, body);
  if (!request) return;
  request->extra.clear();
  for (chat::Message& message : request->messages) {
    message.extra.clear();
    for (chat::Part& part : message.parts)
      if (std::holds_alternative<chat::Opaque>(part)) part = chat::Text{};
  }
  std::vector<chat::Loss> losses;
  const Parsed written(write_request(operation, *request, losses));
  NARU_CHECK(written.ok(), "what is written is JSON");
  NARU_CHECK(read_request(operation, written.tree()).has_value(), "it can be read again");
}

}  // namespace
}  // namespace naru::dialect::openai_responses_wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace naru::dialect;
  using namespace naru::dialect::openai_responses_wire;
  const testing::Parsed body(std::string(reinterpret_cast<const char*>(data), size));
  if (!body.ok()) return 0;
  for (const Operation operation : {Operation::Chat, Operation::CountTokens}) {
    const auto scan = scan_request(operation, body.tree());
    if (!scan) continue;
    check_texts(body.tree(), *scan);
    for (const bool engine : {false, true}) check_forward(operation, body.tree(), *scan, engine);
    check_echo(body.tree());
    check_crossing(operation, body.tree());
  }
  return 0;
}
