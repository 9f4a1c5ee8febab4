#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/http/server.h"
#include "telemetry/log.h"

namespace naru::net::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Answers with whatever the test says; remembers what was asked.
class ScriptedHandler final : public Handler {
 public:
  using Script = Task<void> (*)(ServerCall& call, ScriptedHandler& handler);

  Task<void> serve(ServerCall& call) override {
    targets.emplace_back(call.head().target);
    co_await script(call, *this);
  }
  Refusal refusal(const Fault& fault, std::string_view target) override {
    return {.body = fmt::format("refused '{}': {}", target, fault.detail)};
  }

  Script script = nullptr;
  std::vector<std::string> targets;
  std::vector<std::string> notes;  // what the script found out
};

/// A client's socket. Never waits: the test gives the server its turns.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  RawClient(RawClient&& from) noexcept : fd_(std::exchange(from.fd_, -1)) {}
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() { close(); }

  void send(std::string_view bytes) {
    EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  /// Takes what is there; everything that ever came is in `text`.
  void take() {
    char piece[64 << 10];
    while (!over_) {
      const ssize_t got = ::recv(fd_, piece, sizeof piece, MSG_DONTWAIT);
      if (got > 0) {
        text.append(piece, static_cast<std::size_t>(got));
        continue;
      }
      over_ = got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
      was_reset = got < 0 && errno == ECONNRESET;
      break;
    }
  }
  bool over() const { return over_; }
  void half_close() { ::shutdown(fd_, SHUT_WR); }
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int fd() const { return fd_; }

  std::string text;
  bool was_reset = false;

 private:
  int fd_;
  bool over_ = false;
};

/// A server on one loop that runs only when the test gives it turns, at a time the test sets.
class ServerTest : public ::testing::Test {
 protected:
  /// Listens with `script` as its handler.
  void serve(ScriptedHandler::Script script, ListenOptions options = {}) {
    handler_.script = script;
    auto opened = HttpServer::open(loops_, std::move(options), handler_);
    ASSERT_TRUE(opened) << opened.error().detail;
    server_ = *std::move(opened);
    server_->start();
    settle();
  }
  RawClient connect() {
    RawClient client(server_->port());
    settle();
    return client;
  }
  /// Gives turns until nothing happens any more.
  void settle() {
    for (int idle = 0; idle < 20; ++idle)
      if (loops_.at(0).poll()) idle = 0;
  }
  void pass(std::chrono::nanoseconds time) {
    clock_.advance(time);
    settle();
  }
  /// Sends `bytes` on a new connection; everything the server sends in answer.
  std::string exchange(std::string_view bytes) {
    RawClient client = connect();
    client.send(bytes);
    return answer(client);
  }
  /// What has come since the last time.
  std::string answer(RawClient& client) {
    settle();
    client.take();
    return std::exchange(client.text, {});
  }

  ManualClock clock_;
  Loops loops_{1, clock_, telemetry::null_log()};
  ScriptedHandler handler_;
  std::unique_ptr<HttpServer> server_;
};

inline std::string get(std::string_view path, std::string_view more = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n{}\r\n", path, more);
}
inline std::string post(std::string_view headers, std::string_view body) {
  return fmt::format("POST / HTTP/1.1\r\nHost: a\r\n{}\r\n{}", headers, body);
}
/// The body of a whole answer, as it was sent.
inline std::string_view body_of(std::string_view answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string_view::npos ? "" : answer.substr(end + 4);
}

/// Reads a body to its end, at most 7 bytes at a time, so that joins are tested.
inline Task<Result<std::string>> whole_body(ServerCall& call, Until until) {
  std::string body;
  for (;;) {
    char piece[7];
    const auto got = co_await call.read_body(piece, until);
    NARU_CO_TRY_VOID(got);
    if (*got == 0) co_return body;
    body.append(piece, *got);
  }
}

inline Task<void> say_hello(ServerCall& call, ScriptedHandler&) {
  const auto sent = co_await call.reply({.headers = {{"x-a", "b"}}}, "hello", {});
  EXPECT_TRUE(sent);
}

/// Answers with the body that was sent, or with what was wrong with it.
inline Task<void> echo(ServerCall& call, ScriptedHandler&) {
  const auto body = co_await whole_body(call, {});
  const auto sent =
      co_await call.reply({.status = body ? 200 : 400}, body ? *body : body.error().detail, {});
  EXPECT_TRUE(sent || !body);
}

}  // namespace naru::net::testing
