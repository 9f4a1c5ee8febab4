#include "net/http/server/reply_head.h"

#include <fmt/format.h>

#include <ctime>

#include "base/text.h"

namespace naru::net {
namespace {

/// Source: RFC 9110 section 15, RFC 6585.
std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

bool is_ours(std::string_view name) {
  for (const std::string_view ours :
       {"connection", "content-length", "date", "keep-alive", "transfer-encoding"})
    if (equals_ignoring_case(name, ours)) return true;
  return false;
}

void append_value(std::string& out, std::string_view value) {
  const std::size_t begin = out.size();
  out += value;
  for (std::size_t i = begin; i < out.size(); ++i)
    if (static_cast<unsigned char>(out[i]) < ' ' || out[i] == '\x7f') out[i] = ' ';
}

}  // namespace

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

void append_head(std::string& out, const ReplyHead& head, const ReplyFraming& framing,
                 std::string_view date) {
  const auto back = std::back_inserter(out);
  fmt::format_to(back, "HTTP/1.1 {} {}\r\ndate: {}\r\n", head.status, reason_of(head.status), date);
  if (framing.chunked) out += "transfer-encoding: chunked\r\n";
  if (framing.content_length)
    fmt::format_to(back, "content-length: {}\r\n", *framing.content_length);
  if (framing.close) out += "connection: close\r\n";
  if (framing.old_keep_alive) out += "connection: keep-alive\r\n";
  for (const Header& line : head.headers) {
    if (is_ours(line.name)) continue;
    out += line.name;
    out += ": ";
    append_value(out, line.value);
    out += "\r\n";
  }
  out += "\r\n";
}

std::string_view HttpDate::at(WallTime now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (second == second_) return text_;
  second_ = second;
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(second);
  std::tm t{};
  gmtime_r(&seconds, &t);
  text_ = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[t.tm_wday], t.tm_mday,
                      kMonths[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
  return text_;
}

}  // namespace naru::net
