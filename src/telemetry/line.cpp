#include "telemetry/line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json_writer.h"

namespace naru::telemetry {
namespace {

constexpr std::size_t kMostTextBytes = 2048;  // of one field
constexpr std::size_t kTailBytes = 16;        // what says that a line was cut, and ends it
constexpr std::array<std::string_view, 5> kWords = {"debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 4> kShown = {"DEBUG", "INFO ", "WARN ", "ERROR"};
constexpr std::array<std::string_view, 4> kColours = {"\x1b[2m", "\x1b[32m", "\x1b[33m",
                                                      "\x1b[31m"};
constexpr std::string_view kPlainColour = "\x1b[0m";

/// Bytes of the character at the start of `text` if it moves text about or ends lines without being
/// an ASCII control character: DEL, C1 controls, line separators, changes of direction. Else 0.
std::size_t steering_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  if (byte(0) == 0x7F) return 1;
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return 2;
  const bool separators = byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE;
  const bool isolates = byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;
  return byte(0) == 0xE2 && (separators || isolates) ? 3 : 0;
}

std::uint32_t code_of(std::string_view character) {
  std::uint32_t code = 0;
  for (const char c : character) code = (code << 6) | (static_cast<unsigned char>(c) & 0x3F);
  if (character.size() == 1) return static_cast<unsigned char>(character[0]);
  return character.size() == 2 ? code & 0x7FF : code & 0xFFFF;
}

/// The first `most` bytes of `text`, less what would cut a character.
std::string_view beginning(std::string_view text, std::size_t most) {
  const auto is_inner = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
  };
  std::size_t end = most;
  for (int i = 0; i < 3 && is_inner(end); ++i) --end;
  return text.substr(0, end);
}

/// As a JSON string that is safe on a terminal too.
std::string quoted(std::string_view text) {
  std::string out;
  if (text.size() > kMostTextBytes)
    json::append_quoted(out, fmt::format("{}…", beginning(text, kMostTextBytes)));
  else
    json::append_quoted(out, text);
  for (std::size_t at = out.find_first_of("\x7F\xC2\xE2"); at < out.size(); ++at) {
    const std::size_t bytes = steering_bytes(std::string_view(out).substr(at));
    if (bytes == 0) continue;
    const std::uint32_t code = code_of(std::string_view(out).substr(at, bytes));
    out.replace(at, bytes, fmt::format("\\u{:04x}", code));
  }
  return out;
}

bool is_word(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return c > ' ' && c < 0x7F && c != '"' && c != '=' && c != '\\'; });
}

bool says_nothing(const FieldView& field) {
  const auto* const text = std::get_if<std::string_view>(&field.value);
  return text != nullptr && text->empty();
}

void append_value(json::Writer& out, const FieldView& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) out.raw(quoted(*text));
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) out.integer(*number);
  if (const auto* number = std::get_if<std::uint64_t>(&field.value))
    out.raw(fmt::format_int(*number).c_str());
  if (const auto* number = std::get_if<double>(&field.value)) out.number(*number);
  if (const auto* yes = std::get_if<bool>(&field.value)) out.boolean(*yes);
}

std::string render_json(const LineView& line, std::size_t most_bytes) {
  std::string text;
  json::Writer out(text);
  out.object().field("time", rfc3339_ms(line.time)).field("level", word_of(line.level));
  out.key("event").raw(quoted(line.event));
  for (const FieldView& field : line.fields) {
    if (says_nothing(field)) continue;
    const std::size_t before = text.size();
    out.key(field.name);
    append_value(out, field);
    if (text.size() + kTailBytes <= most_bytes) continue;
    text.resize(before);
    out.field("cut", true);
    break;
  }
  out.end_object();
  return text += '\n';
}

std::string render_pretty(const LineView& line, bool colour, std::size_t most_bytes) {
  const auto level = static_cast<std::size_t>(line.level);
  const std::string time = rfc3339_ms(line.time);
  const std::string_view clock = std::string_view(time).substr(11, 12);
  std::string text = fmt::format("{} {}{}{} {}", clock, colour ? kColours[level] : "",
                                 kShown[level], colour ? kPlainColour : "", line.event);
  for (const FieldView& field : line.fields) {
    if (says_nothing(field)) continue;
    const std::size_t before = text.size();
    text.append(" ").append(field.name).append("=");
    const auto* const word = std::get_if<std::string_view>(&field.value);
    if (word != nullptr && word->size() <= kMostTextBytes && is_word(*word)) {
      text.append(*word);
    } else {
      json::Writer out(text);
      append_value(out, field);
    }
    if (text.size() + kTailBytes <= most_bytes) continue;
    text.resize(before);
    text.append(" cut=true");
    break;
  }
  return text += '\n';
}

}  // namespace

std::string_view word_of(Level level) { return kWords[static_cast<std::size_t>(level)]; }

std::optional<Level> find_level(std::string_view word) {
  const auto* const found = std::ranges::find(kWords, word);
  if (found == kWords.end()) return std::nullopt;
  return static_cast<Level>(found - kWords.begin());
}

std::string rfc3339_ms(WallTime time) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(ms);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(ms - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string render(const LineView& line, LineForm form, std::size_t most_bytes) {
  if (form == LineForm::Json) return render_json(line, most_bytes);
  return render_pretty(line, form == LineForm::Colour, most_bytes);
}

}  // namespace naru::telemetry
