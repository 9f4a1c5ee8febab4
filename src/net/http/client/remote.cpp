#include "net/http/client/remote.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace naru::net {
namespace {

/// The first 16 hexadecimal digits of the text's SHA-256.
std::string digest(std::string_view text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), bytes, &length, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < 8 && i < length; ++i) hex += fmt::format("{:02x}", bytes[i]);
  return hex;
}

std::string place_of(const Endpoint& endpoint) {
  return endpoint.local ? endpoint.socket_path : host_and_port(endpoint.host, endpoint.port);
}

/// Connections may stand in for each other when they lead to the same place on the same terms. The
/// path of the URL is no part of that; a proxy's password is, and shows only in a digest.
std::string key_of(const HttpRemote& remote) {
  const Endpoint& endpoint = remote.endpoint();
  const std::string_view scheme = endpoint.local ? "unix" : (endpoint.tls ? "https" : "http");
  std::string terms = remote.tls() == nullptr ? "" : remote.tls()->trust();
  if (const ProxyEndpoint* proxy = remote.proxy())
    terms += fmt::format("\n{}\n{}", host_and_port(proxy->host, proxy->port), proxy->authorization);
  return fmt::format("{}://{} {}", scheme, remote.place(), digest(terms));
}

}  // namespace

HttpRemote::HttpRemote(RemoteOptions options, Endpoint endpoint, std::optional<ProxyEndpoint> proxy,
                       std::shared_ptr<const TlsClient> tls)
    : options_(std::move(options)),
      endpoint_(std::move(endpoint)),
      proxy_(std::move(proxy)),
      tls_(std::move(tls)),
      place_(place_of(endpoint_)),
      key_(key_of(*this)) {}

Result<std::shared_ptr<const Remote>> Remote::make(RemoteOptions options) {
  NARU_TRY(Endpoint endpoint, read_endpoint(options.base_url));
  std::optional<ProxyEndpoint> proxy;
  if (!options.proxy.empty()) {
    if (endpoint.local)
      return fail(FaultKind::InvalidRequest, "a proxy is given for '{}', which is a UNIX socket",
                  options.base_url);
    NARU_TRY(proxy, read_proxy(options.proxy));
  }
  std::shared_ptr<const TlsClient> tls;
  if (endpoint.tls) {
    NARU_TRY(tls, TlsClient::make(options.tls));
  }
  return std::make_shared<const HttpRemote>(std::move(options), std::move(endpoint),
                                            std::move(proxy), std::move(tls));
}

std::string proxy_from_environment(std::string_view url) {
  return find_proxy(url, [](const char* name) -> const char* { return std::getenv(name); });
}

}  // namespace naru::net
