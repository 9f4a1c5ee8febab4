#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace naru::telemetry {

struct RepeatLimits {
  std::uint32_t lines = 20;         ///< of one event within a window; further ones are counted
  std::chrono::seconds window{10};  ///< from an event's first line on
};

/// Keeps an event that happens again and again from filling the log. Safe from any thread.
class Repeats {
 public:
  explicit Repeats(RepeatLimits limits) : limits_(limits) {}

  /// Whether a line of `event` may be written now.
  bool allow(std::string_view event, Monotonic now);

  struct Held {
    std::string event;
    std::uint64_t count;  ///< lines that were not written
  };
  /// What was held back in windows that are over at `now`, each told once.
  std::vector<Held> take_held(Monotonic now);
  /// The same of all windows, over or not.
  std::vector<Held> take_all_held() { return take_held(Monotonic::max()); }

 private:
  static constexpr std::size_t kMostEvents = 256;  // names are constants of ours; far fewer exist
  struct Window {
    Monotonic began;
    std::uint32_t written = 0;
    std::uint64_t held = 0;
  };
  const RepeatLimits limits_;
  std::mutex mutex_;
  std::map<std::string, Window, std::less<>> windows_;
};

}  // namespace naru::telemetry
