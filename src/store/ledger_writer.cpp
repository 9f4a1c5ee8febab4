#include "store/ledger_writer.h"

namespace naru::store {

using telemetry::field;

LedgerWriter::LedgerWriter(SharedConnection& connection, LedgerInsert insert,
                           std::size_t most_waiting, Health& health, telemetry::Log& log)
    : connection_(connection),
      insert_(std::move(insert)),
      health_(health),
      log_(log),
      queue_(most_waiting),
      thread_([this] { run(); }) {}

LedgerWriter::~LedgerWriter() { queue_.close(); }

bool LedgerWriter::push(Waiting& waiting) {
  waiting_.fetch_add(1, std::memory_order_relaxed);
  if (queue_.push(waiting)) return true;
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void LedgerWriter::run() {
  for (;;) {
    const std::vector<Waiting> batch = queue_.take(kMostRowsACommit);
    if (batch.empty()) return;
    write(batch);
  }
}

void LedgerWriter::write(std::span<const Waiting> batch) {
  // A lost disk is asked no more; while trouble passes, each batch is a try of its own.
  if (health_.state() == Health::State::Lost) return answer(batch, health_.check());
  const Outcome outcome = commit(batch);
  if (outcome.trouble == Trouble::Constraint && batch.size() > 1) return write_each(batch);
  note(outcome);
  answer(batch, outcome.written);
}

/// One row that breaks a rule of the schema must not take the others of its commit with it.
void LedgerWriter::write_each(std::span<const Waiting> batch) {
  for (std::size_t i = 0; i < batch.size(); ++i) write(batch.subspan(i, 1));
}

LedgerWriter::Outcome LedgerWriter::commit(std::span<const Waiting> rows) {
  return connection_.with([&](Connection& connection) {
    for (const Waiting& waiting : rows) insert_.add(waiting.row);
    const Result<void> written = insert_.write();
    return Outcome{.written = written, .trouble = connection.trouble()};
  });
}

void LedgerWriter::note(const Outcome& outcome) {
  if (outcome.written) {
    if (health_.well()) log_.info("store.writes_again", {});
    return;
  }
  const Fault& why = outcome.written.error();
  if (outcome.trouble == Trouble::Constraint)
    return log_.error("store.row_refused", {field("why", why.detail)});
  const bool passes = outcome.trouble == Trouble::NoRoom || outcome.trouble == Trouble::Busy;
  const bool news = passes ? health_.ill(why) : health_.lost(why);
  if (news)
    log_.error("store.cannot_write", {field("why", why.detail), field("until_restart", !passes)});
}

void LedgerWriter::answer(std::span<const Waiting> rows, const Result<void>& result) {
  waiting_.fetch_sub(rows.size(), std::memory_order_relaxed);  // who is answered may ask for it
  for (const Waiting& waiting : rows) waiting.written.give(result);
}

}  // namespace naru::store
