#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace naru::net {

/// What a base URL says, taken apart.
struct Endpoint {
  bool tls = false;
  bool local = false;      ///< a UNIX socket: `socket_path` instead of `host` and `port`
  std::string host = {};   ///< lower case; an IPv6 address without its brackets
  std::uint16_t port = 0;  ///< 80 or 443 unless the URL says otherwise
  std::string socket_path = {};
  std::string prefix = {};     ///< path without a final `/`
  std::string authority = {};  ///< `host[:port]` as `Host` wants it; `localhost` for UNIX sockets
};

/// Reads `https://host[:port][/prefix]`, `http://…` or `unix:/path/to.sock[:/prefix]`.
/// Fails: InvalidRequest, quoting the URL (without credentials) and what is wrong with it.
Result<Endpoint> read_endpoint(std::string_view url);

/// `10.0.0.1:443`, `[::1]:443`, or a socket's path: for messages and CONNECT.
std::string host_and_port(std::string_view host, std::uint16_t port);

/// A proxy that speaks HTTP.
struct ProxyEndpoint {
  std::string host = {};
  std::uint16_t port = 80;
  std::string authorization = {};  ///< `Basic …` when its URL carries credentials; never shown
};

/// Reads `http://[user:password@]host[:port]`; a bare `host[:port]` is taken as http.
/// Fails: InvalidRequest; the text shows no credentials.
Result<ProxyEndpoint> read_proxy(std::string_view url);

/// Looks up one environment variable; null when it is not set.
using Environment = std::function<const char*(const char* name)>;

/// The proxy `environment` names for `url`, or empty. A scheme's own variable goes before
/// ALL_PROXY, lower case before upper; loopback hosts and UNIX sockets never have a proxy.
std::string find_proxy(std::string_view url, const Environment& environment);

/// Whether a NO_PROXY list (names with their subdomains, addresses, CIDR ranges, each with an
/// optional port, or `*`; separated by commas or spaces) covers the host.
bool is_covered(std::string_view no_proxy, std::string_view host, std::uint16_t port);

}  // namespace naru::net
