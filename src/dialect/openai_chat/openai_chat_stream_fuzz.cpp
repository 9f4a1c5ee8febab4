#include "dialect/testing_events.h"

// Any bytes as an upstream's stream: canonical events keep to their grammar, a client's stream is
// framed JSON, and where the bytes are cut makes no difference. As a plain answer: what is read can
// be shown and read again.
namespace naru::dialect {
namespace {

const Ends kSame{&openai_chat(), &openai_chat()};
const Ends kCross{&anthropic(), &openai_chat()};

void check_frames(std::string_view bytes) {
  wire::Splitter splitter(16 * testing::kEventLimit);
  if (!splitter.feed(bytes)) return;
  while (const auto event = splitter.next())
    NARU_CHECK(!event->has_data || json::Tree::parse(event->data), "each event is JSON");
  NARU_CHECK(splitter.pending_bytes() == 0, "each event is whole");
}

void check_way(const Ends& ends, std::string_view bytes) {
  const WriterOptions options{.public_model = "public", .answer_id = "id"};
  const testing::Streamed whole = testing::stream(ends, options, bytes);
  NARU_CHECK(whole.fault.has_value() == whole.terminal.empty(), "it ends, or it fails");
  if (!ends.same()) check_frames(whole.all());
  const std::size_t middle = bytes.size() / 2;
  const std::array<std::string_view, 2> halves = {bytes.substr(0, middle), bytes.substr(middle)};
  const testing::Streamed cut = testing::stream(ends, options, halves);
  NARU_CHECK(cut.all() == whole.all(), "a cut makes no difference");
}

void check_events(std::string_view bytes) {
  std::optional<Fault> fault;
  const auto events = testing::read_events(openai_chat(), bytes, &fault);
  NARU_CHECK(testing::broken_rule(events).empty(), "events keep to their grammar");
  if (fault) return;
  const auto writer = openai_chat().make_writer({.public_model = "m", .answer_id = "i"});
  std::string written;
  std::vector<chat::Loss> losses;
  for (const chat::Event& event : events)
    if (!std::holds_alternative<chat::Ended>(event)) writer->write(event, written, losses);
  check_frames(written + "\n");  // a ping is a line without a blank one behind it
}

void check_plain(std::string_view bytes) {
  const auto tree = json::Tree::parse(bytes, json::kFromUpstream);
  if (!tree) return;
  const Result<chat::Response> response = openai_chat().read_answer(*tree);
  if (!response) return;
  std::vector<chat::Loss> losses;
  const testing::Parsed shown(
      openai_chat().write_answer(*response, {.public_model = "m", .answer_id = "i"}, losses));
  NARU_CHECK(shown.ok(), "what is shown is JSON");
  NARU_CHECK(openai_chat().read_answer(shown.tree()).has_value(), "it can be read again");
}

}  // namespace
}  // namespace naru::dialect

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace naru::dialect;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_events(bytes);
  check_plain(bytes);
  for (const Ends& ends : {kSame, kCross}) check_way(ends, bytes);
  return 0;
}
