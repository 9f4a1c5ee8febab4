// What limits cost a request: take one, reserve, settle.
#include <benchmark/benchmark.h>

#include "gateway/key_limits/limiter.h"

namespace naru::gateway {
namespace {

void pass(benchmark::State& state, const store::KeyLimits& limits) {
  static Limiter limiter;
  const SystemClock clock;
  const std::int64_t key = state.thread_index();
  for (auto _ : state) {
    benchmark::DoNotOptimize(limiter.take_request(key, limits, clock.now()));
    auto made = limiter.reserve(key, limits, 100, clock.now());
    benchmark::DoNotOptimize(made.lease.settle(80, clock.now()));
  }
}

void without_limits(benchmark::State& state) { pass(state, {}); }
void with_all_limits(benchmark::State& state) {
  pass(state,
       {.requests_per_minute = 1'000'000, .tokens_per_minute = 100'000'000, .concurrency = 1'000});
}
BENCHMARK(without_limits)->Threads(1)->Threads(2);
BENCHMARK(with_all_limits)->Threads(1)->Threads(2);

}  // namespace
}  // namespace naru::gateway
