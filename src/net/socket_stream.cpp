#include "net/socket_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <cerrno>

#include "net/wake.h"

namespace naru::net {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto kAsValues = asio::as_tuple(asio::deferred);
constexpr auto kFullQueueWait = std::chrono::milliseconds(5);

std::string text_of(int error) {
  return error_code(error, boost::system::system_category()).message();
}

}  // namespace

struct SocketStream::Impl {
  using Socket =
      asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;

  Impl(Loop& owner, std::string other)
      : loop(owner), socket(owner.context()), peer(std::move(other)) {}

  bool open() const { return socket.is_open(); }
  int fd() { return open() ? socket.native_handle() : -1; }
  std::unexpected<Fault> closed() const {
    return fail(FaultKind::Cancelled, "the connection with {} is closed", peer);
  }
  std::unexpected<Fault> failed(const error_code& error) const {
    return fail(FaultKind::UpstreamFailed, "connection with {}: {}", peer, error.message());
  }
  std::unexpected<Fault> failed(int error) const {
    return failed(error_code(error, boost::system::system_category()));
  }
  void close() {
    error_code ignored;
    socket.close(ignored);
  }

  /// What one read by Asio came to; nothing if it is to be tried again.
  std::optional<Result<std::size_t>> judge(const error_code& error, std::size_t got,
                                           std::size_t room) {
    more_expected = got == room;
    if (!error) return got;
    if (error == asio::error::eof) return 0;
    if (!open()) return closed();
    // Cancelling ends every operation of a socket; this one was not meant.
    if (error == asio::error::operation_aborted) return std::nullopt;
    return failed(error);
  }

  Loop& loop;
  Socket socket;
  std::string peer;
  bool more_expected = false;  // the last read filled its room, so that more may be there
};

namespace {

void cancel_operations(void* socket) {
  error_code ignored;
  static_cast<
      asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>*>(
      socket)
      ->cancel(ignored);
}

/// Bytes that wait unsent in the kernel. It says that more may be written once half of them have
/// left, so that who reads slowly is seen to read; by default it waits for a third of megabytes.
constexpr int kUnsentBytes = 64 << 10;

void set_tcp_options(int fd, int family) {
  if (family == AF_UNIX) return;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes, sizeof kUnsentBytes);
}

}  // namespace

SocketStream::SocketStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SocketStream::~SocketStream() = default;

Result<std::unique_ptr<SocketStream>> SocketStream::adopt(Loop& loop, int fd,
                                                          const SocketAddress& peer) {
  auto impl = std::make_unique<Impl>(loop, peer.text());
  set_tcp_options(fd, peer.family());
  error_code error;
  impl->socket.assign({peer.family(), 0}, fd, error);
  if (error) {
    ::close(fd);
    return impl->failed(error);
  }
  impl->socket.native_non_blocking(true, error);
  return std::unique_ptr<SocketStream>(new SocketStream(std::move(impl)));
}

Task<Result<std::unique_ptr<SocketStream>>> SocketStream::connect(Loop& loop, SocketAddress to,
                                                                  Until until) {
  const int fd = ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    co_return fail(FaultKind::UpstreamFailed, "no socket for {}: {}", to.text(), text_of(errno));
  NARU_CO_TRY(auto stream, adopt(loop, fd, to));
  int error = ::connect(fd, to.get(), to.length) == 0 ? 0 : errno;
  // Where the peer's queue is full TCP waits by itself; a UNIX socket refuses at once. unix(7).
  while (error == EAGAIN) {
    const auto slept = co_await loop.sleep(kFullQueueWait, until);
    NARU_CO_TRY_VOID(slept);
    error = ::connect(fd, to.get(), to.length) == 0 ? 0 : errno;
  }
  if (error == EINPROGRESS) {
    const auto connected = co_await stream->wait_writable(until);
    NARU_CO_TRY_VOID(connected);
    socklen_t length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  }
  if (error != 0)
    co_return fail(FaultKind::UpstreamFailed, "connecting to {}: {}", to.text(), text_of(error));
  co_return stream;
}

Task<Result<std::size_t>> SocketStream::read_some(std::span<char> into, Until until) {
  if (impl_->more_expected && impl_->open()) {
    const ssize_t got = ::recv(impl_->fd(), into.data(), into.size(), MSG_DONTWAIT);
    impl_->more_expected = got == static_cast<ssize_t>(into.size());
    if (got >= 0) co_return static_cast<std::size_t>(got);
    // The error is told once: a reset that is passed over here would look like an orderly end.
    if (errno != EAGAIN && errno != EINTR) co_return impl_->failed(errno);
  }
  const UntilGuard guard(impl_->loop, until, cancel_operations, &impl_->socket);
  while (impl_->open() && !guard.ended()) {
    const auto [error, got] =
        co_await impl_->socket.async_receive(asio::buffer(into.data(), into.size()), kAsValues);
    auto done = impl_->judge(error, got, into.size());
    if (done) co_return std::move(*done);
  }
  if (!impl_->open()) co_return impl_->closed();
  co_return guard.fault();
}

void SocketStream::start_read(std::span<char> into, ReadDone& done) {
  impl_->socket.async_receive(asio::buffer(into.data(), into.size()),
                              [this, into, &done](const error_code& error, std::size_t got) {
                                auto end = impl_->judge(error, got, into.size());
                                if (!end) return start_read(into, done);
                                done.on_read(std::move(*end));
                              });
}

Result<std::size_t> SocketStream::write_now(const Parts& parts) {
  std::array<iovec, std::tuple_size_v<Parts>> pieces{};
  std::size_t count = 0;
  for (const std::string_view part : parts)
    if (!part.empty()) pieces[count++] = {const_cast<char*>(part.data()), part.size()};
  if (!impl_->open()) return impl_->closed();
  if (count == 0) return 0;
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(impl_->fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
  return impl_->failed(errno);
}

Task<Result<void>> SocketStream::write_all(Parts parts, Until until) {
  for (;;) {
    NARU_CO_TRY(const std::size_t sent, write_now(parts));
    if (!drop_front(parts, sent)) co_return Result<void>{};
    const auto ready = co_await wait_writable(until);
    NARU_CO_TRY_VOID(ready);
  }
}

Task<Result<void>> SocketStream::wait_writable(Until until) {
  const UntilGuard guard(impl_->loop, until, cancel_operations, &impl_->socket);
  while (impl_->open() && !guard.ended()) {
    const auto [error] = co_await impl_->socket.async_wait(Impl::Socket::wait_write, kAsValues);
    if (!error) co_return Result<void>{};
    if (error != asio::error::operation_aborted) co_return impl_->failed(error);
  }
  if (!impl_->open()) co_return impl_->closed();
  co_return guard.fault();
}

Task<Result<void>> SocketStream::wait_readable(Until until) {
  const UntilGuard guard(impl_->loop, until, cancel_operations, &impl_->socket);
  while (impl_->open() && !guard.ended()) {
    const auto [error] = co_await impl_->socket.async_wait(Impl::Socket::wait_read, kAsValues);
    if (!error) co_return Result<void>{};
    if (error != asio::error::operation_aborted) co_return impl_->failed(error);
  }
  if (!impl_->open()) co_return impl_->closed();
  co_return guard.fault();
}

void SocketStream::start_wait(bool to_write, void (*ready)(void*), void* self) {
  impl_->socket.async_wait(to_write ? Impl::Socket::wait_write : Impl::Socket::wait_read,
                           [this, to_write, ready, self](const error_code& error) {
                             if (error == asio::error::operation_aborted && impl_->open())
                               return start_wait(to_write, ready, self);
                             ready(self);
                           });
}

bool SocketStream::readable_now() {
  if (!impl_->open()) return true;
  char byte = 0;
  const ssize_t got = ::recv(impl_->fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

int SocketStream::peer_pid() const {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (!impl_->open()) return 0;
  return ::getsockopt(impl_->fd(), SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.pid : 0;
}

bool SocketStream::hung_up_now() {
  if (!impl_->open()) return true;
  pollfd look{.fd = impl_->fd(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&look, 1, 0) == 1;
}

void SocketStream::finish_writing() {
  if (impl_->open()) ::shutdown(impl_->fd(), SHUT_WR);
}

void SocketStream::close() { impl_->close(); }

void SocketStream::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  if (impl_->open()) setsockopt(impl_->fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  impl_->close();
}

Loop& SocketStream::loop() { return impl_->loop; }
std::string_view SocketStream::peer() const { return impl_->peer; }
int SocketStream::fd() const { return impl_->fd(); }

}  // namespace naru::net
