#include <cstdint>

#include "base/check.h"
#include "dialect/anthropic/anthropic.h"

namespace naru::dialect {
namespace {

using Events = std::vector<chat::Event>;

const WriterOptions kOptions{.public_model = "m", .answer_id = "msg_1"};
constexpr std::size_t kLimitBytes = 1 << 16;

/// What both ways make of a stream, up to the first fault or the end.
struct Outcome {
  AnswerFacts facts;
  bool scan_broken = false;
  bool read_broken = false;
  bool may_end = false;
  Events events;
};

void check_patches(const EventScan& scan, std::string_view data) {
  std::uint32_t at = 0;
  for (const Patch& patch : scan.patches) {
    NARU_CHECK(patch.begin >= at && patch.end <= data.size(),
               "values of the event give way, in order");
    at = patch.end;
  }
}

Outcome follow(std::string_view stream, std::size_t piece) {
  Outcome outcome;
  const auto scanner = anthropic().make_scanner(Operation::Chat, kOptions);
  const auto reader = anthropic().make_reader();
  wire::Splitter splitter(kLimitBytes);
  for (; !stream.empty(); stream.remove_prefix(std::min(piece, stream.size()))) {
    if (!splitter.feed(stream.substr(0, piece))) return outcome;
    while (const auto event = splitter.next()) {
      if (!outcome.scan_broken) {
        const auto scan = scanner->scan(*event, outcome.facts);
        outcome.scan_broken = !scan;
        if (scan) check_patches(*scan, event->data);
      }
      if (!outcome.read_broken) outcome.read_broken = !reader->read(*event, outcome.events);
    }
  }
  outcome.may_end = scanner->may_end_here() && !outcome.scan_broken;
  if (!outcome.read_broken) outcome.read_broken = !reader->finish(outcome.events);
  return outcome;
}

/// Parts are started, filled and ended once, in order; after the end comes nothing.
class SequenceCheck {
 public:
  void operator()(const chat::PartStarted& one) {
    NARU_CHECK(one.part == parts_.size(), "parts count up");
    parts_.push_back(true);
  }
  void operator()(const chat::PartDelta& one) { check_open(one.part); }
  void operator()(const chat::ThinkingSealed& one) { check_open(one.part); }
  void operator()(const chat::Cited& one) { check_open(one.part); }
  void operator()(const chat::Lost& one) {
    NARU_CHECK(one.loss.field.starts_with("answer."), "a loss names its place in the answer");
  }
  void operator()(const chat::PartEnded& one) {
    check_open(one.part);
    parts_[one.part] = false;
  }
  void operator()(const chat::Finished&) {
    for (const bool open : parts_) NARU_CHECK(!open, "no part is open at the end");
  }
  void operator()(const chat::UsageSeen& one) {
    NARU_CHECK(one.usage.prompt() >= usage_.prompt() && one.usage.output >= usage_.output,
               "usage never shrinks");
    usage_ = one.usage;
  }
  void operator()(const chat::Started&) {}
  void operator()(const chat::Ping&) {}
  void operator()(const chat::Ended&) {
    NARU_CHECK(!ended_, "an answer ends once");
    ended_ = true;
  }

 private:
  void check_open(std::uint32_t part) {
    NARU_CHECK(part < parts_.size() && parts_[part], "only an open part goes on");
  }
  std::vector<bool> parts_;
  chat::Usage usage_;
  bool ended_ = false;
};

/// What the writer makes of the events is a stream that the reader takes, with and without a
/// crossing.
void check_written(const Events& events, const std::string& upstream) {
  WriterOptions options = kOptions;
  options.upstream = upstream;
  const auto writer = anthropic().make_writer(options);
  std::string written;
  std::vector<chat::Loss> losses;
  for (const chat::Event& event : events) writer->write(event, written, losses);
  const Outcome again = follow(written, written.size());
  NARU_CHECK(!again.scan_broken, "we write what we accept");
  const bool ended = !events.empty() && std::holds_alternative<chat::Ended>(events.back());
  NARU_CHECK(!ended || !again.read_broken, "we end what has ended");
  for (const chat::Event& event : again.events)
    NARU_CHECK(!std::holds_alternative<chat::Lost>(event), "we write what has a place everywhere");
}

}  // namespace
}  // namespace naru::dialect

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace naru::dialect;
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  const Outcome whole = follow(stream, size);
  NARU_CHECK(!whole.scan_broken || whole.read_broken, "both ways refuse the same streams");
  SequenceCheck sequence;
  for (const naru::chat::Event& event : whole.events) std::visit(sequence, event);
  for (const char* upstream : {"", "up"}) check_written(whole.events, upstream);
  const Outcome cut = follow(stream, 3);
  NARU_CHECK(cut.events.size() == whole.events.size() && cut.read_broken == whole.read_broken &&
                 cut.facts.usage == whole.facts.usage && cut.may_end == whole.may_end,
             "nothing depends on where the bytes are cut");
  return 0;
}
