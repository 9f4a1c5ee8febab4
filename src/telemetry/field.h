#pragma once
#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <variant>

namespace naru::telemetry {

/// One named value of a log line. Lifetime: that of the statement it is made in.
struct FieldView {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value;
};

template <class T>
concept Character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
                    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

/// What a log may show: texts, numbers, booleans. A Secret is none of these, so logging one does
/// not compile; nor does a pointer, which would pass for a boolean.
template <class T>
concept Loggable =
    (std::is_arithmetic_v<T> && !Character<T>) || std::convertible_to<const T&, std::string_view>;

/// `field("attempt", 2)`: durations as bare numbers, with the unit in the name.
template <class T>
  requires Loggable<T>
FieldView field(std::string_view name, const T& value) {
  if constexpr (std::same_as<T, bool>)
    return {name, value};
  else if constexpr (std::floating_point<T>)
    return {name, static_cast<double>(value)};
  else if constexpr (std::signed_integral<T>)
    return {name, static_cast<std::int64_t>(value)};
  else if constexpr (std::unsigned_integral<T>)
    return {name, static_cast<std::uint64_t>(value)};
  else
    return {name, std::string_view(value)};
}

}  // namespace naru::telemetry
