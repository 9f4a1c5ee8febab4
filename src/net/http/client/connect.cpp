#include "net/http/client/connect.h"

#include <array>

#include "net/http/client/race.h"
#include "net/http/client/request_head.h"
#include "net/http/message_parser.h"
#include "net/tls_stream.h"

namespace naru::net {
namespace {

using Stream = std::unique_ptr<ByteStream>;
using Socket = std::unique_ptr<SocketStream>;
using RemotePtr = std::shared_ptr<const HttpRemote>;

constexpr std::size_t kMaxProxyHeadBytes = 16 << 10;
constexpr int kProxyWantsCredentials = 407;

/// One connection being made.
struct Attempt {
  Loop& loop;
  Resolver& resolver;
  RemotePtr remote;
  Until until;
  std::string_view step = "waiting for the connection";  // for the message when time is over
};

std::string in_words(std::chrono::milliseconds length) {
  if (length.count() % 1000 == 0) return fmt::format("{}s", length.count() / 1000);
  return fmt::format("{}ms", length.count());
}

Task<Result<Socket>> dial_address(Loop& loop, Address address, std::uint16_t port, Until until) {
  NARU_CO_TRY(const SocketAddress to, SocketAddress::of_ip(address.ip, port));
  co_return co_await SocketStream::connect(loop, to, until);
}

/// Lifetime: the attempt's, which outlives the task.
Task<Result<Socket>> reach_host(Attempt& attempt, std::string host, std::uint16_t port) {
  attempt.step = "looking up the name";
  auto found = co_await attempt.resolver.resolve(attempt.loop, host, attempt.until);
  NARU_CO_TRY(auto addresses, std::move(found));
  attempt.step = "waiting for the connection";
  Loop& loop = attempt.loop;
  Dial dial = [&loop, port](const Address& address, Until until) {
    return dial_address(loop, address, port, until);
  };
  co_return co_await race(loop, std::move(addresses), std::move(dial), attempt.until);
}

/// Lifetime: the attempt's.
Task<Result<Socket>> reach(Attempt& attempt) {
  const Endpoint& endpoint = attempt.remote->endpoint();
  if (endpoint.local) {
    NARU_CO_TRY(const SocketAddress to, SocketAddress::of_path(endpoint.socket_path));
    auto reached = co_await SocketStream::connect(attempt.loop, to, attempt.until);
    if (!reached)
      reached.error().detail = fmt::format("{}: {}", endpoint.socket_path, reached.error().detail);
    co_return reached;
  }
  const ProxyEndpoint* proxy = attempt.remote->proxy();
  if (proxy == nullptr) co_return co_await reach_host(attempt, endpoint.host, endpoint.port);
  auto reached = co_await reach_host(attempt, proxy->host, proxy->port);
  if (!reached) reached.error().detail = fmt::format("proxy: {}", reached.error().detail);
  co_return reached;
}

std::string proxy_place(const HttpRemote& remote) {
  return host_and_port(remote.proxy()->host, remote.proxy()->port);
}

/// What the proxy's final answer to CONNECT means.
Result<void> judge_tunnel(const AnswerHead& head, bool speaks_on, const HttpRemote& remote) {
  const std::string proxy = proxy_place(remote);
  if (head.status / 100 != 2)
    return fail(FaultKind::UpstreamFailed, "proxy {} refuses CONNECT to {} with status {}{}", proxy,
                remote.place(), head.status,
                head.status == kProxyWantsCredentials ? "; give user:password in its URL" : "");
  if (speaks_on)
    return fail(FaultKind::UpstreamInvalid, "proxy {} speaks before it is spoken to", proxy);
  return {};
}

/// Takes the heads that are whole off `bytes`, interim ones too; nothing while no final one is.
std::optional<Result<void>> take_heads(std::string& bytes, unsigned& interim,
                                       const HttpRemote& remote) {
  const std::string proxy = proxy_place(remote);
  for (;;) {
    AnswerParser parser;
    const auto end = parser.find_head_end(bytes);
    if (!end) return fail(FaultKind::UpstreamInvalid, "proxy {}: {}", proxy, end.error().detail);
    if (*end == 0 && bytes.size() < kMaxProxyHeadBytes) return std::nullopt;
    if (*end == 0)
      return fail(FaultKind::UpstreamInvalid, "proxy {} sends a head without end", proxy);
    AnswerHead head;
    const auto read = parser.read_head(std::string_view(bytes).substr(0, *end), head);
    if (!read) return fail(FaultKind::UpstreamInvalid, "proxy {}: {}", proxy, read.error().detail);
    if (head.status / 100 != 1 || head.status == kSwitchingProtocols)
      return judge_tunnel(head, *end != bytes.size(), remote);
    if (++interim > kMaxInterim)
      return fail(FaultKind::UpstreamInvalid, "proxy {} sends 1xx answers without end", proxy);
    bytes.erase(0, *end);
  }
}

/// Has the proxy connect on. Lifetime: attempt and socket outlive the task.
Task<Result<void>> open_tunnel(Attempt& attempt, SocketStream& socket) {
  attempt.step = "waiting for the proxy";
  const std::string head = write_connect_head(*attempt.remote);
  auto written = co_await socket.write(head, attempt.until);
  NARU_CO_TRY_VOID(std::move(written));
  std::string bytes;
  std::array<char, kMaxProxyHeadBytes> room;
  unsigned interim = 0;
  for (;;) {
    const std::span<char> free(room.data(), room.size() - bytes.size());
    auto got = co_await socket.read_some(free, attempt.until);
    NARU_CO_TRY(const std::size_t count, std::move(got));
    if (count == 0)
      co_return fail(FaultKind::UpstreamFailed, "proxy {} closed the connection",
                     proxy_place(*attempt.remote));
    bytes.append(room.data(), count);
    auto judged = take_heads(bytes, interim, *attempt.remote);
    if (judged) co_return std::move(*judged);
  }
}

/// Lifetime: the attempt's.
Task<Result<Stream>> secure(Attempt& attempt, Socket socket) {
  attempt.step = "waiting for the TLS handshake";
  const TlsClient& tls = *attempt.remote->tls();
  const std::string& host = attempt.remote->endpoint().host;
  auto stream =
      std::make_unique<TlsStream>(std::move(socket), tls.context(), TlsStream::Role::Client);
  NARU_CO_TRY_VOID(tls.prepare(stream->session(), host));
  auto done = co_await stream->handshake(attempt.until);
  if (!done && done.error().kind == FaultKind::UpstreamFailed)
    done.error().detail = handshake_fault(stream->session(), host, done.error().detail);
  NARU_CO_TRY_VOID(std::move(done));
  co_return Stream(std::move(stream));
}

/// Lifetime: the attempt's.
Task<Result<Stream>> make_connection(Attempt& attempt) {
  auto reached = co_await reach(attempt);
  NARU_CO_TRY(Socket socket, std::move(reached));
  if (attempt.remote->tls() == nullptr) co_return Stream(std::move(socket));
  if (attempt.remote->proxy() != nullptr) {
    auto opened = co_await open_tunnel(attempt, *socket);
    NARU_CO_TRY_VOID(std::move(opened));
  }
  co_return co_await secure(attempt, std::move(socket));
}

}  // namespace

Task<Result<Stream>> connect(Loop& loop, Resolver& resolver, RemotePtr remote, Until until) {
  const std::chrono::milliseconds patience = remote->options().connect_timeout;
  Attempt attempt{loop, resolver, remote, until.by(loop.clock().now() + patience)};
  auto made = co_await make_connection(attempt);
  if (made) co_return std::move(made);
  Fault fault = std::move(made).error();
  if (fault.kind != FaultKind::Cancelled) fault.origin = Origin::Upstream;
  if (fault.kind == FaultKind::UpstreamTimeout) {
    const bool ours = attempt.until.deadline < until.deadline;
    const std::string after = ours ? fmt::format(" after {}", in_words(patience)) : "";
    fault.detail =
        fmt::format("connect to {} timed out{} {}", remote->place(), after, attempt.step);
  }
  co_return fail(std::move(fault));
}

}  // namespace naru::net
