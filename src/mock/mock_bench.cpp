#include <benchmark/benchmark.h>

#include <array>

#include "mock/replay.h"

namespace naru::mock {
namespace {

constexpr std::size_t kEvents = 10'000;
constexpr std::string_view kId = "abcdefghijklmnopqrstuvwx";

Ask streamed(Call call) { return {.call = call, .model = "m", .stream = true, .words = 2}; }

/// Bytes a write: 0 is one event a write.
Plan planned(std::int64_t bytes_a_write) {
  return {.chunks = kEvents, .cut_every = static_cast<std::uint32_t>(bytes_a_write)};
}

/// Where a socket's buffer would be.
class Sink {
 public:
  void write(std::string_view bytes) {
    bytes.copy(room_.data(), room_.size());
    benchmark::DoNotOptimize(room_.data());
    bytes_ += bytes.size();
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::array<char, 64 << 10> room_;
  std::size_t bytes_ = 0;
};

void report(benchmark::State& state, std::size_t bytes) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

/// Events of prepared answers, each under an id of its own, into a sink. Args: call, bytes a write.
void replays_events(benchmark::State& state) {
  Shelf shelf;
  const Ask ask = streamed(static_cast<Call>(state.range(0)));
  const Plan plan = planned(state.range(1));
  Sink sink;
  for (auto _ : state) {
    Replay replay(shelf.take(ask, plan), std::string(kId));
    while (replay.next() != nullptr) sink.write(replay.bytes());
  }
  report(state, sink.bytes());
}

/// What it costs to render them the first time.
void composes_events(benchmark::State& state) {
  const Ask ask = streamed(static_cast<Call>(state.range(0)));
  std::size_t bytes = 0;
  for (auto _ : state) {
    const Prepared prepared = prepare(ask, planned(0));
    for (const Piece& piece : prepared.answer.pieces) bytes += piece.bytes.size();
  }
  report(state, bytes);
}

constexpr auto kCalls = std::to_array<std::int64_t>(
    {static_cast<std::int64_t>(Call::OpenAiChat), static_cast<std::int64_t>(Call::OpenAiResponses),
     static_cast<std::int64_t>(Call::AnthropicMessages)});
BENCHMARK(replays_events)->ArgsProduct({{kCalls.begin(), kCalls.end()}, {0, 64 << 10}});
BENCHMARK(composes_events)->ArgsProduct({{kCalls.begin(), kCalls.end()}});

}  // namespace
}  // namespace naru::mock
