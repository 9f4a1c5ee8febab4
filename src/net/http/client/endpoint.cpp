#include "net/http/client/endpoint.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <charconv>
#include <optional>

#include "base/text.h"

namespace naru::net {
namespace {

constexpr std::size_t kMaxHost = 253;  // RFC 1035, 2.3.4, without the final dot
constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

struct HostPort {
  std::string host;
  std::optional<std::uint16_t> port;
};

std::optional<std::uint16_t> find_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0)
    return std::nullopt;
  return port;
}

bool is_v6(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_name(std::string_view host) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  return !host.empty() && host.size() <= kMaxHost && host.front() != '.' &&
         std::ranges::all_of(host, fits);
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`; the text of the error says what is wrong with it.
std::expected<HostPort, std::string> read_host_port(std::string_view text) {
  HostPort found;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::unexpected("has '[' without ']'");
    found.host = to_lower(text.substr(1, end - 1));
    rest = text.substr(end + 1);
    if (!is_v6(found.host))
      return std::unexpected(fmt::format("has '{}', which is no IPv6 address", found.host));
  } else {
    const std::size_t colon = text.find(':');
    found.host = to_lower(text.substr(0, colon));
    rest = colon == std::string_view::npos ? "" : text.substr(colon);
    if (found.host.empty()) return std::unexpected("has no host");
    if (!is_name(found.host))
      return std::unexpected(
          fmt::format("has '{}' as host; write an ASCII name (punycode), an IPv4 address, or an "
                      "IPv6 address in brackets",
                      found.host));
  }
  if (rest.empty()) return found;
  if (!rest.starts_with(':')) return std::unexpected("has text between host and port");
  found.port = find_port(rest.substr(1));
  if (!found.port)
    return std::unexpected(fmt::format("has port '{}'; write 1 to 65535", rest.substr(1)));
  return found;
}

/// A path that can stand in a request line, without its final `/`.
std::expected<std::string, std::string> read_prefix(std::string_view path) {
  for (const char c : path) {
    if (c == '?' || c == '#')
      return std::unexpected(fmt::format("has '{}'; a base URL ends with its path", c));
    if (c <= ' ' || c >= 0x7f || c == '\\')
      return std::unexpected("has a character in its path that must be percent-encoded");
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path);
}

/// The URL as it may be shown: what stands before `@` is left out.
std::string shown(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t at = url.find_last_of('@');
  if (at == std::string_view::npos || at < begin) return std::string(url);
  return fmt::format("{}…{}", url.substr(0, begin), url.substr(at));
}

std::unexpected<Fault> refused(std::string_view url, std::string_view why) {
  return fail(FaultKind::InvalidRequest, "'{}' {}", shown(url), why);
}

Result<Endpoint> read_local(std::string_view url) {
  std::string_view path = url.substr(std::string_view("unix:").size());
  if (path.starts_with("//")) path.remove_prefix(2);
  std::string_view prefix;
  if (const std::size_t colon = path.find(":/"); colon != std::string_view::npos) {
    prefix = path.substr(colon + 1);
    path = path.substr(0, colon);
  }
  if (!path.starts_with('/')) return refused(url, "has no absolute path to a socket");
  if (path.size() > kMaxSocketPath)
    return refused(url, fmt::format("has a socket path of {} bytes; at most {} fit", path.size(),
                                    kMaxSocketPath));
  const auto read = read_prefix(prefix);
  if (!read) return refused(url, read.error());
  return Endpoint{
      .local = true, .socket_path = std::string(path), .prefix = *read, .authority = "localhost"};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool whole = text[i] == '%' && i + 2 < text.size();
    const int high = whole ? hex_digit(text[i + 1]) : -1;
    const int low = whole ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      out.push_back(text[i]);
      continue;
    }
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

}  // namespace

std::string host_and_port(std::string_view host, std::uint16_t port) {
  if (host.contains(':')) return fmt::format("[{}]:{}", host, port);
  return fmt::format("{}:{}", host, port);
}

Result<Endpoint> read_endpoint(std::string_view url) {
  if (url.starts_with("unix:")) return read_local(url);
  const std::size_t scheme_end = url.find("://");
  const std::string scheme = to_lower(url.substr(0, scheme_end));
  if (scheme_end == std::string_view::npos || (scheme != "https" && scheme != "http"))
    return refused(url, "does not begin with https://, http:// or unix:");
  const std::string_view rest = url.substr(scheme_end + 3);
  const std::size_t slash = rest.find_first_of("/?#");
  const std::string_view site = rest.substr(0, slash);
  if (site.contains('@'))
    return refused(url, "has credentials in it; give them as the upstream's credential");
  const auto host = read_host_port(site);
  if (!host) return refused(url, host.error());
  const auto prefix = read_prefix(slash == std::string_view::npos ? "" : rest.substr(slash));
  if (!prefix) return refused(url, prefix.error());

  const bool tls = scheme == "https";
  const std::uint16_t usual = tls ? 443 : 80;
  Endpoint read{.tls = tls, .host = host->host, .port = host->port.value_or(usual)};
  read.prefix = *prefix;
  const std::string bare = read.host.contains(':') ? fmt::format("[{}]", read.host) : read.host;
  read.authority = read.port == usual ? bare : host_and_port(read.host, read.port);
  return read;
}

Result<ProxyEndpoint> read_proxy(std::string_view url) {
  std::string_view rest = url;
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    if (!equals_ignoring_case(url.substr(0, scheme), "http"))
      return refused(url, "is no proxy naru can use; write http://[user:password@]host[:port]");
    rest = url.substr(scheme + 3);
  }
  ProxyEndpoint proxy;
  if (const std::size_t at = rest.find_last_of('@'); at != std::string_view::npos) {
    proxy.authorization = "Basic " + base64(percent_decoded(rest.substr(0, at)));
    rest = rest.substr(at + 1);
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto host = read_host_port(rest);
  if (!host) return refused(url, host.error());
  proxy.host = host->host;
  proxy.port = host->port.value_or(80);
  return proxy;
}

}  // namespace naru::net
