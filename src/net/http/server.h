#pragma once
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "net/byte_stream.h"
#include "net/http/head.h"
#include "net/tls.h"

namespace naru::net {

/// One request on a client's connection, and the answer to it.
class ServerCall {
 public:
  virtual ~ServerCall() = default;
  virtual const RequestHead& head() const = 0;
  virtual Loop& loop() = 0;
  virtual std::string_view peer() const = 0;
  /// Fires when the client has gone away, a half-close included; watched in every phase.
  virtual Stop& gone() = 0;
  /// `gone` fired because we stop: the client is there, and can be told within a second.
  virtual bool stopping() const = 0;
  /// The declared length of the body, if there is one (0 without a body).
  virtual std::optional<std::uint64_t> body_length() const = 0;
  /// Next bytes of the body as sent (chunking undone, content coding not); 0 at its end. Sends
  /// `100 Continue` before the first read when the client waits for it.
  /// Fails: InvalidRequest (broken framing), UpstreamTimeout, Cancelled.
  virtual Task<Result<std::size_t>> read_body(std::span<char> into, Until until) = 0;

  /// A whole answer in one write. To HEAD, only its head goes out.
  virtual Task<Result<void>> reply(ReplyHead head, std::string_view body, Until until) = 0;
  /// Begins an answer whose length is not known (chunked; to HTTP/1.0 until close).
  virtual Task<Result<void>> start(ReplyHead head, Until until) = 0;
  virtual Task<Result<void>> write(std::string_view bytes, Until until) = 0;
  /// The last bytes (may be empty) and the body's end in one write. An answer that was started and
  /// never finished ends with the connection cut, so that the client sees it is not whole.
  virtual Task<Result<void>> finish(std::string_view bytes, Until until) = 0;
  /// Ends our side of the connection as it stands, in order but whatever the answer still lacks.
  virtual void half_close() = 0;
  virtual bool started() const = 0;  ///< whether a status line has gone out
};

/// What goes to a client whose request never became a call.
struct Refusal {
  std::vector<Header> headers = {};
  std::string body = {};  ///< JSON
};

/// Who answers. One object for all loops; must be safe to call from each.
class Handler {
 public:
  virtual ~Handler() = default;
  /// Lifetime: `call` lives until the task ends. Without an answer the connection is closed.
  virtual Task<void> serve(ServerCall& call) = 0;
  /// For a request so broken that it never became a call; `target` may be empty.
  virtual Refusal refusal(const Fault& fault, std::string_view target) = 0;
};

struct ListenOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;         ///< 0: any free one
  std::vector<int> sockets = {};  ///< descriptors that listen there already; none: it binds
  std::shared_ptr<TlsServer> tls = nullptr;         ///< null: plain
  std::size_t max_head_bytes = 64 << 10;            ///< request line and headers
  std::size_t max_connections = 10'000;             ///< a process; further ones are closed at once
  std::chrono::milliseconds head_timeout{10'000};   ///< from the first byte to the end of the head
  std::chrono::milliseconds idle_timeout{120'000};  ///< between requests of a connection
  std::chrono::milliseconds handshake_timeout{10'000};
};

/// A listening address, accepted on every loop (SO_REUSEPORT).
class HttpServer {
 public:
  /// Binds, or takes over `options.sockets`, which may be more or fewer than there are loops.
  /// Fails: Conflict, naming the address, when it is taken or not ours.
  static Result<std::unique_ptr<HttpServer>> open(Loops& loops, ListenOptions options,
                                                  Handler& handler);
  virtual ~HttpServer() = default;
  virtual void start() = 0;
  virtual std::uint16_t port() const = 0;
  virtual std::string address() const = 0;  ///< `127.0.0.1:8080`
  virtual std::size_t connections() const = 0;
  virtual bool accepting() const = 0;  ///< from `start` until a drain or leave has ended it
  /// Takes no new connections, closes idle ones, tells the others `Connection: close`, waits for
  /// them, and cuts what is left at `by`. Blocks; not from a loop.
  virtual void drain(Monotonic by) = 0;
  /// The descriptors it accepts at, for a process that is to accept there too. Valid until it
  /// drains or leaves.
  virtual std::vector<int> sockets() const = 0;
  /// Leaves its sockets to a process that accepts there already: no client notices. Takes no new
  /// connections, but closes none that may be used at this moment: each has its next answer with
  /// `Connection: close`, or is closed after `kLeaveGrace` without a request. Cuts what is left at
  /// `by`. Blocks; not from a loop.
  virtual void leave(Monotonic by) = 0;
  static constexpr std::chrono::seconds kLeaveGrace{5};
};

/// Whether `socket` is bound to that host and port; port 0 stands for any. Blocks for a host that
/// is a name.
bool listens_at(int socket, const std::string& host, std::uint16_t port);

}  // namespace naru::net
