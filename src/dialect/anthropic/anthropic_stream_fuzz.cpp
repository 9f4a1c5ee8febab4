#include <cstdint>

#include "base/check.h"
#include "dialect/dialect.h"

namespace naru::dialect {
namespace {

using Events = std::vector<chat::Event>;

constexpr std::size_t kLimitBytes = 1 << 16;

/// What both ways make of a stream, up to the first fault or the end.
struct Outcome {
  AnswerFacts facts;
  bool scan_broken = false;
  bool read_broken = false;
  bool reported = false;  // the upstream's own error event came
  bool may_end = false;
  Events events;
};

void check_span(const EventScan& scan, std::string_view data) {
  if (!scan.model_span) return;
  NARU_CHECK(scan.model_span->end <= data.size() && data[scan.model_span->begin] == '"',
             "the model's value is a string of the event");
}

Outcome follow(std::string_view stream, std::size_t piece) {
  Outcome outcome;
  const auto scanner = anthropic().make_scanner(Operation::Chat);
  const auto reader = anthropic().make_reader();
  wire::Splitter splitter(kLimitBytes);
  for (; !stream.empty(); stream.remove_prefix(std::min(piece, stream.size()))) {
    if (!splitter.feed(stream.substr(0, piece))) return outcome;
    while (const auto event = splitter.next()) {
      if (!outcome.scan_broken) {
        const auto scan = scanner->scan(*event, outcome.facts);
        outcome.scan_broken = !scan;
        if (scan) check_span(*scan, event->data);
        outcome.reported = outcome.reported || (scan && scan->error);
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
  void operator()(const chat::ThinkingSigned& one) { check_open(one.part); }
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

/// What the writer makes of the events is a stream that the reader takes.
void check_written(const Events& events) {
  const auto writer = anthropic().make_writer({.public_model = "m", .answer_id = "msg_1"});
  std::string written;
  for (const chat::Event& event : events) writer->write(event, written);
  const Outcome again = follow(written, written.size());
  NARU_CHECK(!again.scan_broken, "we write what we accept");
  const bool ended = !events.empty() && std::holds_alternative<chat::Ended>(events.back());
  NARU_CHECK(!ended || !again.read_broken, "we end what has ended");
}

}  // namespace
}  // namespace naru::dialect

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace naru::dialect;
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  const Outcome whole = follow(stream, size);
  NARU_CHECK(whole.reported || !whole.scan_broken || whole.read_broken,
             "both ways refuse the same streams");
  SequenceCheck sequence;
  for (const naru::chat::Event& event : whole.events) std::visit(sequence, event);
  check_written(whole.events);
  const Outcome cut = follow(stream, 3);
  NARU_CHECK(cut.events.size() == whole.events.size() && cut.read_broken == whole.read_broken &&
                 cut.facts.usage == whole.facts.usage && cut.may_end == whole.may_end,
             "nothing depends on where the bytes are cut");
  return 0;
}
