#include "store/key_reader.h"

#include "store/key_table.h"

namespace naru::store {

using telemetry::field;
using Steady = std::chrono::steady_clock;  // of the thread's own waits, not of any record

KeyReader::KeyReader(Connection connection, KeyCache& cache, telemetry::Log& log)
    : connection_(std::move(connection)), cache_(cache), log_(log), thread_([this] { run(); }) {}

KeyReader::~KeyReader() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake_.notify_one();
  thread_.join();
  for (const Lookup& lookup : lookups_)
    lookup.answer.give(fail(FaultKind::Cancelled, "the store is closing"));
}

bool KeyReader::ask(const security::KeyHash& hash, net::Handoff<Answer> answer) {
  {
    const std::lock_guard lock(mutex_);
    if (lookups_.size() >= kMostWaiting) return false;
    lookups_.push_back({hash, std::move(answer)});
  }
  wake_.notify_one();
  return true;
}

void KeyReader::run() {
  for (;;) {
    look_for_changes();
    const Monotonic next_look = Steady::now() + kLookEvery;
    while (Steady::now() < next_look) {
      const std::deque<Lookup> lookups = wait(next_look);
      for (const Lookup& lookup : lookups) lookup.answer.give(look_up(lookup.hash));
      const std::lock_guard lock(mutex_);
      if (ends_) return;
    }
  }
}

std::deque<KeyReader::Lookup> KeyReader::wait(Monotonic until) {
  std::unique_lock lock(mutex_);
  wake_.wait_until(lock, until, [this] { return ends_ || !lookups_.empty(); });
  return std::exchange(lookups_, {});
}

KeyReader::Answer KeyReader::look_up(const security::KeyHash& hash) {
  const KeyCache::Turn turn = cache_.turn();
  NARU_TRY(auto found, key_table::find(connection_, hash));
  std::shared_ptr<const KeyRow> row;
  if (found) row = std::make_shared<const KeyRow>(*std::move(found));
  if (revision_) cache_.put(hash, row, turn);
  return row;
}

/// When it cannot see whether keys have changed, it forgets what it knows: rather ask each time
/// than let a revoked key in.
void KeyReader::look_for_changes() {
  const Result<std::int64_t> now = key_table::revision(connection_);
  if (now && revision_ == *now) return;
  if (!now && !revision_) return;
  if (!now) log_.error("store.keys_unseen", {field("why", now.error().detail)});
  revision_ = now ? std::optional(*now) : std::nullopt;
  cache_.forget_all();
}

}  // namespace naru::store
