#include "dialect/openai_responses/answer/stream_testing.h"

// Any bytes as an upstream's stream: both ways refuse the same, canonical events keep to their
// grammar, what the writer makes of them is a stream both ways take, and where the bytes are cut
// makes no difference.
namespace naru::dialect::openai_responses_wire {
namespace {

const WriterOptions kOptions{.public_model = "public", .answer_id = "resp_naru"};

/// Each data is JSON; those with a response hold one whole object.
void check_frames(std::string_view bytes) {
  wire::Splitter splitter(16 * testing::kEventLimit);
  if (!splitter.feed(bytes)) return;
  while (const auto event = splitter.next())
    NARU_CHECK(!event->has_data || json::Tree::parse(event->data), "each event is JSON");
}

void check_written(const std::vector<chat::Event>& events) {
  const std::string written = write_stream(events, kOptions);
  check_frames(written);
  const Read again = read_stream(written);
  NARU_CHECK(testing::broken_rule(again.events).empty(), "we write what keeps to the grammar");
  const bool ended = !events.empty() && std::holds_alternative<chat::Ended>(events.back());
  NARU_CHECK(again.fault.has_value() != ended, "we end what has ended");
  NARU_CHECK(!ended || scan_stream(written, kOptions).ended, "both ways take what we write");
  if (!ended) return;
  std::vector<chat::Loss> losses;
  const std::string plain = write_answer(testing::collect(events), kOptions, losses);
  NARU_CHECK(json::Tree::parse(plain), "a plain answer is JSON");
}

}  // namespace
}  // namespace naru::dialect::openai_responses_wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace naru::dialect::openai_responses_wire;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Read whole = read_stream(bytes);
  NARU_CHECK(naru::dialect::testing::broken_rule(whole.events).empty(),
             "events keep to their grammar");
  const Scanned scanned = scan_stream(bytes, kOptions);
  NARU_CHECK(!scanned.fault || whole.fault, "a crossing refuses at least as much");
  check_written(whole.events);
  const Read cut = read_stream(bytes, 3);
  NARU_CHECK(cut.events.size() == whole.events.size() && cut.response() == whole.response(),
             "nothing depends on where the bytes are cut");
  NARU_CHECK(scan_stream(bytes, kOptions, 3).bytes == scanned.bytes, "nor do the client's bytes");
  return 0;
}
