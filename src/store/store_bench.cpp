// What rows and keys cost. Counters: `us_a_row` is CPU of the whole process, loops included;
// `p50_us`, `p99_us`, `max_us` are what one caller waits for its row.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "net/handoff.h"
#include "store/connection.h"
#include "store/ledger_table.h"
#include "store/schema.h"
#include "store/store.h"

namespace naru::store {
namespace {

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "naru-bench-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

double cpu_us() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& time) {
    return 1e6 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec);
  };
  return us(used.ru_utime) + us(used.ru_stime);
}

LedgerRow row(ExchangeId id) {
  return {.id = id,
          .key_id = 7,
          .model = "claude-sonnet",
          .upstream = "anthropic-main",
          .upstream_model = "claude-sonnet-4-5-20250929",
          .dialect = "anthropic",
          .operation = "messages",
          .outcome = "ok",
          .status = 200,
          .attempts = 1,
          .tokens = {.input = 1100, .cache_read = 1200, .output = 340},
          .method = TokenMethod::Reported,
          .first_token_us = 250'000,
          .total_us = 1'000'000,
          .revision = 3,
          .rule = "weight",
          .client_request_id = "3f1c2d6e-5b7a-4e1f-9d2c-0123456789ab"};
}

/// Rows a commit, without threads around: the cost of SQL alone.
void insert_rows(benchmark::State& state) {
  const Directory directory;
  const std::string file = directory.path() + "/naru.db";
  std::ofstream(file).flush();
  Connection connection = *Connection::open(file, Durability::ProcessDeath);
  const SystemClock clock;
  if (!migrate(connection, all_migrations(), clock)) return state.SkipWithError("no schema");
  LedgerInsert insert = *LedgerInsert::prepare(connection);
  ExchangeId id = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) insert.add(row(++id));
    if (!insert.write()) return state.SkipWithError("not written");
  }
  state.counters["us_a_row"] =
      benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)) / 1e6,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(insert_rows)->Arg(1)->Arg(8)->Arg(32)->Arg(256)->UseRealTime();

using Waits = std::vector<double>;

/// What each caller does: so many rows, each so long after the one before.
struct Work {
  int rows = 0;
  std::chrono::milliseconds pause{0};
};

net::Task<void> append_rows(Store& store, net::Loop& loop, IdMaker& ids, Work work, Waits& waits) {
  for (int i = 0; i < work.rows; ++i) {
    if (work.pause.count() > 0) (void)co_await loop.sleep(work.pause, {});
    const Monotonic begin = std::chrono::steady_clock::now();
    const auto written = co_await store.append(loop, row(ids.next()));
    if (!written) throw std::runtime_error(written.error().detail);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    waits.push_back(took.count());
  }
}

net::Task<void> append_from(Store& store, net::Loop& loop, std::int64_t callers, Work work,
                            Waits& waits) {
  IdMaker ids(loop.clock());
  net::TaskGroup group(loop);
  for (std::int64_t i = 0; i < callers; ++i)
    group.spawn(append_rows(store, loop, ids, work, waits));
  co_await group.join({});
}

void tell(benchmark::State& state, Waits& waits, double cpu) {
  std::ranges::sort(waits);
  const auto at = [&](double part) {
    return waits[static_cast<std::size_t>(part * static_cast<double>(waits.size() - 1))];
  };
  state.counters["us_a_row"] = cpu / static_cast<double>(waits.size());
  state.counters["p50_us"] = at(0.5);
  state.counters["p99_us"] = at(0.99);
  state.counters["p999_us"] = at(0.999);
  state.counters["max_us"] = at(1.0);
  state.counters["rows_a_s"] = benchmark::Counter(static_cast<double>(waits.size()),
                                                  benchmark::Counter::kIsIterationInvariantRate);
}

void append(benchmark::State& state, Work work) {
  const SystemClock clock;
  Waits waits;
  double cpu = 0;
  for (auto _ : state) {
    const Directory directory;
    const auto store =
        *Store::open({.directory = directory.path(), .power_safe = state.range(1) != 0}, clock,
                     telemetry::null_log());
    const double before = cpu_us();
    net::run_task(
        [&](net::Loop& loop) { return append_from(*store, loop, state.range(0), work, waits); },
        clock, telemetry::null_log());
    cpu = cpu_us() - before;
  }
  tell(state, waits, cpu);
}

/// So many callers on one loop, each with one row at a time; the second argument is `power_safe`.
void append_as_fast_as_it_goes(benchmark::State& state) {
  append(state, {.rows = 50'000 / static_cast<int>(state.range(0))});
}
BENCHMARK(append_as_fast_as_it_goes)
    ->ArgsProduct({{4, 32, 256}, {0, 1}})
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// About 2,000 rows a second.
void append_paced(benchmark::State& state) {
  append(state, {.rows = 500, .pause = std::chrono::milliseconds(10)});
}
BENCHMARK(append_paced)
    ->Args({22, 0})
    ->Args({22, 1})
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

net::Task<void> find_keys(Store& store, net::Loop& loop, security::KeyHash hash, int count) {
  for (int i = 0; i < count; ++i) {
    const auto found = co_await store.find_key(loop, hash, {});
    if (!found || !*found) throw std::runtime_error("the key is there");
  }
}

/// A key that the cache has.
void find_cached_key(benchmark::State& state) {
  const SystemClock clock;
  const Directory directory;
  const auto store = *Store::open({.directory = directory.path()}, clock, telemetry::null_log());
  security::KeyHash hash{};
  hash[0] = 1;
  if (!store->add_key({.name = "team-a", .hash = hash, .models = {"gpt-5", "claude-*"}}))
    return state.SkipWithError("no key");
  constexpr int kFinds = 1000;
  for (auto _ : state)
    net::run_task([&](net::Loop& loop) { return find_keys(*store, loop, hash, kFinds); }, clock,
                  telemetry::null_log());
  state.counters["ns_a_key"] =
      benchmark::Counter(static_cast<double>(state.iterations() * kFinds) / 1e9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(find_cached_key)->UseRealTime();

/// A month's sums by key, model and day over so many rows.
void sum_usage(benchmark::State& state) {
  const SystemClock clock;
  const Directory directory;
  const auto store = *Store::open({.directory = directory.path()}, clock, telemetry::null_log());
  Connection connection =
      *Connection::open(directory.path() + "/naru.db", Durability::ProcessDeath);
  LedgerInsert insert = *LedgerInsert::prepare(connection);
  const ExchangeId first = first_id_at(clock.wall_now());
  const ExchangeId step = (ExchangeId{1} << 21) * 86'400'000 * 30 / state.range(0);
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    insert.add(row(first + i * step));
    if (i % 10'000 == 9'999 && !insert.write()) return state.SkipWithError("not written");
  }
  for (auto _ : state)
    benchmark::DoNotOptimize(store->usage({.by_key = true, .by_model = true, .by_day = true}));
}
BENCHMARK(sum_usage)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace naru::store
