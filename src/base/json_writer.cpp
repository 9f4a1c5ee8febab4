#include "base/json_writer.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "base/json_text.h"
#include "base/text.h"

namespace naru::json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void append_escape(std::string& out, char c) {
  constexpr std::string_view kMeanings = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  const std::size_t which = kMeanings.find(c);
  if (which != kMeanings.npos)
    out.append({'\\', kLetters[which]});
  else
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
}

void append_escaped(std::string& out, std::string_view valid) {
  const char* at = valid.data();
  const char* const end = at + valid.size();
  while (at != end) {
    const char* const stop = plain_end(at, end);
    out.append(at, stop);
    if (stop == end) return;
    append_escape(out, *stop);
    at = stop + 1;
  }
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (bool valid = is_utf8(text); !valid;) {
    const std::size_t good = utf8_valid_bytes(text);
    append_escaped(out, text.substr(0, good));
    valid = good == text.size();
    if (!valid) out.append(kReplacement);
    text.remove_prefix(valid ? good : good + 1);
  }
  append_escaped(out, text);
  out.push_back('"');
}

void Writer::separate() {
  if (comma_) out_.push_back(',');
  comma_ = true;
}

Writer& Writer::object() {
  separate();
  out_.push_back('{');
  comma_ = false;
  return *this;
}
Writer& Writer::end_object() {
  out_.push_back('}');
  comma_ = true;
  return *this;
}
Writer& Writer::array() {
  separate();
  out_.push_back('[');
  comma_ = false;
  return *this;
}
Writer& Writer::end_array() {
  out_.push_back(']');
  comma_ = true;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  separate();
  append_quoted(out_, name);
  out_.push_back(':');
  comma_ = false;
  return *this;
}

Writer& Writer::text(std::string_view value) {
  separate();
  append_quoted(out_, value);
  return *this;
}

Writer& Writer::integer(std::int64_t value) {
  separate();
  const fmt::format_int digits(value);
  out_.append(digits.data(), digits.size());
  return *this;
}

Writer& Writer::number(double value) {
  if (!std::isfinite(value)) return null();
  separate();
  std::array<char, 32> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  NARU_CHECK(error == std::errc(), "the shortest form of a double has at most 24 characters");
  out_.append(digits.data(), end);
  return *this;
}

Writer& Writer::boolean(bool value) {
  separate();
  out_.append(value ? "true" : "false");
  return *this;
}

Writer& Writer::null() {
  separate();
  out_.append("null");
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  NARU_CHECK(!json.empty(), "raw JSON is one value, and a value has bytes");
  separate();
  out_.append(json);
  return *this;
}

}  // namespace naru::json
