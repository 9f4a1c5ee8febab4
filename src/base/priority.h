#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace naru {

/// Who goes first where not all can go at once.
enum class Priority : std::uint8_t { Critical, Interactive, Batch };
inline constexpr auto kPriorityWords =
    std::to_array<std::string_view>({"critical", "interactive", "batch"});

constexpr std::string_view word_of(Priority priority) {
  return kPriorityWords[static_cast<std::size_t>(priority)];
}

constexpr std::optional<Priority> find_priority(std::string_view word) {
  for (std::size_t i = 0; i < kPriorityWords.size(); ++i)
    if (kPriorityWords[i] == word) return static_cast<Priority>(i);
  return std::nullopt;
}

/// For messages: `critical, interactive or batch`.
inline constexpr std::string_view kPriorityChoice = "critical, interactive or batch";

}  // namespace naru
