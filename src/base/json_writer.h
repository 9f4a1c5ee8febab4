#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace naru::json {

/// Writes one JSON text into a string, piece by piece. Keys come before their values; commas and
/// escapes by themselves. Text that is not UTF-8 gets U+FFFD in place of the broken bytes.
///   Writer out(body); out.object(); out.key("model").text(name); out.end_object();
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  Writer& object();
  Writer& end_object();
  Writer& array();
  Writer& end_array();
  Writer& key(std::string_view name);
  Writer& text(std::string_view value);
  Writer& integer(std::int64_t value);
  Writer& number(
      double value);  ///< shortest form that reads back the same; NaN and infinity are null
  Writer& boolean(bool value);
  Writer& null();
  Writer& raw(std::string_view json);  ///< bytes that are already one JSON value

  /// `key(name)` and the value in one call.
  Writer& field(std::string_view name, std::string_view value) { return key(name).text(value); }
  Writer& field(std::string_view name, const char* value) { return key(name).text(value); }
  Writer& field(std::string_view name, std::int64_t value) { return key(name).integer(value); }
  Writer& field(std::string_view name, int value) { return key(name).integer(value); }
  Writer& field(std::string_view name, bool value) { return key(name).boolean(value); }

 private:
  void separate();
  std::string& out_;
  bool comma_ = false;  // whether the next key or value needs one before it
};

/// Appends `text` as a JSON string, quotes included.
void append_quoted(std::string& out, std::string_view text);

}  // namespace naru::json
