#include "cli/show/span.h"

#include <array>
#include <charconv>

#include "base/settings/report.h"

namespace naru::cli {
namespace {

struct Unit {
  char letter;
  std::int64_t seconds;
};
constexpr auto kUnits =
    std::to_array<Unit>({{'s', 1}, {'m', 60}, {'h', 3'600}, {'d', 86'400}, {'w', 604'800}});
constexpr std::int64_t kMostSeconds = 100LL * 366 * 86'400;

}  // namespace

Result<std::chrono::seconds> read_span(std::string_view text) {
  for (const Unit& unit : kUnits) {
    if (text.size() < 2 || text.back() != unit.letter) continue;
    std::int64_t count = 0;
    const char* end = text.data() + text.size() - 1;
    const auto [stop, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc{} || stop != end || count < 1) break;
    if (count > kMostSeconds / unit.seconds)
      return fail(FaultKind::InvalidRequest, "{} is more than a hundred years",
                  settings::shown(text));
    return std::chrono::seconds(count * unit.seconds);
  }
  return fail(FaultKind::InvalidRequest, "{} is no length of time; write it as 12h, 30d or 2w",
              settings::shown(text));
}

}  // namespace naru::cli
