#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace naru {

/// Values from any thread to one consuming thread, never more than `bound` of them.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t bound) : bound_(bound) {}

  /// False, and `value` untouched, if the queue is full or closed.
  [[nodiscard]] bool push(T& value) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || values_.size() >= bound_) return false;
      values_.push_back(std::move(value));
    }
    wake_.notify_one();
    return true;
  }
  [[nodiscard]] bool push(T&& value) { return push(value); }

  /// Waits for values and gives up to `most`; empty once closed and drained.
  std::vector<T> take(std::size_t most) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return closed_ || !values_.empty(); });
    std::vector<T> taken;
    while (!values_.empty() && taken.size() < most) {
      taken.push_back(std::move(values_.front()));
      values_.pop_front();
    }
    return taken;
  }

  /// No more values go in; those inside still come out.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    wake_.notify_all();
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }

 private:
  const std::size_t bound_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<T> values_;
  bool closed_ = false;
};

}  // namespace naru
