#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "net/http/message_parser.h"
#include "net/http/server.h"
#include "telemetry/log.h"

namespace naru::net {
namespace {

constexpr std::string_view kRequest =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost:8080\r\nAccept-Encoding: gzip, "
    "deflate\r\n"
    "Connection: keep-alive\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
    "User-Agent: OpenAI/Python 3.54.0\r\nX-Stainless-Lang: python\r\nX-Stainless-Package-Version: "
    "3.54.0\r\nX-Stainless-OS: Linux\r\nX-Stainless-Arch: x64\r\nX-Stainless-Runtime: CPython\r\n"
    "X-Stainless-Runtime-Version: 3.12.4\r\nAuthorization: Bearer sk-0123456789abcdef\r\n"
    "X-Stainless-Async: false\r\nx-stainless-retry-count: 0\r\nContent-Length: 65\r\n\r\n"
    "{\"model\":\"small\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello.\"}]}";

/// Reads the body, then answers with it.
class Answering final : public Handler {
 public:
  Task<void> serve(ServerCall& call) override {
    char body[4096];
    for (;;) {
      const auto got = co_await call.read_body(body, {.stop = &call.gone()});
      if (!got || *got == 0) break;
    }
    const auto sent = co_await call.reply(
        {.headers = {{"content-type", "application/json"}, {"x-request-id", "r-1"}}},
        std::string_view(body, 65), {.stop = &call.gone()});
    benchmark::DoNotOptimize(sent);
  }
  Refusal refusal(const Fault&, std::string_view) override { return {.body = "{}"}; }
};

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 ? fd : -1;
}

/// One request and its answer on a kept connection, client's system calls included.
void exchange(benchmark::State& state) {
  const SystemClock clock;
  Answering handler;
  Loops loops(1, clock, telemetry::null_log());
  const auto server = *HttpServer::open(loops, {}, handler);
  server->start();
  const int fd = connect_to(server->port());
  char answer[4096];
  for (auto _ : state) {
    benchmark::DoNotOptimize(::send(fd, kRequest.data(), kRequest.size(), 0));
    while (::recv(fd, answer, sizeof answer, MSG_DONTWAIT) <= 0) loops.at(0).poll();
  }
  ::close(fd);
}
BENCHMARK(exchange);

/// The same bytes sent to and fro without a server: what of `exchange` is the kernel's.
void bare_sockets(benchmark::State& state) {
  int ends[2];
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  ::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at);
  ::listen(listener, 1);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &length);
  ends[0] = connect_to(ntohs(at.sin_port));
  ends[1] = ::accept(listener, nullptr, nullptr);
  char bytes[4096];
  for (auto _ : state) {
    benchmark::DoNotOptimize(::send(ends[0], kRequest.data(), kRequest.size(), 0));
    benchmark::DoNotOptimize(::recv(ends[1], bytes, sizeof bytes, 0));
    benchmark::DoNotOptimize(::send(ends[1], bytes, 230, 0));
    benchmark::DoNotOptimize(::recv(ends[0], bytes, sizeof bytes, 0));
  }
  for (const int fd : {listener, ends[0], ends[1]}) ::close(fd);
}
BENCHMARK(bare_sockets);

void parse_head(benchmark::State& state) {
  RequestParser parser;
  RequestHead head;
  for (auto _ : state) {
    parser.reset();
    const auto end = parser.find_head_end(kRequest);
    benchmark::DoNotOptimize(parser.read_head(kRequest.substr(0, *end), head));
  }
}
BENCHMARK(parse_head);

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Memory of a connection that has been answered once and is now idle.
void idle_connection(benchmark::State& state) {
  constexpr std::size_t kConnections = 5000;
  const rlimit enough{.rlim_cur = 2 * kConnections + 100, .rlim_max = 2 * kConnections + 100};
  setrlimit(RLIMIT_NOFILE, &enough);
  const SystemClock clock;
  Answering handler;
  Loops loops(1, clock, telemetry::null_log());
  const auto server = *HttpServer::open(loops, {}, handler);
  server->start();
  for (auto _ : state) {
    const std::size_t before = resident_bytes();
    std::vector<int> clients;
    char answer[4096];
    for (std::size_t i = 0; i < kConnections; ++i) {
      clients.push_back(connect_to(server->port()));
      if (::send(clients.back(), kRequest.data(), kRequest.size(), 0) < 0) break;
      while (::recv(clients.back(), answer, sizeof answer, MSG_DONTWAIT) <= 0) loops.at(0).poll();
    }
    state.counters["bytes"] =
        static_cast<double>(resident_bytes() - before) / static_cast<double>(kConnections);
    for (const int fd : clients) ::close(fd);
    while (server->connections() > 0) loops.at(0).poll();
  }
}
BENCHMARK(idle_connection)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace naru::net
