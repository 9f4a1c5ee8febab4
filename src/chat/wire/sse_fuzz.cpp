#include <cstdint>

#include "base/check.h"
#include "chat/wire/sse.h"

namespace naru::wire {
namespace {

constexpr std::size_t kLimitBytes = 64;

struct Outcome {
  std::string account;  // of all events
  bool too_large = false;
};

/// Feeds `stream` in pieces of `piece` bytes.
Outcome split(std::string_view stream, std::size_t piece) {
  Splitter splitter(kLimitBytes);
  Outcome outcome;
  while (!stream.empty()) {
    const std::string_view chunk = stream.substr(0, piece);
    stream.remove_prefix(chunk.size());
    if (!splitter.feed(chunk)) {
      outcome.too_large = true;
      return outcome;
    }
    while (const auto view = splitter.next()) {
      NARU_CHECK(!view->raw.empty() && view->raw.size() <= kLimitBytes, "events have bounds");
      outcome.account +=
          fmt::format("{}|{}|{}|{};", view->raw, view->event, view->data, view->has_data);
    }
    NARU_CHECK(splitter.pending_bytes() <= kLimitBytes, "what waits has a bound");
  }
  return outcome;
}

}  // namespace
}  // namespace naru::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  const naru::wire::Outcome whole = naru::wire::split(stream, size);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}}) {
    const naru::wire::Outcome cut = naru::wire::split(stream, piece);
    NARU_CHECK(cut.too_large == whole.too_large, "a limit does not depend on cuts");
    NARU_CHECK(whole.too_large || cut.account == whole.account, "events do not depend on cuts");
  }
  return 0;
}
