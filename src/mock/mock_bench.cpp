#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/check.h"
#include "mock/mock.h"
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

/// A client that only reads. The kernel is the cheapest there is.
class Reader {
 public:
  explicit Reader(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* any = reinterpret_cast<const sockaddr*>(&address);
    NARU_CHECK(::connect(fd_, any, sizeof address) == 0, "the mock listens");
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() { ::close(fd_); }

  /// Gives the bytes of one streamed answer.
  std::size_t ask(std::string_view request) {
    NARU_CHECK(
        ::send(fd_, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()),
        "a request is sent whole");
    constexpr std::string_view kEnd = "\r\n0\r\n\r\n";
    std::size_t bytes = 0;
    std::string tail;
    while (!tail.ends_with(kEnd)) {
      const ssize_t got = ::recv(fd_, room_.data(), room_.size(), 0);
      NARU_CHECK(got > 0, "an answer comes whole");
      const auto count = static_cast<std::size_t>(got);
      bytes += count;
      tail.append(room_.data() + (count < kEnd.size() ? 0 : count - kEnd.size()),
                  std::min(count, kEnd.size()));
      if (tail.size() > kEnd.size()) tail.erase(0, tail.size() - kEnd.size());
    }
    return bytes;
  }

 private:
  int fd_;
  std::array<char, 256 << 10> room_;
};

/// Events of streams over a connection, from one loop to a client that only reads: the way of a
/// real call. Args: call, bytes a write. CPU is that of the loop's thread and the reader's.
void serves_events(benchmark::State& state) {
  const SystemClock clock;
  const auto mock = Mock::start({}, clock, telemetry::null_log());
  NARU_CHECK(mock.has_value(), "the mock starts");
  const bool anthropic = static_cast<Call>(state.range(0)) == Call::AnthropicMessages;
  const bool chat = static_cast<Call>(state.range(0)) == Call::OpenAiChat;
  const std::string body =
      fmt::format(R"({{"model":"m?chunks={}&cut_every={}","stream":true,"max_tokens":9,)"
                  R"("{}":[{{"role":"user","content":"a b"}}]}})",
                  kEvents, state.range(1), chat || anthropic ? "messages" : "input");
  const std::string request =
      fmt::format("POST /v1/{} HTTP/1.1\r\nHost: m\r\n{}Content-Length: {}\r\n\r\n{}",
                  chat        ? "chat/completions"
                  : anthropic ? "messages"
                              : "responses",
                  anthropic ? "anthropic-version: 2023-06-01\r\n" : "", body.size(), body);
  Reader reader((*mock)->port());
  std::size_t bytes = reader.ask(request);
  NARU_CHECK(bytes > kEvents * 50, "all events come");
  bytes = 0;
  for (auto _ : state) bytes += reader.ask(request);
  report(state, bytes);
}

constexpr auto kCalls = std::to_array<std::int64_t>(
    {static_cast<std::int64_t>(Call::OpenAiChat), static_cast<std::int64_t>(Call::OpenAiResponses),
     static_cast<std::int64_t>(Call::AnthropicMessages)});
BENCHMARK(replays_events)->ArgsProduct({{kCalls.begin(), kCalls.end()}, {0, 64 << 10}});
BENCHMARK(serves_events)
    ->ArgsProduct({{kCalls.begin(), kCalls.end()}, {0, 64 << 10}})
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK(composes_events)->ArgsProduct({{kCalls.begin(), kCalls.end()}});

}  // namespace
}  // namespace naru::mock
