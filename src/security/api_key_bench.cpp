#include <benchmark/benchmark.h>

#include "security/api_key.h"

namespace naru::security {
namespace {

void hash_one_key(benchmark::State& state) {
  static const KeyHasher hasher(Secret(std::string(32, 'p')));
  const Secret key = make_key();
  for (auto _ : state) benchmark::DoNotOptimize(hasher.hash(key.reveal()));
}
BENCHMARK(hash_one_key)->Threads(1)->Threads(2);

}  // namespace
}  // namespace naru::security
