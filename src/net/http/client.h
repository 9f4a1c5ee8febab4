#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "net/byte_stream.h"
#include "net/http/head.h"
#include "net/resolver.h"
#include "net/tls.h"

namespace naru::net {

struct RemoteOptions {
  std::string
      base_url;  ///< `https://host[:port][/prefix]`, `http://…`, or `unix:/path/to.sock[:/prefix]`
  TlsClientOptions tls = {};
  std::string proxy = {};  ///< `http://host:port` to CONNECT through (plain http is sent in
                           ///< absolute form); empty: none
  std::chrono::milliseconds connect_timeout{2'000};  ///< name, TCP, proxy and TLS together
  std::chrono::milliseconds idle{30'000};            ///< a pooled connection without a call
  std::chrono::milliseconds max_age{300'000};        ///< a connection is not reused after that
  std::size_t max_head_bytes = 64 << 10;
};

/// Somewhere to send requests. Immutable; shared by all loops; its connections are pooled a loop by
/// `key`, so that a reload with the same options keeps them.
class Remote {
 public:
  /// Fails: InvalidRequest (URL, proxy), or what is wrong with the CA file.
  static Result<std::shared_ptr<const Remote>> make(RemoteOptions options);
  virtual ~Remote() = default;
  virtual const RemoteOptions& options() const = 0;
  virtual const std::string& key() const = 0;
  virtual const std::string& prefix() const = 0;     ///< path of the base URL without a final `/`
  virtual const std::string& authority() const = 0;  ///< value for `Host`
};

/// The proxy of the environment for `url`: HTTPS_PROXY / HTTP_PROXY / ALL_PROXY (lower case too)
/// unless NO_PROXY (names, suffixes, addresses, `*`) says otherwise; empty for none.
std::string proxy_from_environment(std::string_view url);

/// One request to be sent. Lifetime: what it views stays until the call is destroyed.
struct ClientRequest {
  std::string_view method = "POST";
  std::string_view target = {};                  ///< path after the remote's prefix, with query
  const std::vector<Header>* headers = nullptr;  ///< besides Host and length
  std::string_view body = {};
  bool* leaves = nullptr;  ///< set when its bytes begin to be written, if given
};

/// An answer being read. Destroying it before its end cancels: the connection is closed.
class ClientCall {
 public:
  virtual ~ClientCall() = default;
  virtual const AnswerHead& head() const = 0;
  /// Next bytes of the body, chunking undone; empty at its end, which is then known to be whole.
  /// Lifetime: until the next call. Fails: UpstreamFailed (cut), UpstreamInvalid (framing), time.
  virtual Task<Result<std::string_view>> read_some(Until until) = 0;
  virtual std::chrono::nanoseconds connect_time() const = 0;  ///< 0 on a reused connection
};

/// Sends requests from one loop and keeps its connections. Names resolve off the loop.
/// Lifetime: loop and resolver outlive it, and it outlives the tasks that read its calls.
class HttpClient {
 public:
  static std::unique_ptr<HttpClient> make(Loop& loop, Resolver& resolver);
  virtual ~HttpClient() = default;
  /// Gives the answer once its final head is there (every 1xx skipped). A reset on a reused
  /// connection before any byte of the answer, within a round trip, is tried once more on a fresh
  /// one.
  /// Fails: UpstreamFailed (unreachable, TLS with the reason), UpstreamTimeout, UpstreamInvalid.
  virtual Task<Result<std::unique_ptr<ClientCall>>> send(std::shared_ptr<const Remote> remote,
                                                         ClientRequest request, Until until) = 0;
  virtual std::size_t idle_connections() const = 0;
  virtual void close_idle() = 0;
};

}  // namespace naru::net
