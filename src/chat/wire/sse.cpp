#include "chat/wire/sse.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace naru::wire {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kKeptBytes = 64 << 10;  // of buffers, between events

/// Offset of the first CR or LF at or after `from`, or the text's size. Eight bytes a step.
std::size_t line_end(std::string_view text, std::size_t from) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr std::uint64_t kHighs = 0x8080'8080'8080'8080;
  const auto equal = [](std::uint64_t word, std::uint64_t byte) {
    const std::uint64_t zero = word ^ (kOnes * byte);
    return (zero - kOnes) & ~zero & kHighs;  // exact up to and with the lowest hit
  };
  for (; text.size() - from >= 8; from += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + from, sizeof word);
    const std::uint64_t hit = equal(word, '\n') | equal(word, '\r');
    if (hit != 0) return from + static_cast<std::size_t>(std::countr_zero(hit)) / 8;
  }
  while (from < text.size() && text[from] != '\n' && text[from] != '\r') ++from;
  return from;
}

bool is_field(std::string_view line, std::string_view name) {
  return line.starts_with(name) && (line.size() == name.size() || line[name.size()] == ':');
}

/// Where in `line` the value of a field begins: behind the colon and one space.
std::size_t value_begin(std::string_view line, std::string_view name) {
  std::size_t begin = std::min(name.size() + 1, line.size());
  if (begin < line.size() && line[begin] == ' ') ++begin;
  return begin;
}

/// Gives memory back when a large event has swollen `buffer`.
void clear(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptBytes) buffer.shrink_to_fit();
}

}  // namespace

Result<void> Splitter::feed(std::string_view chunk) {
  clear(data_);
  if (at_.start == buffer_.size()) {
    clear(buffer_);
    at_.start = at_.line = at_.scan = 0;
  } else if (at_.start >= buffer_.size() - at_.start) {  // moves no byte twice, on average
    buffer_.erase(0, at_.start);
    at_.line -= at_.start;
    at_.scan -= at_.start;
    at_.start = 0;
  }
  buffer_.append(chunk);
  if (pending_bytes() > limit_bytes_ && too_large())
    return fail(FaultKind::TooLarge, "one stream event exceeds {} bytes", limit_bytes_);
  return {};
}

bool Splitter::too_large() const {
  for (Reading ahead = at_;; ahead = after(ahead)) {
    const bool whole = read_lines(ahead);
    if ((whole ? ahead.scan : buffer_.size()) - ahead.start > limit_bytes_) return true;
    if (!whole) return false;
  }
}

std::optional<EventView> Splitter::next() {
  if (!read_lines(at_)) return std::nullopt;
  const std::string_view raw = std::string_view(buffer_).substr(at_.start, at_.scan - at_.start);
  EventView view{.raw = raw,
                 .event = raw.substr(at_.event.begin, at_.event.end - at_.event.begin),
                 .data = raw.substr(at_.data.begin, at_.data.end - at_.data.begin),
                 .has_data = at_.data_lines > 0};
  if (at_.data_lines > 1) view.data = join_data(raw);
  at_ = after(at_);
  return view;
}

std::size_t Splitter::pending_bytes() const { return buffer_.size() - at_.start; }

Splitter::Reading Splitter::after(const Reading& at) {
  return {
      .start = at.scan, .line = at.scan, .scan = at.scan, .first = false, .drop_lf = at.after_cr};
}

/// Reads on to the end of the event; false if its bytes are not all there.
bool Splitter::read_lines(Reading& at) const {
  if (at.drop_lf && at.start < buffer_.size()) {
    at.drop_lf = false;
    if (buffer_[at.start] == '\n') at.scan = at.line = ++at.start;
  }
  for (;;) {
    const std::size_t end = at.scan = line_end(buffer_, at.scan);
    if (end == buffer_.size()) return false;
    std::size_t begin = at.line;
    if (at.first && begin == at.start && std::string_view(buffer_).starts_with(kByteOrderMark))
      begin += kByteOrderMark.size();
    const bool blank = begin == end;
    const bool cr = buffer_[end] == '\r';
    bool crlf = false;
    // A CR may be half of a CRLF. Only where CR alone ends lines, nothing more is waited for.
    if (cr && !(blank && at.after_cr)) {
      if (end + 1 == buffer_.size()) return false;
      crlf = buffer_[end + 1] == '\n';
    }
    if (!blank) read_field(at, begin, end);
    at.after_cr = cr && !crlf;
    at.line = at.scan = end + (crlf ? 2 : 1);
    if (blank) return true;
  }
}

void Splitter::read_field(Reading& at, std::size_t begin, std::size_t end) const {
  const std::string_view line = std::string_view(buffer_).substr(begin, end - begin);
  const auto value_of = [&](std::string_view name) {
    return Value{begin + value_begin(line, name) - at.start, end - at.start};
  };
  if (is_field(line, "data")) {
    at.data = value_of("data");
    ++at.data_lines;
  } else if (is_field(line, "event")) {
    at.event = value_of("event");
  }
}

std::string_view Splitter::join_data(std::string_view raw) {
  if (data_.empty()) data_.reserve(buffer_.size());  // views into it must hold until the next feed
  const std::size_t begin = data_.size();
  if (at_.first && raw.starts_with(kByteOrderMark)) raw.remove_prefix(kByteOrderMark.size());
  while (!raw.empty()) {
    const std::size_t end = line_end(raw, 0);
    const std::string_view line = raw.substr(0, end);
    if (is_field(line, "data")) data_.append(line.substr(value_begin(line, "data"))).append("\n");
    raw.remove_prefix(end + 1);  // the LF of a CRLF is then a blank line, and says nothing
  }
  data_.pop_back();
  return std::string_view(data_).substr(begin);
}

void append_event(std::string& out, std::string_view event, std::string_view data) {
  NARU_CHECK(event.find_first_of("\r\n") == event.npos, "names of events are ours: one line");
  if (!event.empty()) out.append("event: ").append(event).append("\n");
  for (;;) {
    const std::size_t end = line_end(data, 0);
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == data.size()) break;
    data.remove_prefix(data.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  out.append("\n");
}

}  // namespace naru::wire
