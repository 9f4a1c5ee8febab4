#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace naru::net {

/// One header line. Lifetime: that of the message's buffer.
struct HeaderView {
  std::string_view name;
  std::string_view value;
};

/// One header line to be sent. No CR, LF or NUL in either.
struct Header {
  std::string name;
  std::string value;
};

/// Header lines as they came, in order; names compare without case.
class HeadersView {
 public:
  void add(std::string_view name, std::string_view value) { lines_.push_back({name, value}); }
  void clear() { lines_.clear(); }
  /// The first of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  auto begin() const { return lines_.begin(); }
  auto end() const { return lines_.end(); }
  std::size_t size() const { return lines_.size(); }

 private:
  std::vector<HeaderView> lines_;
};

/// Head of a request that a client sent. Lifetime: until the call ends.
struct RequestHead {
  std::string_view method;
  std::string_view target;  ///< as sent
  std::string_view path;    ///< target before `?`, still percent-encoded
  std::string_view query;   ///< after `?`, or empty
  int minor_version = 1;    ///< HTTP/1.x
  HeadersView headers;
  std::string_view bytes;  ///< all of it as it came, with its empty line
};

/// Head of an answer that an upstream sent. Lifetime: until the call ends.
struct AnswerHead {
  int status = 0;
  HeadersView headers;
};

/// Head of an answer to be sent. `content-length`, `transfer-encoding`, `connection` and `date` are
/// the connection's business.
struct ReplyHead {
  int status = 200;
  std::vector<Header> headers = {};
};

}  // namespace naru::net
