#pragma once
#include <atomic>
#include <span>
#include <thread>

#include "base/bounded_queue.h"
#include "net/handoff.h"
#include "store/health.h"
#include "store/ledger_table.h"
#include "telemetry/log.h"

namespace naru::store {

/// Writes the ledger from a thread of its own: each commit takes what queued during the last one
/// and waits for nothing else.
class LedgerWriter {
 public:
  static constexpr std::size_t kMostRowsACommit = 512;  ///< so that none waits long for its own

  /// A row, and where to say that it is durable.
  struct Waiting {
    LedgerRow row;
    net::Handoff<Result<void>> written;
  };

  /// Lifetime: all that is borrowed outlives it; `insert` belongs to `connection`.
  LedgerWriter(SharedConnection& connection, LedgerInsert insert, std::size_t most_waiting,
               Health& health, telemetry::Log& log);
  ~LedgerWriter();  ///< writes what is queued

  /// False, and `waiting` untouched, if the queue is full.
  [[nodiscard]] bool push(Waiting& waiting);
  /// Rows that were pushed and not yet answered for.
  std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  struct Outcome {
    Result<void> written;
    Trouble trouble;
  };
  void run();
  void write(std::span<const Waiting> batch);
  void write_each(std::span<const Waiting> batch);
  Outcome commit(std::span<const Waiting> rows);
  void note(const Outcome& outcome);
  void answer(std::span<const Waiting> rows, const Result<void>& result);

  SharedConnection& connection_;
  LedgerInsert insert_;
  Health& health_;
  telemetry::Log& log_;
  BoundedQueue<Waiting> queue_;
  std::atomic<std::size_t> waiting_{0};
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace naru::store
