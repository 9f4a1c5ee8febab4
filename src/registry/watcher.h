#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "sys/fd.h"

namespace naru::registry {

struct WatcherOptions {
  /// Paths to watch, files and folders; asked anew after each change. From the watcher's thread.
  std::function<std::vector<std::string>()> paths;
  /// What was watched is no longer what it was. From the watcher's thread.
  std::function<void()> changed;
  /// Silence after a change before `changed` is called, so that files written one after the other
  /// count once.
  std::chrono::milliseconds settle{100};
  /// Without the kernel's notice (none left to be had), how often to look.
  std::chrono::milliseconds fallback{2'000};
};

/// Calls back when files change in any way that files are changed: written in place, replaced by
/// rename, or below a symbolic link that is swapped (a ConfigMap's `..data`). Watches the folders
/// they stand in and compares what is there; sleeps in between. Owns a thread.
class Watcher {
 public:
  explicit Watcher(WatcherOptions options);
  ~Watcher();  ///< stops and joins
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 private:
  using Fingerprints = std::map<std::string, std::string>;
  void run(const std::stop_token& stop, Fingerprints seen);
  Fingerprints look() const;
  void watch(const Fingerprints& seen);
  bool wait(std::chrono::milliseconds most) const;

  const WatcherOptions options_;
  const sys::Fd notices_;  // inotify; closed when none is to be had
  const sys::Fd stopped_;  // eventfd
  std::map<std::string, int> folders_;
  bool all_watched_ = false;
  std::jthread thread_;
};

}  // namespace naru::registry
