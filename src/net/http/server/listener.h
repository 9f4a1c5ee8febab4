#pragma once
#include <memory>
#include <string>
#include <vector>

#include "net/socket_stream.h"

namespace naru::net {

/// One listening socket of the kernel, closed when destroyed.
class Listener {
 public:
  /// `count` sockets on one address, among which the kernel spreads connections (SO_REUSEPORT);
  /// port 0 takes any free one. Blocks for a host that is a name.
  /// Fails: InvalidRequest (no such host), Conflict, naming an address that is taken or not ours.
  static Result<std::vector<Listener>> open(const std::string& host, std::uint16_t port,
                                            unsigned count);
  /// A socket that listens already, opened by another process. Fails: InvalidRequest, when `fd` is
  /// none; it is closed then.
  static Result<Listener> adopt(int fd);
  Listener(int fd, SocketAddress address) : fd_(fd), address_(address) {}
  Listener(Listener&& from) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  int fd() const { return fd_; }
  /// The same socket under another descriptor, for one more loop. Fails: Unavailable.
  Result<Listener> share() const;
  int take_fd();  ///< gives the socket away
  const SocketAddress& address() const { return address_; }

 private:
  int fd_;
  SocketAddress address_;
};

}  // namespace naru::net
