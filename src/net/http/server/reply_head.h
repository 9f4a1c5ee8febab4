#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/http/head.h"

namespace naru::net {

/// How the bytes after a head are framed, and what becomes of the connection.
struct ReplyFraming {
  std::optional<std::uint64_t> content_length = {};
  bool chunked = false;
  bool close = false;
  bool old_keep_alive = false;  ///< a client of HTTP/1.0 is told that the connection stays
};

/// Appends status line and headers. Of `head`, lines that are the connection's business are left
/// out, and a CR, LF or NUL in a value becomes a space (RFC 9110 section 5.5).
void append_head(std::string& out, const ReplyHead& head, const ReplyFraming& framing,
                 std::string_view date);

/// Whether answers of that status carry a body at all. RFC 9112 section 6.3.
bool has_body(int status);

/// `Sun, 06 Nov 1994 08:49:37 GMT`, made once a second. RFC 9110 section 5.6.7.
class HttpDate {
 public:
  std::string_view at(WallTime now);

 private:
  std::chrono::sys_seconds second_ = std::chrono::sys_seconds::min();
  std::string text_;
};

}  // namespace naru::net
