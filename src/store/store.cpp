#include "store/store.h"

#include <filesystem>

#include "store/answer_shelf.h"
#include "store/answer_table.h"
#include "store/backup.h"
#include "store/connection.h"
#include "store/data_directory.h"
#include "store/keeper.h"
#include "store/key_cache.h"
#include "store/key_reader.h"
#include "store/key_table.h"
#include "store/ledger_table.h"
#include "store/ledger_writer.h"
#include "store/schema.h"

namespace naru::store {
namespace {

/// Rows in one SQLite file. One connection writes (SQLite has one writer anyway), the others read.
class SqliteStore final : public Store {
 public:
  /// `writing` has brought the schema up to date.
  SqliteStore(DataDirectory directory, Connection writing, Connection reading,
              const StoreOptions& options, const Clock& clock)
      : clock_(clock),
        most_waiting_(options.ledger_queue),
        directory_(std::move(directory)),
        writing_(std::move(writing)),
        reading_(std::move(reading)) {}

  /// Each thread has a connection of its own.
  struct Connections {
    Connection keys;
    Connection answers;
    Connection keeping;
  };
  Result<void> start(Connections own, const StoreOptions& options, telemetry::Log& log) {
    NARU_TRY(LedgerInsert insert, writing_.with([](Connection& connection) {
      return LedgerInsert::prepare(connection);
    }));
    writer_.emplace(writing_, std::move(insert), most_waiting_, writes_, log);
    key_reader_.emplace(std::move(own.keys), cache_, log);
    shelf_.emplace(writing_, std::move(own.answers));
    keeper_.emplace(std::move(own.keeping),
                    Keeper::Charge{.clock = clock_,
                                   .writing = writing_,
                                   .directory = directory_,
                                   .writes = writes_,
                                   .room = room_,
                                   .least_free_bytes = options.least_free_bytes,
                                   .log = log});
    return {};
  }

  Result<KeyRow> add_key(KeyRow row) override {
    if (row.created == WallTime{}) row.created = clock_.wall_now();
    NARU_TRY(KeyRow added, writing_.with([&](Connection& connection) {
      return key_table::add(connection, std::move(row));
    }));
    cache_.forget(added.hash);
    return added;
  }

  Result<std::vector<KeyRow>> list_keys() override { return reading_.with(key_table::list); }

  Result<KeyRow> revoke_key(std::string name_or_id) override {
    NARU_TRY(KeyRow revoked, writing_.with([&](Connection& connection) {
      return key_table::revoke(connection, name_or_id, clock_.wall_now());
    }));
    cache_.forget(revoked.hash);
    return revoked;
  }

  Result<KeyRow> change_key(std::string name_or_id, KeyChange change) override {
    NARU_TRY(KeyRow changed, writing_.with([&](Connection& connection) {
      return key_table::change(connection, name_or_id, change);
    }));
    cache_.forget(changed.hash);
    return changed;
  }

  net::Task<Result<std::optional<KeyRow>>> find_key(net::Loop& loop, security::KeyHash hash,
                                                    net::Until until) override {
    if (const auto known = cache_.find(hash)) co_return copy_of(known->row);
    const net::Handoff<KeyReader::Answer> answer(loop);
    if (!key_reader_->ask(hash, answer))
      co_return fail(FaultKind::Overloaded, "too many keys are being looked up; try again");
    auto place = answer;
    auto given = co_await place.take(until);
    if (!given && given.error().kind == FaultKind::UpstreamTimeout)
      co_return fail(FaultKind::Unavailable, "the key could not be looked up in time");
    NARU_CO_TRY(const KeyReader::Answer found, given);
    NARU_CO_TRY(const auto row, found);
    co_return copy_of(row);
  }

  Result<void> check_pepper(const security::KeyHash& fingerprint) override {
    return writing_.with([&](Connection& connection) {
      return key_table::check_pepper(connection, security::to_hex(fingerprint));
    });
  }

  net::Task<Result<void>> append(net::Loop& loop, LedgerRow row) override {
    net::Handoff<Result<void>> written(loop);
    LedgerWriter::Waiting waiting{.row = std::move(row), .written = written};
    if (!writer_->push(waiting))
      co_return fail(FaultKind::Overloaded, "{} ledger rows wait to be written", most_waiting_);
    auto given = co_await written.take(net::Until{});
    NARU_CO_TRY(Result<void> result, given);
    co_return result;
  }

  Result<std::vector<UsageRow>> usage(const UsageQuery& query) override {
    return reading_.with(
        [&](Connection& connection) { return ledger_table::usage(connection, query); });
  }
  Result<std::vector<LedgerRow>> recent(std::size_t most) override {
    return reading_.with(
        [&](Connection& connection) { return ledger_table::recent(connection, most); });
  }
  Result<std::optional<LedgerRow>> find_exchange(ExchangeId id) override {
    return reading_.with(
        [&](Connection& connection) { return ledger_table::find(connection, id); });
  }
  Result<ExchangeId> last_exchange() override { return reading_.with(ledger_table::last_id); }
  std::size_t ledger_waiting() const override { return writer_->waiting(); }
  int lock() const override { return directory_.lock(); }
  Result<void> sign_lock() override { return directory_.sign(); }
  void leave_lock() override { directory_.leave(); }

  Result<void> ready() const override {
    NARU_TRY_VOID(writes_.check());
    NARU_TRY_VOID(room_.check());
    if (writer_->waiting() >= most_waiting_)
      return fail(FaultKind::Overloaded, "{} ledger rows wait to be written", most_waiting_);
    return {};
  }

  net::Task<Result<void>> keep_answer(net::Loop& loop, KeptAnswer answer,
                                      net::Until until) override {
    const std::uint64_t bytes = answer_table::bytes_of(answer);
    return shelf_->change(
        loop,
        [answer = std::move(answer)](Connection& connection) {
          return answer_table::keep(connection, answer);
        },
        bytes, until);
  }
  net::Task<Result<std::optional<KeptAnswer>>> find_answer(net::Loop& loop, std::int64_t key_id,
                                                           std::string id, std::uint64_t most_bytes,
                                                           net::Until until) override {
    return shelf_->read(
        loop,
        [key_id, id = std::move(id), now = clock_.wall_now(), most_bytes](Connection& connection) {
          return answer_table::find(connection, key_id, id, now, most_bytes);
        },
        until);
  }
  net::Task<Result<std::vector<KeptItem>>> find_items(net::Loop& loop, std::int64_t key_id,
                                                      std::vector<std::string> ids,
                                                      std::uint64_t most_bytes,
                                                      net::Until until) override {
    return shelf_->read(
        loop,
        [key_id, ids = std::move(ids), now = clock_.wall_now(),
         most_bytes](Connection& connection) {
          return answer_table::find_items(connection, key_id, ids, now, most_bytes);
        },
        until);
  }
  net::Task<Result<bool>> forget_answer(net::Loop& loop, std::int64_t key_id, std::string id,
                                        net::Until until) override {
    return shelf_->change(
        loop,
        [key_id, id = std::move(id), now = clock_.wall_now()](Connection& connection) {
          return answer_table::forget(connection, key_id, id, now);
        },
        0, until);
  }

  Result<void> backup(const std::string& path) override {
    return back_up(directory_.database(), path);
  }

 private:
  static std::optional<KeyRow> copy_of(const std::shared_ptr<const KeyRow>& row) {
    return row == nullptr ? std::nullopt : std::optional(*row);
  }

  // Destroyed from the bottom up: threads first, then what they use, the lock last.
  const Clock& clock_;
  const std::size_t most_waiting_;
  DataDirectory directory_;
  Health writes_;
  Health room_;
  KeyCache cache_;
  SharedConnection writing_;
  SharedConnection reading_;
  std::optional<Keeper> keeper_;
  std::optional<AnswerShelf> shelf_;
  std::optional<KeyReader> key_reader_;
  std::optional<LedgerWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<Store>> Store::open(StoreOptions options, const Clock& clock,
                                           telemetry::Log& log) {
  NARU_TRY(DataDirectory directory, options.lock < 0
                                        ? DataDirectory::hold(options.directory)
                                        : DataDirectory::share(options.directory, options.lock));
  NARU_TRY_VOID(directory.make_database());
  const std::string file = directory.database();
  const Durability durability =
      options.power_safe ? Durability::PowerCut : Durability::ProcessDeath;
  NARU_TRY(Connection writing, Connection::open(file, durability));
  NARU_TRY(sys::Turn turn, sys::Turn::open(directory.lock_file()));
  writing.take_turns(std::move(turn));
  if (options.lock >= 0) NARU_TRY_VOID(check_shared(writing, all_migrations()));
  NARU_TRY_VOID(migrate(writing, all_migrations(), clock));
  NARU_TRY(Connection reading, Connection::open_to_read(file));
  NARU_TRY(Connection keys, Connection::open_to_read(file));
  NARU_TRY(Connection answers, Connection::open_to_read(file));
  NARU_TRY(Connection keeping, Connection::open(file, durability));
  auto store = std::make_unique<SqliteStore>(std::move(directory), std::move(writing),
                                             std::move(reading), options, clock);
  NARU_TRY_VOID(
      store->start({std::move(keys), std::move(answers), std::move(keeping)}, options, log));
  return store;
}

Result<void> Store::restore(const std::string& path, const std::string& directory) {
  auto named = std::filesystem::path(directory);
  if (!named.has_filename()) named = named.parent_path();  // it ends in a slash
  const auto parent = named.parent_path();
  std::error_code refused;
  if (!parent.empty()) std::filesystem::create_directories(parent, refused);
  if (refused)
    return fail(FaultKind::Unavailable, "the directory {} cannot be made: {}", parent.string(),
                refused.message());
  NARU_TRY(const DataDirectory held, DataDirectory::hold(directory));
  return restore_into(held, path, SystemClock{});
}

}  // namespace naru::store
