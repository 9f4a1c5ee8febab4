#include "load/response.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace naru::load {
namespace {

constexpr std::size_t kMostLine = 64 << 10;  // of a head too
constexpr std::size_t kTail = 256;           // bytes of a body that are kept to look at its end

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view without_space(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool read_number(std::string_view text, int base, std::size_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Response::State Response::feed(std::string_view bytes) {
  if (state_ == State::Head) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    const std::size_t had = line_.size();
    line_.append(bytes);
    const std::size_t at = line_.find(kEnd, had < kEnd.size() ? 0 : had - kEnd.size());
    if (at == line_.npos)
      return line_.size() > kMostLine ? broken("a head without an end") : State::Head;
    const std::string rest = line_.substr(at + kEnd.size());
    line_.resize(at);
    if (read_head() != State::Body) return state_;
    line_.clear();
    return take_body(rest);
  }
  if (state_ == State::Body) return take_body(bytes);
  return broken("bytes behind the answer");
}

Response::State Response::end() {
  stays_open_ = false;
  if (state_ == State::Body && framing_ == Framing::UntilClose) return finish();
  return broken(state_ == State::Head ? "closed before its head" : "cut");
}

void Response::reset() {
  state_ = State::Head;
  framing_ = Framing::UntilClose;
  part_ = Part::Size;
  stays_open_ = true;
  status_ = 0;
  left_ = marks_ = 0;
  line_.clear();
  tail_.clear();
  trouble_.clear();
}

Response::State Response::broken(std::string why) {
  trouble_ = std::move(why);
  stays_open_ = false;
  return state_ = State::Broken;
}

Response::State Response::read_head() {
  std::string_view head = line_;
  std::size_t number = 0;
  const std::string_view start = head.substr(0, head.find("\r\n"));
  if (!start.starts_with("HTTP/1.") || start.size() < 12 ||
      !read_number(start.substr(9, 3), 10, number))
    return broken("no HTTP");
  status_ = static_cast<int>(number);
  state_ = State::Body;
  while (true) {
    const std::size_t line_end = head.find("\r\n");
    if (line_end == head.npos) break;
    head.remove_prefix(line_end + 2);
    if (read_header(head.substr(0, head.find("\r\n"))) == State::Broken) return state_;
  }
  if (framing_ == Framing::Length && left_ == 0) return finish();
  return state_;
}

Response::State Response::read_header(std::string_view line) {
  const std::string_view name = line.substr(0, line.find(':'));
  const std::string_view value = without_space(line.substr(std::min(line.size(), name.size() + 1)));
  if (same_word(name, "connection") && same_word(value, "close")) stays_open_ = false;
  if (same_word(name, "transfer-encoding")) framing_ = Framing::Chunked;
  if (!same_word(name, "content-length") || framing_ == Framing::Chunked) return state_;
  framing_ = Framing::Length;
  return read_number(value, 10, left_) ? state_ : broken("a length that is no number");
}

Response::State Response::take_body(std::string_view bytes) {
  if (framing_ == Framing::Chunked) return take_chunked(bytes);
  if (framing_ == Framing::Length && bytes.size() > left_) return broken("longer than it says");
  take_data(bytes);
  if (framing_ == Framing::UntilClose) return state_;
  left_ -= bytes.size();
  return left_ == 0 ? finish() : state_;
}

Response::State Response::take_chunked(std::string_view bytes) {
  while (!bytes.empty() && state_ == State::Body) {
    if (part_ == Part::Data) {
      const std::string_view data = bytes.substr(0, left_);
      take_data(data);
      bytes.remove_prefix(data.size());
      left_ -= data.size();
      if (left_ == 0) part_ = Part::DataEnd;
      continue;
    }
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end == bytes.npos ? bytes.size() : end + 1);
    line_.append(piece);
    bytes.remove_prefix(piece.size());
    if (line_.size() > kMostLine) return broken("a chunk's size without an end");
    if (end == bytes.npos && !line_.ends_with('\n')) break;
    take_line(without_space(line_));
    line_.clear();
  }
  if (state_ == State::Done && !bytes.empty()) return broken("bytes behind the answer");
  return state_;
}

Response::State Response::take_line(std::string_view line) {
  switch (part_) {
    case Part::Size:
      if (!read_number(line.substr(0, line.find(';')), 16, left_))
        return broken("a chunk's size that is no number");
      part_ = left_ == 0 ? Part::Trailer : Part::Data;
      return state_;
    case Part::DataEnd:
      if (!line.empty()) return broken("a chunk longer than it says");
      part_ = Part::Size;
      return state_;
    default:
      return line.empty() ? finish() : state_;
  }
}

void Response::take_data(std::string_view data) {
  tail_.append(data);
  if (!expect_.mark.empty()) {
    // A mark may have begun in what came before.
    const std::size_t before = tail_.size() - data.size();
    std::size_t at = before < expect_.mark.size() ? 0 : before - expect_.mark.size() + 1;
    while ((at = tail_.find(expect_.mark, at)) != tail_.npos) {
      ++marks_;
      at += expect_.mark.size();
    }
  }
  if (tail_.size() > kTail) tail_.erase(0, tail_.size() - kTail);
}

Response::State Response::finish() {
  if (status_ != 200) return broken(fmt::format("status {}", status_));
  if (expect_.marks != 0 && marks_ != expect_.marks)
    return broken(fmt::format("{} marks, not {}", marks_, expect_.marks));
  if (!without_space(tail_).ends_with(expect_.end)) return broken("another end");
  return state_ = State::Done;
}

}  // namespace naru::load
