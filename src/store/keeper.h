#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "store/connection.h"
#include "store/data_directory.h"
#include "store/health.h"
#include "telemetry/log.h"

namespace naru::store {

/// Keeps the database in order from a thread of its own, so that no row waits for it: carries the
/// write-ahead log over into the database, watches the disk's room, tries a write now and then
/// while writing fails, and drops kept answers that have expired.
class Keeper {
 public:
  static constexpr std::chrono::milliseconds kLookEvery{500};
  static constexpr std::chrono::milliseconds kForgetEvery{10'000};
  static constexpr std::int64_t kMostForgotten =
      200;  ///< in one transaction:  ///< expired answers at a time
  static constexpr int kPagesToCarry =
      1000;                                ///< as many new ones in the log, 4 MiB, are carried over
  static constexpr int kMostPages = 4096;  ///< of a log beyond this the last part is carried alone

  /// What it looks after. Lifetime: all of it outlives the keeper.
  struct Charge {
    const Clock& clock;
    SharedConnection& writing;
    const DataDirectory& directory;
    Health& writes;
    Health& room;
    std::uint64_t least_free_bytes;
    telemetry::Log& log;
  };
  /// `connection` is its own. Takes over the checkpoints of `charge.writing`.
  Keeper(Connection connection, Charge charge);
  ~Keeper();

 private:
  static int committed(void* self, sqlite_api::sqlite3*, const char*, int pages);
  bool much_to_carry() const;
  void run();
  void carry_over();
  void look_for_room();
  void try_a_write();
  void forget_expired();

  Connection connection_;
  Charge charge_;
  std::atomic<int> log_pages_{0};    // after the last commit
  std::atomic<int> tried_pages_{0};  // when the log was carried over last; 0 since it began anew
  Monotonic forget_next_ = Monotonic::min();  // of the keeper's own thread
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace naru::store
