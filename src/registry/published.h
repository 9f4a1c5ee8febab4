#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/check.h"

namespace naru::registry {

/// One immutable value that is replaced as a whole: written by any thread, read by event loops.
/// Each loop keeps a copy of its own, with a reference count of its own, so that reading costs one
/// atomic load and shares no cache line with other loops until something new is published.
template <class T>
class Published {
 public:
  /// Copies for loops 0 to `loops` - 1.
  explicit Published(unsigned loops, std::shared_ptr<const T> first = nullptr)
      : latest_(std::move(first)), copies_(loops) {}
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  /// From now on pins give `next`; those taken before stay whole.
  void publish(std::shared_ptr<const T> next) {
    const std::lock_guard lock(mutex_);
    latest_.swap(next);  // the old one dies after the lock, if here
    version_.fetch_add(1, std::memory_order_release);
  }

  /// The latest value, for as long as it is held. On the thread of that loop only.
  std::shared_ptr<const T> pin(unsigned loop) {
    NARU_CHECK(loop < copies_.size(), "a copy for each loop was made at start");
    Copy& copy = copies_[loop];
    if (copy.version != version_.load(std::memory_order_acquire)) refresh(copy);
    return copy.value;
  }

  /// The latest value, from any thread. Cost: a lock.
  std::shared_ptr<const T> latest() const {
    const std::lock_guard lock(mutex_);
    return latest_;
  }

  /// Counts up by one with each `publish`.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

 private:
  struct alignas(64) Copy {
    std::uint64_t version = 0;
    std::shared_ptr<const T> value;
  };

  void refresh(Copy& copy) {
    using Holder = std::shared_ptr<const T>;
    std::shared_ptr<Holder> holder;
    {
      const std::lock_guard lock(mutex_);
      copy.version = version_.load(std::memory_order_relaxed);
      holder = std::make_shared<Holder>(latest_);
    }
    const T* value = holder->get();
    copy.value = std::shared_ptr<const T>(std::move(holder), value);
  }

  mutable std::mutex mutex_;
  std::shared_ptr<const T> latest_;
  std::atomic<std::uint64_t> version_{1};
  std::vector<Copy> copies_;
};

}  // namespace naru::registry
