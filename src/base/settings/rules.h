#pragma once
#include <string_view>

/// What a text must look like. Each rule gives nothing when the text fits, else what to write
/// instead.
namespace naru::settings {

using TextRule = std::string_view (*)(std::string_view text);

std::string_view any_text(std::string_view text);
/// A header's value: one line without control characters. Source: RFC 9110, section 5.5.
std::string_view header_value(std::string_view text);
std::string_view some_text(std::string_view text);  ///< not empty
/// At most 63 lower-case letters, digits and inner hyphens. Source: RFC 1123, section 2.1.
std::string_view dns_label(std::string_view text);
/// A model's public name or a pattern: printable ASCII without spaces, at most 200 characters.
std::string_view model_name(std::string_view text);
/// `127.0.0.1:8080`, `[::1]:8080`, `localhost:0`.
std::string_view host_port(std::string_view text);
/// `http://` or `https://`, a host, no user, no query; or empty.
std::string_view http_url(std::string_view text);
/// A web page's origin as browsers send it: `https://host[:port]`.
std::string_view origin(std::string_view text);
/// Two capital letters, as ISO 3166-1 has them, or empty.
std::string_view country_code(std::string_view text);
/// Capital letters, digits and `_`, no digit first; or empty. Few keys look so.
std::string_view env_name(std::string_view text);

}  // namespace naru::settings
