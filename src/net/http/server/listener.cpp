#include "net/http/server/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace naru::net {
namespace {

constexpr int kBacklog = 4096;  // the kernel lowers it to net.core.somaxconn

Result<SocketAddress> look_up(const std::string& host, std::uint16_t port) {
  if (auto numeric = SocketAddress::of_ip(host, port)) return numeric;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0)
    return fail(FaultKind::InvalidRequest, "host '{}' to listen on: {}", host, gai_strerror(error));
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

Result<SocketAddress> address_of(int fd) {
  SocketAddress address;
  address.length = sizeof address.storage;
  if (getsockname(fd, address.get(), &address.length) != 0)
    return fail(FaultKind::InvalidRequest, "descriptor {} is no socket: {}", fd, strerror(errno));
  return address;
}

Result<Listener> bind_to(const SocketAddress& address, bool shared) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(FaultKind::Conflict, "listen {}: {}", address.text(), strerror(errno));
  Listener listener(fd, address);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(fd, address.get(), address.length) != 0)
    return fail(FaultKind::Conflict, "listen {}: {}", address.text(), strerror(errno));
  NARU_TRY(const SocketAddress bound, address_of(fd));
  return Listener(listener.take_fd(), bound);
}

}  // namespace

Listener::Listener(Listener&& from) noexcept
    : fd_(std::exchange(from.fd_, -1)), address_(from.address_) {}

Listener::~Listener() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Listener> Listener::adopt(int fd) {
  Listener held(fd, {});
  int listens = 0;
  socklen_t size = sizeof listens;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0)
    return fail(FaultKind::InvalidRequest, "descriptor {} is no socket that listens", fd);
  NARU_TRY(held.address_, address_of(fd));
  return held;
}

Result<Listener> Listener::share() const {
  const int fd = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    return fail(FaultKind::Unavailable, "listen {}: {}", address_.text(), strerror(errno));
  return Listener(fd, address_);
}

int Listener::take_fd() { return std::exchange(fd_, -1); }

Result<std::vector<Listener>> Listener::open(const std::string& host, std::uint16_t port,
                                             unsigned count) {
  NARU_TRY(SocketAddress address, look_up(host, port));
  {
    // Sockets that share a port would also share it with another process of the same user; one
    // that does not share finds out. It also chooses the port where any will do.
    NARU_TRY(const Listener probe, bind_to(address, false));
    address = probe.address();
  }
  std::vector<Listener> listeners;
  for (unsigned i = 0; i < count; ++i) {
    NARU_TRY(Listener listener, bind_to(address, true));
    if (::listen(listener.fd(), kBacklog) != 0)
      return fail(FaultKind::Conflict, "listen {}: {}", address.text(), strerror(errno));
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

bool listens_at(int socket, const std::string& host, std::uint16_t port) {
  const auto has = address_of(socket);
  if (!has) return false;
  const auto wanted = look_up(host, port == 0 ? has->port() : port);
  return wanted && wanted->text() == has->text();
}

}  // namespace naru::net
