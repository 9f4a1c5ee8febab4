#include "base/check.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace naru {

void broken_check(std::string_view condition, std::string_view why, std::source_location where) {
  const std::string text =
      fmt::format("{}:{}: {} does not hold: {}", where.file_name(), where.line(), condition, why);
  if (std::getenv("NARU_ABORT_ON_BROKEN_CHECK") != nullptr) {
    std::fprintf(stderr, "%s\n", text.c_str());
    std::abort();
  }
  throw BrokenInvariant(text);
}

}  // namespace naru
