#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "net/handoff.h"
#include "store/connection.h"
#include "store/key_cache.h"
#include "telemetry/log.h"

namespace naru::store {

/// Looks keys up for the cache from a thread of its own, and watches for changes that others made.
class KeyReader {
 public:
  static constexpr std::size_t kMostWaiting = 4096;            ///< lookups; made-up keys fill it
  static constexpr std::chrono::milliseconds kLookEvery{400};  ///< a change counts within a second
  using Answer = Result<std::shared_ptr<const KeyRow>>;

  /// Lifetime: all that is borrowed outlives it. `connection` is its own.
  KeyReader(Connection connection, KeyCache& cache, telemetry::Log& log);
  ~KeyReader();  ///< what still waits is answered with Cancelled

  /// Asks for a key that the cache does not have. False if too many wait.
  [[nodiscard]] bool ask(const security::KeyHash& hash, net::Handoff<Answer> answer);

 private:
  struct Lookup {
    security::KeyHash hash;
    net::Handoff<Answer> answer;
  };
  void run();
  std::deque<Lookup> wait(Monotonic until);
  Answer look_up(const security::KeyHash& hash);
  void look_for_changes();

  Connection connection_;
  KeyCache& cache_;
  telemetry::Log& log_;
  std::optional<std::int64_t> revision_;  // nullopt: not known, nothing may be kept
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Lookup> lookups_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace naru::store
