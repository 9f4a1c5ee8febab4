#include "store/keeper.h"

#include "store/answer_table.h"

namespace naru::store {

using telemetry::field;

Keeper::Keeper(Connection connection, Charge charge)
    : connection_(std::move(connection)), charge_(charge) {
  charge_.writing.with([this](Connection& writing) {
    sqlite_api::sqlite3_wal_hook(writing.handle(), &Keeper::committed, this);
  });
  look_for_room();
  thread_ = std::thread([this] { run(); });
}

Keeper::~Keeper() {
  charge_.writing.with([](Connection& writing) {
    sqlite_api::sqlite3_wal_hook(writing.handle(), nullptr, nullptr);
  });
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

/// SQLite calls it after each commit, with the length of the log.
int Keeper::committed(void* self, sqlite_api::sqlite3*, const char*, int pages) {
  auto& keeper = *static_cast<Keeper*>(self);
  if (pages < keeper.log_pages_.load()) keeper.tried_pages_ = 0;
  keeper.log_pages_ = pages;
  if (keeper.much_to_carry()) keeper.wake_.notify_one();
  return SQLITE_OK;
}

/// Counted from the last try, not from what it achieved: while a long reading holds pages back,
/// trying again at once would achieve nothing either.
bool Keeper::much_to_carry() const {
  return log_pages_.load() - tried_pages_.load() >= kPagesToCarry;
}

void Keeper::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, kLookEvery, [this] { return ends_ || much_to_carry(); });
      if (ends_) return;
    }
    if (much_to_carry()) carry_over();
    look_for_room();
    if (charge_.writes.state() == Health::State::Ill) try_a_write();
    forget_expired();
  }
}

/// The log begins anew only when all of it is carried over at the moment of a commit, which under
/// load never happens by itself. So the bulk is carried while rows go on being written, and when
/// the log has grown long, the small rest while they wait.
void Keeper::carry_over() {
  const auto carry = [this] {
    sqlite_api::sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                          nullptr, nullptr);
  };
  const int pages = log_pages_.load();
  tried_pages_ = pages;
  carry();
  if (pages >= kMostPages) charge_.writing.with([&](Connection&) { carry(); });
}

void Keeper::look_for_room() {
  const std::optional<std::uint64_t> free = charge_.directory.free_bytes();
  if (!free) return;
  if (*free >= charge_.least_free_bytes) {
    if (charge_.room.well()) charge_.log.info("store.room_again", {});
    return;
  }
  const bool news = charge_.room.ill(
      {.kind = FaultKind::Unavailable,
       .detail =
           fmt::format("only {} MiB are free at {}, naru wants {}; free some disk space",
                       *free >> 20, charge_.directory.path(), charge_.least_free_bytes >> 20)});
  if (news) charge_.log.error("store.room_short", {field("free_bytes", *free)});
}

/// Nobody waits for it; what a full disk prevents is done in a later round.
void Keeper::forget_expired() {
  const Monotonic now = charge_.clock.now();
  if (now < forget_next_) return;
  forget_next_ = now + kForgetEvery;
  const Result<std::int64_t> forgotten = charge_.writing.with([&](Connection& writing) {
    return answer_table::forget_expired(writing, charge_.clock.wall_now(), kMostForgotten);
  });
  if (forgotten && *forgotten == kMostForgotten) forget_next_ = now;  // there are more
  if (!forgotten) charge_.log.warn("store.forget_failed", {field("why", forgotten.error().detail)});
}

void Keeper::try_a_write() {
  const Result<void> written = charge_.writing.with([](Connection& writing) {
    return writing.transact([&]() -> Result<void> {
      writing.sql() << "UPDATE counters SET value = value + 1 WHERE name = 'write_probe'";
      return {};
    });
  });
  if (written && charge_.writes.well()) charge_.log.info("store.writes_again", {});
}

}  // namespace naru::store
