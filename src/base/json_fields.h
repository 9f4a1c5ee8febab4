#pragma once
#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace naru::json {

/// One field of an object that no reader took: its name and its bytes, untouched.
struct RawField {
  std::string name;
  std::string raw;
  bool operator==(const RawField&) const = default;
};

/// Reads an object field by field, collects every problem with its path, and keeps what was not
/// asked for. A missing or null optional field is no problem; a wrong type is.
///   FieldReader in(value, "$");
///   request.model = in.text("model");
///   request.extra = in.rest();
///   return in.finish(std::move(request));   // "$.model must be a string; …" or the value
class FieldReader {
 public:
  FieldReader(ValueView object, std::string path);

  std::string text(std::string_view name);  ///< required
  std::optional<std::string> find_text(std::string_view name);
  std::optional<std::int64_t> find_integer(std::string_view name, std::int64_t low,
                                           std::int64_t high);
  std::optional<double> find_number(std::string_view name, double low, double high);
  std::optional<bool> find_boolean(std::string_view name);
  /// The value as it is; takes it out of `rest()`. Null counts as missing.
  std::optional<ValueView> find_any(std::string_view name);
  /// Required, of that type.
  std::optional<ValueView> need(std::string_view name, Type type);

  /// Says that the field at `name` (empty: the object itself) is wrong: "must be …".
  void problem(std::string_view name, std::string_view what);
  /// Takes over the problems of a reader of an inner object.
  void absorb(FieldReader& inner);
  std::string path_of(std::string_view name) const;
  bool ok() const { return problems_.empty(); }

  /// Fields nobody took, in their order.
  std::vector<RawField> rest() const;
  /// `value`, or InvalidRequest with all problems joined by "; " and the first one's path in
  /// `param`.
  template <class T>
  Result<T> finish(T value) {
    if (ok()) return value;
    return fail(fault());
  }
  Fault fault() const;

 private:
  struct Problem {
    std::string path;
    std::string what;
  };
  std::optional<ValueView> take(std::string_view name);
  ValueView object_;
  std::string path_;
  std::vector<bool> taken_;  // one a member, in order
  std::vector<Problem> problems_;
};

}  // namespace naru::json
