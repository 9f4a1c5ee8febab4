// No row that was acknowledged is lost when naru is killed. `NARU_CRASH_ROUNDS` sets how often;
// the full programme wants 500.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <set>

#include "base/rng.h"
#include "store/store_for_test.h"

namespace naru::store {
namespace {

using testing::value;

constexpr int kWriters = 16;

int rounds() {
  const char* set = std::getenv("NARU_CRASH_ROUNDS");
  return set == nullptr ? 5 : std::atoi(set);
}

/// Writes rows for ever, and each id to the pipe once its row is acknowledged.
net::Task<void> write_rows(Store& store, net::Loop& loop, IdMaker& ids, int pipe) {
  while (true) {
    const ExchangeId id = ids.next();
    const auto written = co_await store.append(loop, testing::row(id));
    if (!written || ::write(pipe, &id, sizeof id) != sizeof id) ::_exit(3);
  }
}

net::Task<void> write_from_all(Store& store, net::Loop& loop, IdMaker& ids, int pipe) {
  net::TaskGroup writers(loop);
  for (int i = 0; i < kWriters; ++i) writers.spawn(write_rows(store, loop, ids, pipe));
  co_await writers.join({});
}

[[noreturn]] void run_until_killed(const std::string& directory, int pipe) {
  const SystemClock clock;
  const auto store = testing::open_store(directory, clock);
  IdMaker ids(clock, value(store->last_exchange()));
  net::run_task([&](net::Loop& loop) { return write_from_all(*store, loop, ids, pipe); }, clock,
                telemetry::null_log());
  ::_exit(4);
}

/// Ids that come out of `pipe` until its writer is dead; it is killed once `enough` have come and
/// `more` passed.
std::vector<ExchangeId> kill_after(pid_t child, int pipe, std::size_t enough, int more_ms) {
  std::vector<ExchangeId> ids;
  bool killed = false;
  ExchangeId id = 0;
  while (::read(pipe, &id, sizeof id) == sizeof id) {
    ids.push_back(id);
    if (killed || ids.size() < enough) continue;
    ::poll(nullptr, 0, more_ms);  // the child writes on while this process waits
    ::kill(child, SIGKILL);
    killed = true;
  }
  return ids;
}

TEST(KillMinusNine, loses_no_acknowledged_row_and_doubles_none) {
  Rng rng;
  const std::uint64_t seed = rng.next();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Rng chance(seed);
  const testing::TemporaryDirectory directory;
  std::set<ExchangeId> acknowledged;
  for (int round = 0; round < rounds(); ++round) {
    int pipe[2] = {};
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      run_until_killed(directory.path(), pipe[1]);
    }
    ::close(pipe[1]);
    const auto ids =
        kill_after(child, pipe[0], 1 + chance.below(300), static_cast<int>(chance.below(40)));
    ::close(pipe[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself with " << WEXITSTATUS(status);
    for (const ExchangeId id : ids)
      EXPECT_TRUE(acknowledged.insert(id).second) << "two rows of one id: " << id;

    const SystemClock clock;
    const auto store = testing::open_store(directory.path(), clock);
    std::set<ExchangeId> kept;
    for (const LedgerRow& row : value(store->recent(1'000'000))) kept.insert(row.id);
    for (const ExchangeId id : acknowledged) EXPECT_TRUE(kept.contains(id)) << "lost: " << id;
    EXPECT_LE(kept.size(), acknowledged.size() + static_cast<std::size_t>(kWriters * (round + 1)))
        << "no more rows than were on their way";
  }
  EXPECT_GE(acknowledged.size(), static_cast<std::size_t>(rounds()));
}

}  // namespace
}  // namespace naru::store
