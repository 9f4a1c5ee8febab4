#include "sys/channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "sys/files.h"

namespace naru::sys {

Result<std::pair<Channel, Channel>> Channel::make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return fail(FaultKind::Unavailable, "no socket pair: {}", error_text(errno));
  return std::pair(Channel(Fd(ends[0])), Channel(Fd(ends[1])));
}

bool Channel::send(std::string_view message) const {
  const ssize_t sent =
      ::send(fd_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent == static_cast<ssize_t>(message.size());
}

Result<std::optional<std::string>> Channel::receive(std::chrono::milliseconds most) const {
  pollfd watched{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  const int ready = ::poll(&watched, 1, static_cast<int>(most.count()));
  if (ready == 0 || (ready < 0 && errno == EINTR)) return std::nullopt;
  std::string message(kMaxMessageBytes, '\0');
  ssize_t got = ::recv(fd_.get(), message.data(), message.size(), MSG_DONTWAIT);
  // Said once of an end that closed with something unread; what it sent before is still there.
  if (got < 0 && errno == ECONNRESET)
    got = ::recv(fd_.get(), message.data(), message.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  if (got <= 0) return fail(FaultKind::Unavailable, "the other end is gone");
  message.resize(static_cast<std::size_t>(got));
  return message;
}

}  // namespace naru::sys
