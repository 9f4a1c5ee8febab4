#include "net/http/server/acceptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>

#include "net/tls_stream.h"

namespace naru::net {
namespace asio = boost::asio;
using telemetry::field;

namespace {

constexpr int kAcceptedAtOnce = 32;               // then other work of the loop has its turn
constexpr std::chrono::milliseconds kPause{100};  // without descriptors or memory

int open_reserve() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

struct Acceptor::Socket {
  using Asio = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;

  Socket(Loop& loop, Listener listener) : asio(loop.context()) {
    const bool v6 = listener.address().family() == AF_INET6;
    asio.assign(v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), listener.take_fd());
  }
  Asio asio;
};

/// A client that was let in, counted until its connection has ended.
class Acceptor::Admitted {
 public:
  Admitted(std::shared_ptr<ServerShared> shared, int fd, const SocketAddress& peer)
      : shared_(std::move(shared)), fd_(fd), peer_(peer) {
    ++shared_->connections;
  }
  Admitted(const Admitted&) = delete;
  Admitted& operator=(const Admitted&) = delete;
  ~Admitted() {
    if (fd_ >= 0) ::close(fd_);
    const std::lock_guard lock(shared_->mutex);
    --shared_->connections;
    shared_->changed.notify_all();
  }
  int take_fd() { return std::exchange(fd_, -1); }
  const SocketAddress& peer() const { return peer_; }

 private:
  std::shared_ptr<ServerShared> shared_;
  int fd_;
  SocketAddress peer_;
};

/// A connection that is told to end while this lives.
class Acceptor::Listed {
 public:
  Listed(std::vector<Connection*>& connections, Connection& connection)
      : connections_(connections), connection_(connection) {
    connections_.push_back(&connection_);
  }
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;
  ~Listed() { std::erase(connections_, &connection_); }

 private:
  std::vector<Connection*>& connections_;
  Connection& connection_;
};

Acceptor::Acceptor(Loop& loop, std::shared_ptr<ServerShared> shared, Listener listener)
    : loop_(loop),
      shared_(std::move(shared)),
      context_{.options = shared_->options,
               .handler = shared_->handler,
               .draining = shared_->draining,
               .leaving = shared_->leaving},
      socket_(std::make_unique<Socket>(loop, std::move(listener))),
      tasks_(loop),
      reserve_fd_(open_reserve()) {}

Acceptor::~Acceptor() {
  if (reserve_fd_ >= 0) ::close(reserve_fd_);
}

void Acceptor::start() { tasks_.spawn(accept(shared_from_this())); }

/// Another process may have the same socket, which then stays open: only `release` takes it out of
/// the loop's epoll set, where it would go on waking us. epoll(7), question 6.
void Acceptor::let_go_of_socket() {
  if (!socket_->asio.is_open()) return;
  boost::system::error_code error;
  const int fd = socket_->asio.release(error);
  if (!error) ::close(fd);
}

void Acceptor::leave() {
  accept_some();  // the other process may have moved to another address
  let_go_of_socket();
  for (Connection* connection : connections_) connection->leave();
}

void Acceptor::drain() {
  let_go_of_socket();
  for (Connection* connection : connections_) connection->end_soon();
}

void Acceptor::end_calls() {
  for (Connection* connection : connections_) connection->end_call();
}

void Acceptor::cut() {
  tasks_.stop().fire();
  for (Connection* connection : connections_) connection->cut();
}

Task<void> Acceptor::accept(std::shared_ptr<Acceptor> self) {
  constexpr auto as_values = asio::as_tuple(asio::deferred);
  while (self->socket_->asio.is_open()) {
    const auto [error] =
        co_await self->socket_->asio.async_wait(Socket::Asio::wait_read, as_values);
    if (error) continue;
    const bool may_go_on = self->accept_some();
    if (may_go_on) continue;
    const auto slept = co_await self->loop_.sleep(kPause, {.stop = &self->tasks_.stop()});
    if (!slept) break;
  }
  const std::lock_guard lock(self->shared_->mutex);
  --self->shared_->acceptors;
  self->shared_->changed.notify_all();
}

/// Accepts what waits, but not too many at once. False when the machine has no room for more now.
bool Acceptor::accept_some() {
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    const int fd = ::accept4(socket_->asio.native_handle(), peer.get(), &peer.length,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      admit(fd, peer);
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
    if (errno == EMFILE || errno == ENFILE) return make_room();
    if (errno == ENOBUFS || errno == ENOMEM) return false;
    // Anything else is the fault of that one connection. accept(2), "Error handling".
  }
  return true;
}

void Acceptor::admit(int fd, const SocketAddress& peer) {
  if (shared_->connections >= shared_->options.max_connections) {
    warn("listen.too_many_connections");
    ::close(fd);
    return;
  }
  tasks_.spawn(serve(shared_from_this(), std::make_unique<Admitted>(shared_, fd, peer)));
}

/// Without descriptors a waiting connection would stay and wake the loop for ever: the spare
/// descriptor serves to take it and close it.
bool Acceptor::make_room() {
  warn("listen.no_descriptors");
  if (reserve_fd_ >= 0) ::close(reserve_fd_);
  const int fd = ::accept(socket_->asio.native_handle(), nullptr, nullptr);
  if (fd >= 0) ::close(fd);
  reserve_fd_ = open_reserve();
  return false;
}

void Acceptor::warn(std::string_view event) {
  loop_.log().warn(event, {field("connections", shared_->connections.load()),
                           field("max_connections", shared_->options.max_connections)});
}

Task<void> Acceptor::serve(std::shared_ptr<Acceptor> self, std::unique_ptr<Admitted> client) {
  auto stream = co_await self->open_stream(client->take_fd(), client->peer());
  if (!stream) co_return;
  Connection connection(self->context_, *std::move(stream));
  const Listed listed(self->connections_, connection);
  if (self->shared_->draining && !self->shared_->leaving) connection.end_soon();
  co_await connection.run();
}

Task<Result<std::unique_ptr<ByteStream>>> Acceptor::open_stream(int fd, SocketAddress peer) {
  NARU_CO_TRY(auto socket, SocketStream::adopt(loop_, fd, peer));
  const ListenOptions& options = shared_->options;
  if (options.tls == nullptr) co_return socket;
  auto stream = std::make_unique<TlsStream>(std::move(socket), options.tls->context().get(),
                                            TlsStream::Role::Server);
  const Until until{loop_.clock().now() + options.handshake_timeout, &tasks_.stop()};
  const auto done = co_await stream->handshake(until);
  NARU_CO_TRY_VOID(done);
  co_return stream;
}

}  // namespace naru::net
