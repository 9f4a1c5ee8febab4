#pragma once
#include <memory>
#include <string>
#include <vector>

#include "net/loop.h"
#include "store/rows.h"
#include "telemetry/log.h"

namespace naru::store {

struct StoreOptions {
  /// A descriptor of the directory's lock from the naru that holds it and hands it over, or -1.
  /// Both use the store then until that one ends.
  int lock = -1;
  std::string directory;   ///< the data directory; made with mode 0700, files 0600
  bool power_safe = true;  ///< rows survive a power cut (synchronous=FULL), not only kill -9
  std::size_t ledger_queue = 10'000;  ///< rows waiting to be written; beyond it new work is refused
  /// With less room on the disk new work is refused, so that what runs can still be recorded.
  std::uint64_t least_free_bytes = std::uint64_t{64} << 20;
};

/// Durable rows of one installation. Its calls block, so they are made from threads that are no
/// loops, but for the `Task`s, which wait without blocking.
class Store {
 public:
  /// Opens or makes the database and brings its schema up to date, one transaction a step.
  /// Fails: Unavailable, with what to do: locked by another process, made by a newer naru, damaged,
  /// disk full, directory open to others.
  static Result<std::unique_ptr<Store>> open(StoreOptions options, const Clock& clock,
                                             telemetry::Log& log);
  virtual ~Store() = default;  ///< writes what is queued

  // Keys. Each change takes effect on this process at once, on others within a second.
  /// Fails: Conflict when a live key has that name.
  virtual Result<KeyRow> add_key(KeyRow row) = 0;
  virtual Result<std::vector<KeyRow>> list_keys() = 0;
  /// By name or id. Fails: InvalidRequest when there is no live key of that name.
  virtual Result<KeyRow> revoke_key(std::string name_or_id) = 0;
  /// Fails: as `revoke_key`.
  virtual Result<KeyRow> change_key(std::string name_or_id, KeyChange change) = 0;
  /// A live or dead key by its hash, from a bounded cache (with entries for hashes nobody has),
  /// else from the database. Whether it is revoked or expired is the caller's to judge.
  virtual net::Task<Result<std::optional<KeyRow>>> find_key(net::Loop& loop, security::KeyHash hash,
                                                            net::Until until) = 0;

  /// Whether the keys were hashed under the pepper of that `KeyHasher::fingerprint`; the first one
  /// is remembered, as is any while there is no key. Fails: Unavailable: no key would be known.
  virtual Result<void> check_pepper(const security::KeyHash& fingerprint) = 0;

  // Ledger.
  /// Returns once the row is durable; rows that wait together share one commit.
  /// Fails: Unavailable (disk full, damaged), Overloaded (queue full).
  virtual net::Task<Result<void>> append(net::Loop& loop, LedgerRow row) = 0;
  virtual Result<std::vector<UsageRow>> usage(const UsageQuery& query) = 0;
  /// Newest first; for looking up one exchange or watching.
  virtual Result<std::vector<LedgerRow>> recent(std::size_t most) = 0;
  virtual Result<std::optional<LedgerRow>> find_exchange(ExchangeId id) = 0;
  /// The highest id, 0 at first: what an `IdMaker` goes on from.
  virtual Result<ExchangeId> last_exchange() = 0;
  virtual std::size_t ledger_waiting() const = 0;
  /// The descriptor that holds the directory: a process that has it too holds it as well.
  virtual int lock() const = 0;
  /// Names this process in the lock, once the other one is to go. Fails: Unavailable.
  virtual Result<void> sign_lock() = 0;
  /// Leaves the directory to the other one: should that die, a third may hold it while rows of ours
  /// are still written.
  virtual void leave_lock() = 0;
  /// Whether new work may begin: the queue has room and the last write did not fail.
  virtual Result<void> ready() const = 0;

  // Kept answers. A key sees its own alone.
  /// Returns once it is written. Fails: Unavailable, Overloaded; Conflict, when the key has kept an
  /// answer of that id: it stays.
  virtual net::Task<Result<void>> keep_answer(net::Loop& loop, KeptAnswer answer,
                                              net::Until until) = 0;
  /// nullopt if there is none of that id, or it has expired. Fails: TooLarge, when it holds more
  /// than `most_bytes` with its items.
  virtual net::Task<Result<std::optional<KeptAnswer>>> find_answer(net::Loop& loop,
                                                                   std::int64_t key_id,
                                                                   std::string id,
                                                                   std::uint64_t most_bytes,
                                                                   net::Until until) = 0;
  /// Those of `ids` that are there, in no order. Fails: TooLarge, as above.
  virtual net::Task<Result<std::vector<KeptItem>>> find_items(net::Loop& loop, std::int64_t key_id,
                                                              std::vector<std::string> ids,
                                                              std::uint64_t most_bytes,
                                                              net::Until until) = 0;
  /// Gives whether it was there. Items that no other answer needs go with it.
  virtual net::Task<Result<bool>> forget_answer(net::Loop& loop, std::int64_t key_id,
                                                std::string id, net::Until until) = 0;

  /// A consistent copy of the database into the new file `path`, while it is in use.
  virtual Result<void> backup(const std::string& path) = 0;
  /// Puts a copy made by `backup` in place of the database of a directory no naru uses; what was
  /// there is kept beside it. Checks the copy first.
  static Result<void> restore(const std::string& path, const std::string& directory);
};

}  // namespace naru::store
