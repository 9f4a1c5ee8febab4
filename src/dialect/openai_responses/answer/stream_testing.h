#pragma once
#include "dialect/openai_responses/codec.h"
#include "dialect/testing_events.h"

/// Words for this folder's tests and fuzz target.
namespace naru::dialect::openai_responses_wire {

/// What the reader makes of a stream.
struct Read {
  std::vector<chat::Event> events = {};
  std::optional<Fault> fault = {};
  chat::Response response() const { return testing::collect(events); }
};

inline Read read_stream(std::string_view bytes, std::size_t piece = std::string_view::npos) {
  const std::unique_ptr<StreamReader> reader = make_reader();
  wire::Splitter splitter(testing::kEventLimit);
  Read read;
  Result<void> done;
  for (std::size_t from = 0; from < bytes.size() && done; from += std::min(piece, bytes.size())) {
    done = splitter.feed(bytes.substr(from, piece));
    for (auto event = splitter.next(); event && done; event = splitter.next())
      done = reader->read(*event, read.events);
  }
  if (done) done = reader->finish(read.events);
  if (!done) read.fault = done.error();
  return read;
}

/// What a client of the same dialect gets of a stream.
struct Scanned {
  std::string bytes = {};
  AnswerFacts facts = {};
  bool content = false;
  bool ended = false;
  std::optional<Fault> fault = {};
};

inline Scanned scan_stream(std::string_view bytes, const WriterOptions& options,
                           std::size_t piece = std::string_view::npos) {
  const std::unique_ptr<StreamScanner> scanner = make_scanner(options);
  wire::Splitter splitter(testing::kEventLimit);
  Scanned got;
  for (std::size_t from = 0; from < bytes.size(); from += std::min(piece, bytes.size())) {
    if (!splitter.feed(bytes.substr(from, piece))) return got;
    for (auto event = splitter.next(); event; event = splitter.next()) {
      Result<EventScan> scan = scanner->scan(*event, got.facts);
      if (!scan) got.fault = std::move(scan).error();
      if (got.fault || got.ended) return got;
      got.content = got.content || scan->content;
      got.ended = scan->terminal;
      if (scan->silent) continue;
      if (scan->patches.empty())
        got.bytes += event->raw;
      else
        wire::append_event(got.bytes, event->event, patched(event->data, scan->patches));
    }
  }
  if (!got.ended && !scanner->may_end_here())
    got.fault = Fault{.kind = FaultKind::UpstreamFailed, .detail = "cut"};
  return got;
}

inline std::string write_stream(std::span<const chat::Event> events, const WriterOptions& options,
                                std::vector<chat::Loss>* losses = nullptr) {
  const std::unique_ptr<StreamWriter> writer = make_writer(options);
  std::string bytes;
  std::vector<chat::Loss> lost;
  for (const chat::Event& event : events) writer->write(event, bytes, lost);
  if (losses != nullptr) *losses = std::move(lost);
  return bytes;
}

}  // namespace naru::dialect::openai_responses_wire
