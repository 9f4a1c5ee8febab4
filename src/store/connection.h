#pragma once
// SOCI's header for SQLite includes sqlite3.h within a namespace of its own, so it comes first and
// nobody includes sqlite3.h beside it.
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <concepts>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>

#include "base/result.h"
#include "sys/turn.h"

namespace naru::store {

/// Why the database did not do what it was asked, as far as it matters for what comes next.
enum class Trouble : std::uint8_t {
  None,
  Constraint,  ///< the rows break a rule of the schema; the database is well
  NoRoom,      ///< disk, quota or size limit; passes when there is room again
  Busy,        ///< another program holds the lock; passes
  Broken,      ///< damage, or a disk that fails: nothing is certain before a restart
};

enum class Durability : std::uint8_t {
  ProcessDeath,  ///< what is committed survives `kill -9`
  PowerCut,      ///< and a power cut: each commit waits for the disk
};

/// One connection to the database file, for one thread at a time.
class Connection {
 public:
  /// Opens the file, which must exist. Fails: Unavailable, with what to do.
  static Result<Connection> open(const std::string& file, Durability durability);
  /// The same, unable to write.
  static Result<Connection> open_to_read(const std::string& file);

  soci::session& sql() { return *session_; }
  const std::string& file() const { return file_; }
  /// SQLite's own handle, for what SQL cannot say.
  sqlite_api::sqlite3* handle();
  /// Of the last call that failed.
  Trouble trouble() const { return trouble_; }

  /// Lets other processes that write have their turn.
  void take_turns(sys::Turn turn) { turn_ = std::move(turn); }
  /// To be held while a transaction that writes begins.
  sys::Turn::Held turn() const { return turn_ ? turn_->take() : sys::Turn::Held(-1); }

  /// Runs `work`, which gives a Result; what SOCI throws in it becomes a fault.
  template <std::invocable Work>
  std::invoke_result_t<Work> run(Work work) {
    trouble_ = Trouble::None;
    try {
      return work();
    } catch (const soci::soci_error& error) {
      return fail(fault_of(error));
    }
  }

  /// The same as one transaction that may write: all of it or, when it gives a fault, nothing.
  template <std::invocable Work>
  std::invoke_result_t<Work> transact(Work work) {
    auto done = run([&]() -> std::invoke_result_t<Work> {
      begin();
      auto given = work();
      if (given) sql() << "COMMIT";
      return given;
    });
    if (!done) roll_back();
    return done;
  }

  /// Undoes an open transaction, if there is one.
  void roll_back() noexcept;

 private:
  Connection(std::string file, std::unique_ptr<soci::session> session)
      : file_(std::move(file)), session_(std::move(session)) {}
  static Result<Connection> connect(const std::string& file);
  void begin();
  Fault fault_of(const soci::soci_error& error);

  std::string file_;
  std::unique_ptr<soci::session> session_;
  Trouble trouble_ = Trouble::None;
  std::optional<sys::Turn> turn_;
};

/// A connection that several threads use in turn.
class SharedConnection {
 public:
  explicit SharedConnection(Connection connection) : connection_(std::move(connection)) {}
  /// Runs `work(connection)` while no other thread does.
  template <class Work>
  auto with(Work work) {
    const std::lock_guard lock(mutex_);
    return work(connection_);
  }

 private:
  std::mutex mutex_;
  Connection connection_;
};

}  // namespace naru::store
