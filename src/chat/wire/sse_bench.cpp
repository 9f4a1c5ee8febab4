#include <benchmark/benchmark.h>

#include "chat/wire/sse.h"

namespace naru::wire {
namespace {

/// One chunk of a model's answer as OpenAI streams it: about 210 bytes.
constexpr std::string_view kEvent =
    "data: {\"id\":\"chatcmpl-9xQm2sLd0aPqYz\",\"object\":\"chat.completion.chunk\","
    "\"created\":1700000000,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":"
    "{\"content\":\" token\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";

/// Events a read: 1 is a paced stream, 64 a burst.
void split(benchmark::State& state) {
  const auto events = static_cast<std::size_t>(state.range(0));
  std::string chunk;
  for (std::size_t i = 0; i < events; ++i) chunk += kEvent;
  Splitter splitter(1 << 20);
  std::size_t seen = 0;
  for (auto _ : state) {
    if (!splitter.feed(chunk)) state.SkipWithError("an event exceeds the limit");
    while (const auto view = splitter.next()) {
      benchmark::DoNotOptimize(*view);
      ++seen;
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(seen));
  state.SetBytesProcessed(static_cast<std::int64_t>(seen * kEvent.size()));
}

/// One large event in reads of 16 KB: each byte must be looked at once.
void join_large(benchmark::State& state) {
  const std::string event = "data: " + std::string(1 << 20, 'x') + "\n\n";
  constexpr std::size_t kRead = 16 << 10;
  for (auto _ : state) {
    Splitter splitter(2 << 20);
    for (std::size_t at = 0; at < event.size(); at += kRead) {
      if (!splitter.feed(std::string_view(event).substr(at, kRead)))
        state.SkipWithError("the event exceeds the limit");
      const auto view = splitter.next();
      benchmark::DoNotOptimize(view);
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(event.size()));
}

BENCHMARK(split)->Arg(1)->Arg(8)->Arg(64);
BENCHMARK(join_large);

}  // namespace
}  // namespace naru::wire
