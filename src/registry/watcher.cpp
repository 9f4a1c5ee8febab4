#include "registry/watcher.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <set>

#include "registry/files.h"

namespace naru::registry {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kForever{-1};
constexpr int kMostSettling = 20;  // rounds: files that never rest are read all the same
constexpr int kMostLinks = 16;
constexpr milliseconds kClockTick{10};  // file systems stamp with the kernel's last tick
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                  IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

/// Folders in which a change to what `path` stands for shows: its own, and that of each symbolic
/// link on the way to it.
void add_folders(const fs::path& path, int links_left, std::set<std::string>& folders) {
  std::error_code error;
  fs::path prefix;
  for (auto part = path.begin(); part != path.end(); ++part) {
    prefix /= *part;
    const fs::path target = fs::read_symlink(prefix, error);
    if (error) continue;  // no link
    folders.insert(prefix.parent_path().string());
    fs::path next = prefix.parent_path() / target;
    for (++part; part != path.end(); ++part) next /= *part;
    if (links_left > 0) add_folders(next, links_left - 1, folders);
    return;
  }
  folders.insert(path.parent_path().string());
  if (fs::is_directory(path, error)) folders.insert(path.string());
}

bool changed_since(const std::string& path, std::chrono::system_clock::time_point when) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return false;
  const auto changed =
      std::chrono::seconds(about.st_ctim.tv_sec) + std::chrono::nanoseconds(about.st_ctim.tv_nsec);
  return changed >= when.time_since_epoch();
}

}  // namespace

Watcher::Watcher(WatcherOptions options)
    : options_(std::move(options)),
      notices_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      stopped_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  // Looked at before the thread starts: a change from here on is seen.
  Fingerprints seen = look();
  watch(seen);
  thread_ = std::jthread([this, first = std::move(seen)](const std::stop_token& stop) mutable {
    run(stop, std::move(first));
  });
}

Watcher::~Watcher() {
  thread_.request_stop();
  ::eventfd_write(stopped_.get(), 1);
}

Watcher::Fingerprints Watcher::look() const { return fingerprints(options_.paths()); }

void Watcher::watch(const Fingerprints& seen) {
  std::set<std::string> folders;
  std::error_code error;
  for (const auto& [path, print] : seen)
    add_folders(fs::absolute(path, error), kMostLinks, folders);
  std::erase_if(folders_, [&](const auto& watched) {
    if (folders.contains(watched.first)) return false;
    ::inotify_rm_watch(notices_.get(), watched.second);
    return true;
  });
  all_watched_ = notices_.is_open();
  // Each is added again: a folder that was replaced keeps its name, but not its watch.
  for (const std::string& folder : folders) {
    const int number = ::inotify_add_watch(notices_.get(), folder.c_str(), kEvents | IN_ONLYDIR);
    if (number >= 0)
      folders_[folder] = number;
    else
      all_watched_ = false;
  }
}

/// Waits for a notice; false when `most` passed without one.
bool Watcher::wait(milliseconds most) const {
  std::array<pollfd, 2> ready{{{.fd = stopped_.get(), .events = POLLIN, .revents = 0},
                               {.fd = notices_.get(), .events = POLLIN, .revents = 0}}};
  const int count = ::poll(ready.data(), ready.size(), static_cast<int>(most.count()));
  // What the notices say is not looked at: the files themselves are compared.
  std::array<char, 4096> drop{};
  while (notices_.is_open() && ::read(notices_.get(), drop.data(), drop.size()) > 0) continue;
  return count > 0;
}

void Watcher::run(const std::stop_token& stop, Fingerprints seen) {
  while (!stop.stop_requested()) {
    if (look() == seen) {
      wait(all_watched_ ? kForever : options_.fallback);
      continue;
    }
    for (int round = 0; round < kMostSettling && wait(options_.settle); ++round)
      if (stop.stop_requested()) return;
    Fingerprints now = look();
    watch(now);
    const auto asked = std::chrono::system_clock::now() - kClockTick;
    if (std::exchange(seen, std::move(now)) != seen) options_.changed();
    // The change may have brought further files; what was seen before it is compared again, and so
    // is what may have changed since it was read.
    Fingerprints after = look();
    watch(after);
    for (auto& [path, print] : after) {
      if (const auto before = seen.find(path); before != seen.end())
        print = before->second;
      else if (changed_since(path, asked))
        print.clear();
    }
    seen = std::move(after);
  }
}

}  // namespace naru::registry
