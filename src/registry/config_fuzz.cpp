#include <cstdint>

#include "base/check.h"
#include "base/text.h"
#include "registry/load.h"
#include "registry/toy_kinds_for_test.h"

/// Any text is either a snapshot or has a problem, and each problem can be written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace naru;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const registry::Loaded loaded = registry::load_text(registry::toy::kinds(), text, "f.yaml", {});
  NARU_CHECK((loaded.snapshot == nullptr) == !loaded.problems.empty(),
             "a text is refused with a reason, or taken");
  for (const Problem& problem : loaded.problems) {
    NARU_CHECK(!problem.text.empty() && problem.line >= 0, "a problem says something");
    NARU_CHECK(is_utf8(settings::write_problem(problem)), "messages are shown and sent as JSON");
  }
  return 0;
}
