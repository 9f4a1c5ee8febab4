#include <algorithm>

#include "dialect/openai/openai.h"

namespace naru::dialect::openai_wire {
namespace {

/// Members whose value is a word of the protocol. Any other text in them is a span all the same: a
/// field's name alone hides nothing.
constexpr auto kWordKeys = std::to_array<std::string_view>(
    {"role", "type", "detail", "format", "encoding_format", "reasoning_effort", "service_tier",
     "verbosity", "effort", "tool_choice", "function_call", "modalities", "truncation", "status",
     "phase", "summary", "include", "mode"});
constexpr auto kIdKeys =
    std::to_array<std::string_view>({"id", "tool_call_id", "call_id", "previous_response_id"});
constexpr auto kUrlKeys = std::to_array<std::string_view>({"url", "image_url", "file_url"});
constexpr auto kBytesKeys = std::to_array<std::string_view>({"data", "file_data"});
constexpr std::size_t kLongestWord = 32;
constexpr std::size_t kLongestId = 64;
constexpr std::size_t kShortestBytes = 512;  // of base64; shorter runs may be words
constexpr std::size_t kShortestSeal = 128;   // likewise

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alnum(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_word(std::string_view text) {
  return text.size() <= kLongestWord &&
         std::ranges::all_of(text, [](char c) { return is_lower(c) || c == '_'; });
}

/// As providers make them; one that starts with a digit may be somebody's number.
bool is_id(std::string_view text) {
  const auto fits = [](char c) { return is_alnum(c) || c == '_' || c == '-'; };
  const bool digit_first = !text.empty() && text[0] >= '0' && text[0] <= '9';
  return text.size() <= kLongestId && !digit_first && std::ranges::all_of(text, fits);
}

bool is_base64(std::string_view text) {
  const auto fits = [](char c) { return is_alnum(c) || c == '+' || c == '/' || c == '='; };
  return std::ranges::all_of(text, fits);
}

/// Reasoning that its provider has sealed, or naru wrapped; any change would break it.
bool is_seal(std::string_view text) {
  constexpr std::string_view kOthers = "+/=-_.:";
  const auto fits = [&](char c) { return is_alnum(c) || kOthers.find(c) != kOthers.npos; };
  return text.size() >= kShortestSeal && std::ranges::all_of(text, fits);
}

/// `data:image/png;base64,…`: bytes, not words.
bool is_data_url(std::string_view text) {
  if (!text.starts_with("data:")) return false;
  const std::size_t comma = text.find(',');
  return comma != std::string_view::npos && text.substr(0, comma).ends_with(";base64") &&
         is_base64(text.substr(comma + 1));
}

bool any_is(std::span<const std::string_view> keys, std::string_view key) {
  return std::ranges::find(keys, key) != keys.end();
}

bool is_plain_protocol(std::string_view key, std::string_view text) {
  if (any_is(kWordKeys, key)) return is_word(text);
  if (any_is(kIdKeys, key)) return is_id(text);
  if (any_is(kUrlKeys, key)) return is_data_url(text);
  if (key == "encrypted_content") return text.empty() || is_seal(text);
  if (any_is(kBytesKeys, key))
    return is_data_url(text) || (text.size() >= kShortestBytes && is_base64(text));
  return text.empty();
}

}  // namespace

void collect_texts(json::ValueView value, std::string_view key, std::vector<json::Span>& out) {
  if (value.is_string()) {
    if (!is_plain_protocol(key, value.text())) out.push_back(value.span());
  } else if (value.is_array()) {
    for (const json::ValueView one : value) collect_texts(one, key, out);
  } else {
    for (const json::ValueView member : value) {
      if (!is_word(member.key())) out.push_back(member.key_span());  // a name can be a text too
      collect_texts(member, member.key(), out);
    }
  }
}

}  // namespace naru::dialect::openai_wire
