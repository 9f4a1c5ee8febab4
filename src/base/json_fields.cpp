#include "base/json_fields.h"

#include <fmt/format.h>

#include <limits>

namespace naru::json {
namespace {

constexpr std::size_t kMostShownBytes = 32;  // of a wrong number
constexpr std::size_t kMostProblems = 16;    // named in one fault

std::string_view words_for(Type type) {
  switch (type) {
    case Type::Object:
      return "an object";
    case Type::Array:
      return "an array";
    case Type::String:
      return "a string";
    case Type::Number:
      return "a number";
    case Type::True:
    case Type::False:
      return "true or false";
    case Type::Null:
      return "null";
  }
  return "something else";
}

/// `, not 7` behind a number that is out of range; nothing behind other values.
std::string instead_of(ValueView value) {
  if (!value.is_number() || value.raw().size() > kMostShownBytes) return {};
  return fmt::format(", not {}", value.raw());
}

std::string range_words(std::int64_t low, std::int64_t high) {
  constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();
  if (low == kLowest && high == kHighest) return "";
  if (high == kHighest) return fmt::format(" of at least {}", low);
  if (low == kLowest) return fmt::format(" of at most {}", high);
  return fmt::format(" from {} to {}", low, high);
}

/// `messages[0].content` of `$.messages[0].content`; empty for the root.
std::string param_of(std::string_view path) {
  if (path.starts_with("$.")) path.remove_prefix(2);
  return path == "$" ? std::string() : std::string(path);
}

}  // namespace

FieldReader::FieldReader(ValueView object, std::string path)
    : object_(object), path_(std::move(path)), taken_(object.is_object() ? object.size() : 0) {
  if (!object_.is_object()) problem("", "must be an object");
}

std::optional<ValueView> FieldReader::take(std::string_view name) {
  if (!object_.is_object()) return std::nullopt;
  const std::optional<ValueView> found = object_.find(name);
  if (!found) return std::nullopt;
  std::size_t at = 0;
  for (const ValueView member : object_) {
    taken_[at] = taken_[at] || member.key() == name;
    ++at;
  }
  return found->is_null() ? std::nullopt : found;
}

std::optional<ValueView> FieldReader::find_any(std::string_view name) { return take(name); }

std::optional<ValueView> FieldReader::need(std::string_view name, Type type) {
  const std::optional<ValueView> value = take(name);
  const bool either_bool = type == Type::True || type == Type::False;
  if (value && (either_bool ? value->is_bool() : value->is(type))) return value;
  if (object_.is_object()) problem(name, fmt::format("must be {}", words_for(type)));
  return std::nullopt;
}

std::string FieldReader::text(std::string_view name) {
  const std::optional<ValueView> value = need(name, Type::String);
  return value ? std::string(value->text()) : std::string();
}

std::optional<std::string> FieldReader::find_text(std::string_view name) {
  const std::optional<ValueView> value = take(name);
  if (!value) return std::nullopt;
  if (value->is_string()) return std::string(value->text());
  problem(name, "must be a string");
  return std::nullopt;
}

std::optional<std::int64_t> FieldReader::find_integer(std::string_view name, std::int64_t low,
                                                      std::int64_t high) {
  const std::optional<ValueView> value = take(name);
  if (!value) return std::nullopt;
  const std::optional<std::int64_t> number = value->integer();
  if (number && *number >= low && *number <= high) return number;
  problem(name,
          fmt::format("must be a whole number{}{}", range_words(low, high), instead_of(*value)));
  return std::nullopt;
}

std::optional<double> FieldReader::find_number(std::string_view name, double low, double high) {
  const std::optional<ValueView> value = take(name);
  if (!value) return std::nullopt;
  const std::optional<double> number = value->number();
  if (number && *number >= low && *number <= high) return number;
  problem(name, fmt::format("must be a number from {} to {}{}", low, high, instead_of(*value)));
  return std::nullopt;
}

std::optional<bool> FieldReader::find_boolean(std::string_view name) {
  const std::optional<ValueView> value = take(name);
  if (!value) return std::nullopt;
  if (!value->is_bool()) problem(name, "must be true or false");
  return value->boolean();
}

void FieldReader::problem(std::string_view name, std::string_view what) {
  problems_.push_back({path_of(name), std::string(what)});
}

void FieldReader::absorb(FieldReader& inner) {
  std::ranges::move(inner.problems_, std::back_inserter(problems_));
  inner.problems_.clear();
}

std::string FieldReader::path_of(std::string_view name) const {
  if (name.empty()) return path_;
  return fmt::format("{}.{}", path_, name);
}

std::vector<RawField> FieldReader::rest() const {
  std::vector<RawField> fields;
  if (!object_.is_object()) return fields;
  std::size_t at = 0;
  for (const ValueView member : object_) {
    if (!taken_[at++]) fields.push_back({std::string(member.key()), std::string(member.raw())});
  }
  return fields;
}

Fault FieldReader::fault() const {
  Fault fault{.kind = FaultKind::InvalidRequest, .detail = {}};
  for (std::size_t i = 0; i < problems_.size() && i < kMostProblems; ++i) {
    if (i > 0) fault.detail += "; ";
    fault.detail += fmt::format("{} {}", problems_[i].path, problems_[i].what);
  }
  if (problems_.size() > kMostProblems)
    fault.detail += fmt::format("; and {} more", problems_.size() - kMostProblems);
  if (ok()) return fault;
  fault.param = param_of(problems_.front().path);
  return fault;
}

}  // namespace naru::json
