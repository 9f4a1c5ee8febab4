#include "dialect/anthropic/request/models.h"

#include <algorithm>
#include <array>
#include <optional>

namespace naru::dialect::anthropic_wire {
namespace {

// Versions as a number: 406 of `4-6`. Those of more than two digits are dates.
constexpr int kFirstAdaptive = 406;
constexpr std::size_t kMostVersionDigits = 2;
constexpr int kNever = 100'000;

/// From which version on a family takes or refuses something.
/// Source: Claude docs, Troubleshooting thinking (rejected configurations), Mid-conversation system
/// messages, migration guides to Fable 5, Opus 5.5 and Sonnet 5.5; October 2026.
struct FamilyRow {
  std::string_view family;
  int always_thinks;  ///< refuses `disabled`
  int between_tools;  ///< has that in its place
  int system_turns;
};
constexpr auto kFamilies = std::to_array<FamilyRow>({
    {"opus", 505, kNever, 408},
    {"sonnet", kNever, 505, 505},
    {"haiku", kNever, kNever, 505},
    {"fable", 0, kNever, 500},
    {"mythos", 0, kNever, 500},
});

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); }

/// The next run of letters and digits of `name`, taken off it.
std::string_view take_word(std::string_view& name) {
  while (!name.empty() && !is_word(name.front())) name.remove_prefix(1);
  const auto end = std::ranges::find_if_not(name, is_word);
  const std::string_view word = name.substr(0, static_cast<std::size_t>(end - name.begin()));
  name.remove_prefix(word.size());
  return word;
}

std::optional<int> version_number(std::string_view word) {
  if (word.empty() || word.size() > kMostVersionDigits || !std::ranges::all_of(word, is_digit))
    return std::nullopt;
  int number = 0;
  for (const char c : word) number = number * 10 + (c - '0');
  return number;
}

std::optional<int> version_of(std::string_view name) {
  while (!name.empty()) {
    const std::optional<int> major = version_number(take_word(name));
    if (major) return *major * 100 + version_number(take_word(name)).value_or(0);
  }
  return std::nullopt;
}

}  // namespace

ModelTraits traits_of(std::string_view model) {
  ModelTraits traits;
  const std::size_t claude = model.find("claude");
  if (claude == std::string_view::npos) return traits;
  model.remove_prefix(claude);
  const std::optional<int> version = version_of(model);
  traits.adapts = !version || *version >= kFirstAdaptive;
  for (const FamilyRow& row : kFamilies) {
    if (model.find(row.family) == std::string_view::npos) continue;
    const int known = version.value_or(0);
    if (known >= row.always_thinks) traits.least_thinking = "";
    if (known >= row.between_tools) traits.least_thinking = "between_tools";
    traits.system_turns = known >= row.system_turns;
  }
  return traits;
}

}  // namespace naru::dialect::anthropic_wire
