#include "base/settings/values.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

namespace naru::settings {
namespace {

/// One unit and how many of the smallest one it holds; tables run from small to large.
struct Unit {
  std::string_view name;
  std::int64_t size;
};

constexpr auto kDurations =
    std::to_array<Unit>({{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}});
constexpr auto kSizes =
    std::to_array<Unit>({{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}});

std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return value;
}

/// A number and one of `units`, or nothing.
std::optional<std::int64_t> read_with(std::span<const Unit> units, std::string_view text) {
  const std::size_t cut = text.find_first_not_of("0123456789");
  if (cut == text.npos || cut == 0) return std::nullopt;
  const auto number = digits(text.substr(0, cut));
  for (const Unit& unit : units) {
    if (unit.name != text.substr(cut) || !number) continue;
    if (*number > std::numeric_limits<std::int64_t>::max() / unit.size) return std::nullopt;
    return *number * unit.size;
  }
  return std::nullopt;
}

std::string write_with(std::span<const Unit> units, std::int64_t value) {
  const Unit* best = &units.front();
  for (const Unit& unit : units)
    if (value != 0 && value % unit.size == 0) best = &unit;
  return fmt::format("{}{}", value / best->size, best->name);
}

bool is_number(std::string_view text) { return digits(text).has_value(); }

}  // namespace

Reading<std::int64_t> read_integer(std::string_view text) {
  if (const auto value = digits(text)) return *value;
  return std::unexpected("give a whole number in decimal digits");
}

Reading<std::chrono::milliseconds> read_duration(std::string_view text) {
  if (const auto value = read_with(kDurations, text)) return std::chrono::milliseconds(*value);
  if (is_number(text)) return std::unexpected(fmt::format("durations carry a unit, as {}s", text));
  return std::unexpected("give a whole number and its unit ms, s, m or h, as 90s");
}

Reading<std::uint64_t> read_bytes(std::string_view text) {
  if (const auto value = read_with(kSizes, text)) return static_cast<std::uint64_t>(*value);
  if (is_number(text)) return std::unexpected(fmt::format("sizes carry a unit, as {}B", text));
  return std::unexpected("give a whole number and its unit B, KiB, MiB or GiB, as 32MiB");
}

Reading<bool> read_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::unexpected("give true or false");
}

std::string write_duration(std::chrono::milliseconds value) {
  const std::int64_t count = value.count();
  return count == 0 ? "0s" : write_with(kDurations, count);
}

std::string write_bytes(std::uint64_t value) {
  return write_with(kSizes, static_cast<std::int64_t>(value));
}

}  // namespace naru::settings
