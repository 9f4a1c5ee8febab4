#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/byte_stream.h"

namespace naru::net {

/// A connection between two calls.
struct PooledStream {
  std::unique_ptr<ByteStream> stream;
  Monotonic born{};  ///< when it was connected
};

/// How long connections are kept.
struct PoolLimits {
  std::chrono::nanoseconds idle;
  std::chrono::nanoseconds max_age;
};

/// A loop's idle connections by key. The one used last is taken first, so that those too many grow
/// old and close. Ended ones are let go within a second.
class Pool {
 public:
  static constexpr std::size_t kMaxIdleOfKey = 256;

  explicit Pool(Timers& timers);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// A connection that is neither too old nor closed by its peer; null stream if there is none.
  PooledStream take(const std::string& key);
  /// Keeps it, unless it is too old already.
  void put(const std::string& key, PooledStream connection, PoolLimits limits);
  void clear();
  std::size_t size() const { return size_; }

 private:
  struct Idle {
    PooledStream connection;
    Monotonic ends{};
  };

  bool is_usable(const Idle& idle) const;
  void sweep();
  void arm();

  Timers& timers_;
  std::unordered_map<std::string, std::vector<Idle>> idle_;  // by key, the last used at the back
  std::size_t size_ = 0;
  Timers::Timer timer_;
};

}  // namespace naru::net
