#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

/// Server-sent events, framed on bytes. Source: WHATWG HTML, section 9.2.6.
namespace naru::wire {

/// One event or comment block as it came. Lifetime: until the splitter's next `feed`.
struct EventView {
  std::string_view raw;    ///< all its bytes, with the blank line that ends it
  std::string_view event;  ///< the `event:` field, or empty
  std::string_view data;   ///< the `data:` lines joined by a newline; empty for a mere comment
  bool has_data = false;
};

/// Cuts a byte stream into events. Nothing is decoded before an event is whole, so a character or a
/// CRLF cut between two reads is harmless. LF, CRLF and CR end lines; a leading byte-order mark
/// goes with the first event's raw bytes and is no part of its fields.
class Splitter {
 public:
  /// `limit_bytes`: of one event.
  explicit Splitter(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  /// Adds bytes. Views given before become invalid. Fails: TooLarge, when an event exceeds the
  /// limit, whether it is whole or not; nothing after that is of use.
  Result<void> feed(std::string_view chunk);
  /// The next whole event, or nullopt until more bytes come.
  std::optional<EventView> next();
  /// Bytes of an event that has not ended.
  std::size_t pending_bytes() const;

 private:
  /// Bytes of a field's value, counted from the start of the event.
  struct Value {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  /// The event being read.
  struct Reading {
    std::size_t start = 0;       // of the event
    std::size_t line = 0;        // start of the line being read
    std::size_t scan = 0;        // first byte not yet looked at
    std::size_t data_lines = 0;  // so far
    Value data = {};             // of the last data line
    Value event = {};
    bool first = true;      // of the stream; it may begin with a byte-order mark
    bool after_cr = false;  // the line before ended in CR alone
    bool drop_lf = false;   // the event before ended in CR alone; a LF now belongs to it
  };
  static Reading after(const Reading& at);
  bool read_lines(Reading& at) const;
  void read_field(Reading& at, std::size_t begin, std::size_t end) const;
  std::string_view join_data(std::string_view raw);
  bool too_large() const;

  const std::size_t limit_bytes_;
  std::string buffer_;
  std::string data_;  // joined data lines, of events that have several
  Reading at_;
};

/// Appends one event: `event: name` (if any), a `data:` line for each line of `data`, a blank line.
void append_event(std::string& out, std::string_view event, std::string_view data);

}  // namespace naru::wire
