#pragma once
#include <optional>
#include <string_view>

#include "base/json.h"

/// Small looks into an object that may be anything: what providers send is not always what they
/// document.
namespace naru::dialect {

/// Text of a member that is a string, else empty.
inline std::string_view text_of(json::ValueView object, std::string_view name) {
  const std::optional<json::ValueView> member = object.find(name);
  return member ? member->text() : std::string_view();
}

/// The member if it is an object.
inline std::optional<json::ValueView> find_object(json::ValueView object, std::string_view name) {
  const std::optional<json::ValueView> member = object.find(name);
  return member && member->is_object() ? member : std::nullopt;
}

/// The member if it is an object or array that is not empty.
inline std::optional<json::ValueView> find_filled(json::ValueView object, std::string_view name) {
  const std::optional<json::ValueView> member = object.find(name);
  if (!member || member->size() == 0) return std::nullopt;
  return member;
}

inline std::optional<json::ValueView> find_array(json::ValueView object, std::string_view name) {
  const std::optional<json::ValueView> member = object.find(name);
  return member && member->is_array() ? member : std::nullopt;
}

/// The member if it is a string that is not empty.
inline std::optional<json::ValueView> find_words(json::ValueView object, std::string_view name) {
  const std::optional<json::ValueView> member = object.find(name);
  if (!member || member->text().empty()) return std::nullopt;
  return member;
}

/// A count as it should be, at most `kMostTokens` so that sums cannot overflow; nullopt for what is
/// missing, negative or no whole number.
inline constexpr std::int64_t kMostTokens = 1'000'000'000'000;
inline std::optional<std::int64_t> find_count(json::ValueView object, std::string_view name) {
  const std::optional<json::ValueView> member = object.find(name);
  if (!member || !member->is_number()) return std::nullopt;
  const std::optional<std::int64_t> count = member->integer();
  if (!count || *count < 0) return std::nullopt;
  return std::min(*count, kMostTokens);
}

}  // namespace naru::dialect
