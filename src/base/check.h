#pragma once
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace naru {

/// Our own mistake, found at run time. The one exception allowed across rooms; caught by the
/// pipeline and by task groups, so that one request dies and not the process.
class BrokenInvariant : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Says where a check broke: aborts when `NARU_ABORT_ON_BROKEN_CHECK` is set in the environment
/// (tests set it), else throws BrokenInvariant.
[[noreturn]] void broken_check(std::string_view condition, std::string_view why,
                               std::source_location where = std::source_location::current());

}  // namespace naru

/// Holds, or it is our own mistake. Never on input, configuration or a provider's answer.
#define NARU_CHECK(cond, why)                      \
  do {                                             \
    if (!(cond)) ::naru::broken_check(#cond, why); \
  } while (false)
