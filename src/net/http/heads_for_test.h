#pragma once
#include <string_view>

namespace naru::net::testing {

/// A request head that must be refused, without its empty line.
struct BadHead {
  std::string_view name;
  std::string_view head;
  std::string_view reason;  ///< words of the message
  int status = 400;
};

inline constexpr BadHead kBadHeads[] = {
    {"bare LF", "GET / HTTP/1.1\nHost: a", "CR LF"},
    {"LF ends a header", "GET / HTTP/1.1\r\nHost: a\nX: y", "CR LF"},
    {"folded header", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z", "folded"},
    {"folded by a tab", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz", "folded"},
    {"folded first header", "GET / HTTP/1.1\r\n Host: a", "folded"},
    {"TLS hello", "\x16\x03\x01", "TLS"},
    {"space before the method", " GET / HTTP/1.1\r\nHost: a", "word"},
    {"method with a bracket", "GE[T / HTTP/1.1\r\nHost: a", "method"},
    {"no target", "GET  HTTP/1.1\r\nHost: a", "target"},
    {"target with a control byte", "GET /\x01 HTTP/1.1\r\nHost: a", "target"},
    {"relative target", "GET v1/models HTTP/1.1\r\nHost: a", "target"},
    {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a", "target"},
    {"star with GET", "GET * HTTP/1.1\r\nHost: a", "target"},
    {"URL without a host", "GET http:///x HTTP/1.1\r\nHost: a", "target"},
    {"other scheme", "GET ftp://a/x HTTP/1.1\r\nHost: a", "target"},
    {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a", "version", 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a", "version", 505},
    {"HTTP/0.9", "GET /\r\nHost: a", "target"},
    {"lower-case version", "GET / http/1.1\r\nHost: a", "version", 505},
    {"two spaces before the version", "GET /  HTTP/1.1\r\nHost: a", "version", 505},
    {"no Host", "GET / HTTP/1.1\r\nX: y", "no Host"},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: a", "more than one Host"},
    {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b", "Host is no"},
    {"Host with user", "GET / HTTP/1.1\r\nHost: u@a", "Host is no"},
    {"space before the colon", "GET / HTTP/1.1\r\nHost : a", "name"},
    {"empty header name", "GET / HTTP/1.1\r\nHost: a\r\n: x", "name"},
    {"header without a colon", "GET / HTTP/1.1\r\nHost: a\r\nX", "name"},
    {"control byte in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x01", "value"},
    {"bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb", "CR LF"},
    {"DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f", "value"},
    {"chunked behind a letter", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked",
     "'chunked'"},
    {"other coding before chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked", "'chunked'"},
    {"identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity", "'chunked'"},
    {"chunked with a parameter", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;x=1",
     "'chunked'"},
    {"empty Transfer-Encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:", "'chunked'"},
    {"chunked twice",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
     "repeated"},
    {"length, then chunked",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked", "beside"},
    {"chunked, then length",
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", "beside"},
    {"length, then xchunked",
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: xchunked", "beside"},
    {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked", "HTTP/1.0"},
    {"two equal lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5",
     "more than one"},
    {"two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6",
     "more than one"},
    {"list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5", "digits"},
    {"signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5", "no number"},
    {"negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5", "no number"},
    {"hexadecimal length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5", "no number"},
    {"empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:", "no number"},
    {"length over 64 bits", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616",
     "no number"},
};

}  // namespace naru::net::testing
