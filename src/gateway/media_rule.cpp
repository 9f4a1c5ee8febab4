#include "gateway/media_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/text.h"

namespace naru::gateway {
namespace {

constexpr std::size_t kMostUrlBytes = 8 << 10;
constexpr std::size_t kMostHostBytes = 253;   // RFC 1035, 2.3.4, without the final dot
constexpr std::size_t kMostShownBytes = 128;  // of an origin in a message

/// Scheme, host and port; the host may be a pattern.
struct Origin {
  bool tls = true;
  std::string host;
  std::uint16_t port = 0;
};

std::uint16_t usual_port(bool tls) { return tls ? 443 : 80; }

/// Takes `scheme` off the front, whatever its case.
bool take(std::string_view& text, std::string_view scheme) {
  if (!equals_ignoring_case(text.substr(0, scheme.size()), scheme)) return false;
  text.remove_prefix(scheme.size());
  return true;
}

/// nullopt if `text` is neither scheme with `://` nor, where that may be left out, without.
std::optional<bool> take_scheme(std::string_view& text) {
  if (take(text, "https://")) return true;
  if (take(text, "http://")) return false;
  return std::nullopt;
}

bool is_v6(std::string_view host) {
  return host.size() > 2 && host.starts_with('[') && host.ends_with(']') &&
         host.find_first_not_of("0123456789abcdef:.", 1) == host.size() - 1;
}

bool is_name(std::string_view host) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-._*";
  return !host.empty() && host.size() <= kMostHostBytes && host.front() != '.' &&
         host.back() != '.' && host.find_first_not_of(kLetters) == host.npos;
}

/// Whether some resolver could read it as an address: its last label is a number, in any spelling.
/// Source: WHATWG URL, 3.5, "ends in a number".
bool is_address(std::string_view host) {
  if (host.starts_with('[')) return true;
  const std::string_view last = host.substr(host.rfind('.') + 1);
  return last.starts_with("0x") || last.find_first_not_of("0123456789") == last.npos;
}

std::optional<std::uint16_t> find_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole && port > 0 ? std::optional(port) : std::nullopt;
}

/// `host[:port]` behind its scheme.
std::optional<Origin> read_origin(bool tls, std::string_view authority) {
  const std::size_t host_end = authority.starts_with('[') ? authority.find(']') : 0;
  const std::size_t colon = authority.find(':', host_end);
  Origin origin{.tls = tls, .host = to_lower(authority.substr(0, colon)), .port = usual_port(tls)};
  if (!is_v6(origin.host) && !is_name(origin.host)) return std::nullopt;
  if (colon == authority.npos) return origin;
  const std::optional<std::uint16_t> port = find_port(authority.substr(colon + 1));
  if (!port) return std::nullopt;
  origin.port = *port;
  return origin;
}

std::optional<Origin> read_entry(std::string_view entry) {
  const bool tls = take_scheme(entry).value_or(true);
  return read_origin(tls, entry);
}

bool names(const Origin& entry, const Origin& wanted) {
  if (entry.tls != wanted.tls || entry.port != wanted.port) return false;
  if (is_address(wanted.host)) return entry.host == wanted.host;
  return matches_pattern(entry.host, wanted.host);
}

std::string write(const Origin& origin) {
  const std::string site = fmt::format("{}://{}", origin.tls ? "https" : "http", origin.host);
  return origin.port == usual_port(origin.tls) ? site : fmt::format("{}:{}", site, origin.port);
}

/// Path and query as a request line may hold them: what is not ASCII is percent-encoded, the
/// fragment stays here.
std::string write_target(std::string_view rest) {
  rest = rest.substr(0, rest.find('#'));
  std::string target = rest.starts_with('/') ? "" : "/";
  for (const char c : rest) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      target.push_back(c);
    else
      target += fmt::format("%{:02X}", byte);
  }
  return target;
}

/// What two readers of a URL might take for different things.
bool is_odd(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || c == '\\' || c == '"' || c == '<' ||
         c == '>';
}

}  // namespace

std::expected<MediaPlace, std::string> find_place(std::string_view url,
                                                  std::span<const std::string> allowed) {
  if (url.size() > kMostUrlBytes)
    return std::unexpected(fmt::format("its URL is longer than {} bytes", kMostUrlBytes));
  std::string_view rest = url;
  const std::optional<bool> tls = take_scheme(rest);
  if (!tls) return std::unexpected("its URL is none of http or https");
  if (std::ranges::any_of(url, is_odd))
    return std::unexpected("its URL has a character that must be percent-encoded");
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  if (authority.contains('@')) return std::unexpected("its URL has a user in it");
  const std::optional<Origin> wanted = read_origin(*tls, authority);
  if (!wanted || wanted->host.contains('*')) return std::unexpected("its URL names no host");
  const std::string origin = write(*wanted);
  for (const std::string& text : allowed) {
    const std::optional<Origin> entry = read_entry(text);
    if (entry && names(*entry, *wanted)) return MediaPlace{origin, write_target(rest.substr(end))};
  }
  return std::unexpected(
      fmt::format("its host '{}' is not in media.fetch", clipped(origin, kMostShownBytes)));
}

std::string_view media_host(std::string_view entry) {
  if (entry.contains('@')) return "leave user and password out of it";
  const std::optional<Origin> origin = read_entry(entry);
  if (!origin)
    return "give a host without a path, as images.example.com, *.cdn.example.com or "
           "http://10.0.0.5:8000";
  const std::string_view host = origin->host;
  const std::size_t star = host.rfind('*');
  if (star == host.npos) return {};
  const std::string_view fixed = host.substr(star + 1);
  const bool two_labels = fixed.starts_with('.') && fixed.find('.', 1) != fixed.npos;
  if (is_address(host) || !two_labels)
    return "end the pattern with two whole labels, as *.example.com";
  return {};
}

}  // namespace naru::gateway
