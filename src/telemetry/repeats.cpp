#include "telemetry/repeats.h"

namespace naru::telemetry {

bool Repeats::allow(std::string_view event, Monotonic now) {
  const std::lock_guard lock(mutex_);
  auto at = windows_.find(event);
  if (at == windows_.end()) {
    if (windows_.size() >= kMostEvents) return true;
    at = windows_.emplace(std::string(event), Window{.began = now}).first;
  }
  Window& window = at->second;
  if (now - window.began >= limits_.window && window.held == 0) window = {.began = now};
  if (window.written < limits_.lines) {
    ++window.written;
    return true;
  }
  ++window.held;
  return false;
}

std::vector<Repeats::Held> Repeats::take_held(Monotonic now) {
  const std::lock_guard lock(mutex_);
  std::vector<Held> held;
  for (auto at = windows_.begin(); at != windows_.end();) {
    if (now - at->second.began < limits_.window) {
      ++at;
      continue;
    }
    if (at->second.held > 0) held.push_back({at->first, at->second.held});
    at = windows_.erase(at);
  }
  return held;
}

}  // namespace naru::telemetry
