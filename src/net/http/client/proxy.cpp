#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "net/http/client/endpoint.h"

namespace naru::net {
namespace {

/// An address as 16 bytes: IPv4 in its IPv6-mapped form, so that one comparison serves both.
using Bytes = std::array<std::uint8_t, 16>;
constexpr unsigned kMappedBits = 96;

std::optional<Bytes> find_bytes(std::string_view text) {
  const std::string copy(text);
  Bytes bytes{};
  if (inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) return bytes;
  bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (inet_pton(AF_INET, copy.c_str(), bytes.data() + kMappedBits / 8) == 1) return bytes;
  return std::nullopt;
}

bool share_bits(const Bytes& a, const Bytes& b, unsigned bits) {
  for (unsigned i = 0; i < bits; ++i) {
    const unsigned mask = 0x80U >> (i % 8);
    if (((a[i / 8] ^ b[i / 8]) & mask) != 0) return false;
  }
  return true;
}

bool is_in_range(std::string_view range, std::string_view host) {
  const std::size_t slash = range.find('/');
  const auto network = find_bytes(range.substr(0, slash));
  const auto address = find_bytes(host);
  if (!network || !address) return false;
  unsigned bits = 128;
  if (slash != std::string_view::npos) {
    const std::string_view digits = range.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size()) return false;
    if (!range.contains(':')) bits += kMappedBits;
    if (bits > 128) return false;
  }
  return share_bits(*network, *address, bits);
}

/// `example.com`, `.example.com` and `*.example.com` all stand for the name and what is below it.
bool is_below(std::string_view suffix, std::string_view host) {
  if (suffix.starts_with("*.")) suffix.remove_prefix(1);
  if (suffix.starts_with('.')) suffix.remove_prefix(1);
  if (suffix.empty() || !host.ends_with(suffix)) return false;
  return host.size() == suffix.size() || host[host.size() - suffix.size() - 1] == '.';
}

struct Rule {
  std::string_view host;  // or a range
  std::string_view port;  // empty: any
};

Rule read_rule(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {text, ""};
    const std::string_view rest = text.substr(end + 1);
    return {text.substr(1, end - 1), rest.starts_with(':') ? rest.substr(1) : ""};
  }
  const std::size_t colon = text.find(':');
  const bool one_colon = colon != std::string_view::npos && colon == text.rfind(':');
  if (!one_colon) return {text, ""};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

bool covers(std::string_view entry, std::string_view host, std::string_view port) {
  if (entry == "*") return true;
  const Rule rule = read_rule(entry);
  if (!rule.port.empty() && rule.port != port) return false;
  return is_in_range(rule.host, host) || is_below(rule.host, host);
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || is_in_range("127.0.0.0/8", host) ||
         host == "::1";
}

std::string read_variable(const Environment& environment, std::string_view lower_name) {
  std::string name(lower_name);
  const char* value = environment(name.c_str());
  if (value != nullptr) return value;
  for (char& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  value = environment(name.c_str());
  return value == nullptr ? "" : value;
}

}  // namespace

bool is_covered(std::string_view no_proxy, std::string_view host, std::uint16_t port) {
  const std::string list = to_lower(no_proxy);
  const std::string digits = fmt::format("{}", port);
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::size_t end = rest.find_first_of(", \t");
    const std::string_view entry = rest.substr(0, end);
    if (!entry.empty() && covers(entry, host, digits)) return true;
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return false;
}

std::string find_proxy(std::string_view url, const Environment& environment) {
  const auto endpoint = read_endpoint(url);
  if (!endpoint || endpoint->local || is_loopback(endpoint->host)) return "";
  if (is_covered(read_variable(environment, "no_proxy"), endpoint->host, endpoint->port)) return "";
  std::string proxy = read_variable(environment, endpoint->tls ? "https_proxy" : "http_proxy");
  if (proxy.empty()) proxy = read_variable(environment, "all_proxy");
  return proxy;
}

}  // namespace naru::net
