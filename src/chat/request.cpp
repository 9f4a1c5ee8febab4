#include "chat/request.h"

#include <algorithm>
#include <array>

namespace naru::chat {
namespace {

// In the order of the enumeration.
constexpr auto kEfforts =
    std::to_array<std::string_view>({"none", "minimal", "low", "medium", "high", "xhigh", "max"});

}  // namespace

std::string_view word_of(Reasoning::Effort effort) {
  return kEfforts[static_cast<std::size_t>(effort)];
}

std::optional<Reasoning::Effort> find_effort(std::string_view word) {
  const auto at = std::ranges::find(kEfforts, word);
  if (at == kEfforts.end()) return std::nullopt;
  return static_cast<Reasoning::Effort>(at - kEfforts.begin());
}

}  // namespace naru::chat
