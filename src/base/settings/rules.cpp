#include "base/settings/rules.h"

#include <algorithm>
#include <charconv>

namespace naru::settings {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alnum(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }

/// Whether `text` is one of `allowed`'s kind from end to end, and not empty.
template <class Allowed>
bool all_of(std::string_view text, Allowed allowed) {
  return !text.empty() && std::ranges::all_of(text, allowed);
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  return all_of(text, is_digit) && text.size() <= 5 &&
         std::from_chars(text.data(), text.data() + text.size(), port).ec == std::errc{} &&
         port <= 65'535;
}

bool is_host(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']'))
    return all_of(text.substr(1, text.size() - 2),
                  [](char c) { return is_alnum(c) || c == ':' || c == '.' || c == '%'; });
  return all_of(text, [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; });
}

/// `host` or `host:port`.
bool is_authority(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos || text.ends_with(']')) return is_host(text);
  return is_host(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

/// Takes `http://` or `https://` off the front; false if neither is there.
bool take_scheme(std::string_view& url) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    return true;
  }
  return false;
}

}  // namespace

std::string_view any_text(std::string_view) { return {}; }

std::string_view header_value(std::string_view text) {
  const bool fits = std::ranges::all_of(
      text, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
  return fits ? std::string_view{} : "use one line without control characters";
}

std::string_view some_text(std::string_view text) {
  return text.empty() ? "give some text" : std::string_view{};
}

std::string_view dns_label(std::string_view text) {
  const bool fits = text.size() <= 63 &&
                    all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; }) &&
                    text.front() != '-' && text.back() != '-';
  return fits ? std::string_view{}
              : "use at most 63 lower-case letters, digits and inner hyphens, as openai-eu";
}

std::string_view model_name(std::string_view text) {
  const bool fits = text.size() <= 200 && all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
  return fits ? std::string_view{} : "use at most 200 visible ASCII characters, without spaces";
}

std::string_view host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool fits =
      colon != text.npos && is_host(text.substr(0, colon)) && is_port(text.substr(colon + 1));
  return fits ? std::string_view{} : "give an address and a port, as 127.0.0.1:8080 or [::1]:8080";
}

std::string_view http_url(std::string_view text) {
  if (text.empty()) return {};
  if (text.find('@') != text.npos) return "leave user and password out of the URL";
  if (text.find_first_of("?# ") != text.npos) return "leave query, fragment and spaces out";
  std::string_view rest = text;
  const bool fits = take_scheme(rest) && is_authority(rest.substr(0, rest.find('/')));
  return fits ? std::string_view{} : "give a URL, as https://llm.example.com/v1";
}

std::string_view origin(std::string_view text) {
  std::string_view rest = text;
  const bool fits = take_scheme(rest) && is_authority(rest);
  return fits ? std::string_view{} : "give an origin without a path, as https://app.example.com";
}

std::string_view country_code(std::string_view text) {
  const bool fits = text.empty() || (text.size() == 2 && all_of(text, is_upper));
  return fits ? std::string_view{} : "give the two capital letters of ISO 3166, as KR";
}

std::string_view env_name(std::string_view text) {
  const auto allowed = [](char c) { return is_upper(c) || is_digit(c) || c == '_'; };
  const bool fits = text.empty() || (!is_digit(text.front()) && all_of(text, allowed));
  return fits ? std::string_view{}
              : "give the name of an environment variable in capital letters, as OPENAI_API_KEY";
}

}  // namespace naru::settings
