#include "mock/journal.h"

#include <ranges>

#include "base/json_writer.h"
#include "base/text.h"

namespace naru::mock {
namespace {

std::size_t size_of(const Entry& entry) { return entry.head.size() + entry.body.size(); }

/// The lines of a head, without their ends and without empty ones.
std::vector<std::string_view> lines_of(std::string_view head) {
  std::vector<std::string_view> lines = split(head, '\n');
  for (std::string_view& line : lines)
    if (line.ends_with('\r')) line.remove_suffix(1);
  std::erase(lines, std::string_view());
  return lines;
}

std::int64_t microseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

std::string_view word_of(Close close) {
  switch (close) {
    case Close::Open:
      return "open";
    case Close::Answered:
      return "answered";
    case Close::Gone:
      return "gone";
  }
  return "";
}

void write_entry(json::Writer& out, const Entry& entry) {
  const std::vector<std::string_view> lines = lines_of(entry.head);
  out.object()
      .field("number", static_cast<std::int64_t>(entry.number))
      .field("line", lines.front());
  out.key("headers").array();
  for (const std::string_view header : lines | std::views::drop(1)) out.text(header);
  out.end_array().field("head_base64", base64(entry.head)).field("body", entry.body);
  out.field("body_base64", base64(entry.body)).field("status", entry.status);
  out.field("close", word_of(entry.close)).field("arrived_us", microseconds(entry.arrived));
  out.key("closed_us");
  entry.close == Close::Open ? out.null() : out.integer(microseconds(entry.closed));
  out.end_object();
}

}  // namespace

std::uint64_t Journal::open(Entry entry) {
  const std::lock_guard hold(lock_);
  entry.number = next_++;
  bytes_ += size_of(entry);
  entries_.push_back(std::move(entry));
  while (entries_.size() > kMostEntries || (bytes_ > kMostBytes && entries_.size() > 1)) {
    bytes_ -= size_of(entries_.front());
    entries_.pop_front();
    ++dropped_;
  }
  return entries_.back().number;
}

void Journal::close(std::uint64_t number, Close how, int status, WallTime at) {
  const std::lock_guard hold(lock_);
  if (entries_.empty() || number < entries_.front().number) return;  // dropped meanwhile
  const std::uint64_t place = number - entries_.front().number;
  if (place >= entries_.size()) return;
  Entry& entry = entries_[place];
  entry.close = how;
  entry.status = status;
  entry.closed = at;
}

void Journal::clear() {
  const std::lock_guard hold(lock_);
  entries_.clear();
  bytes_ = 0;
  dropped_ = 0;
}

std::vector<Entry> Journal::entries() const {
  const std::lock_guard hold(lock_);
  return {entries_.begin(), entries_.end()};
}

std::string Journal::json() const {
  const std::lock_guard hold(lock_);
  std::string text;
  json::Writer out(text);
  out.object().key("requests").array();
  for (const Entry& entry : entries_) write_entry(out, entry);
  out.end_array().field("dropped", static_cast<std::int64_t>(dropped_)).end_object();
  return text;
}

}  // namespace naru::mock
