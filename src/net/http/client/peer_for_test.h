#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "net/loop_for_test.h"
#include "net/socket_stream.h"

namespace naru::net::testing {

/// The other end of a connection in the test's hand: each verb runs the loop until it is done.
class Peer {
 public:
  Peer(TestLoop& loop, int fd) : loop_(loop), fd_(fd) {
    const int on = 1;  // does nothing to a UNIX socket
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  Peer(Peer&& from) noexcept : loop_(from.loop_), fd_(std::exchange(from.fd_, -1)) {}
  Peer& operator=(Peer&&) = delete;
  ~Peer() { close(); }

  /// Bytes up to `mark` and with it.
  std::string read_to(std::string_view mark) {
    loop_.settle_until([&] { return take() && seen_.contains(mark); });
    const std::size_t end = std::min(seen_.find(mark), seen_.size() - mark.size()) + mark.size();
    std::string read = seen_.substr(0, end);
    seen_.erase(0, end);
    return read;
  }
  std::string read_head() { return read_to("\r\n\r\n"); }
  std::string read_exactly(std::size_t count) {
    loop_.settle_until([&] { return take() && seen_.size() >= count; });
    std::string read = seen_.substr(0, count);
    seen_.erase(0, count);
    return read;
  }
  void write(std::string_view bytes) {
    loop_.settle_until([&] {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      return bytes.empty();
    });
    loop_.settle();
  }
  /// Writes and closes before the other side can do anything.
  void write_and_close(std::string_view bytes) {
    EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    close();
  }
  /// Waits until the other side has closed.
  void see_close() {
    loop_.settle_until([&] { return !take(); });
  }
  /// Whether the other side has closed by now.
  bool sees_close() {
    loop_.settle();
    std::size_t before = 0;
    do {
      before = seen_.size();
      if (!take()) return true;
    } while (seen_.size() > before);
    return false;
  }
  void finish_writing() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    loop_.settle();
  }
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  int fd() const { return fd_; }
  TestLoop& loop() { return loop_; }

 private:
  /// Takes some of what is there, no more than it must; false once the other side has closed.
  bool take() {
    char bytes[16 << 10];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0) seen_.append(bytes, static_cast<std::size_t>(got));
    return got > 0 || (got < 0 && errno == EAGAIN);
  }

  TestLoop& loop_;
  int fd_;
  std::string seen_;
};

/// A listening socket in the test's hand, on loopback with any free port, or at a path.
class Listener {
 public:
  explicit Listener(TestLoop& loop, const std::string& path = "", int backlog = 16) : loop_(loop) {
    auto address =
        path.empty() ? SocketAddress::of_ip("127.0.0.1", 0) : SocketAddress::of_path(path);
    fd_ = ::socket(address->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(fd_, address->get(), address->length), 0);
    EXPECT_EQ(::listen(fd_, backlog), 0);
    address->length = sizeof address->storage;
    ::getsockname(fd_, address->get(), &address->length);
    port_ = address->port();
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(); }

  std::uint16_t port() const { return port_; }
  /// Has the kernel take few bytes ahead of the peer's reading.
  void narrow() {
    const int few_bytes = 16 << 10;
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &few_bytes, sizeof few_bytes);
  }
  /// Waits for the next connection.
  Peer accept() {
    int fd = -1;
    loop_.settle_until([&] { return (fd = try_accept()) >= 0; });
    return Peer(loop_, fd);
  }
  /// Whether a connection waits to be accepted by now.
  bool is_called() {
    loop_.settle();
    const int fd = try_accept();
    if (fd >= 0) ::close(fd);
    return fd >= 0;
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int try_accept() { return ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); }

  TestLoop& loop_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace naru::net::testing
