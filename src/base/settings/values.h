#pragma once
#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace naru::settings {

/// A value, or what to write instead: "durations carry a unit, as 5s".
template <class T>
using Reading = std::expected<T, std::string>;

/// Decimal digits, with a minus before them if it must be.
Reading<std::int64_t> read_integer(std::string_view text);
/// `250ms`, `2s`, `5m`, `1h`; the unit is never left out.
Reading<std::chrono::milliseconds> read_duration(std::string_view text);
/// `512B`, `64KiB`, `32MiB`, `2GiB`; the unit is never left out.
Reading<std::uint64_t> read_bytes(std::string_view text);
/// `true` or `false`.
Reading<bool> read_boolean(std::string_view text);

/// In the largest unit that leaves a whole number: `5m`, `90s`.
std::string write_duration(std::chrono::milliseconds value);
std::string write_bytes(std::uint64_t value);

}  // namespace naru::settings
