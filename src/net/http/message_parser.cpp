#include "net/http/message_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>

#include "base/text.h"

namespace naru::net {
namespace http = boost::beast::http;
using boost::beast::error_code;

namespace {

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool has_fold(std::string_view lines) {
  return lines.find("\n ") != std::string_view::npos ||
         lines.find("\n\t") != std::string_view::npos;
}

bool only_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Host may name nothing but a host and a port. RFC 9110 section 7.2.
bool is_host(std::string_view text) {
  return text.find_first_of(" \t,/?#@\\\"<>{}|^`") == std::string_view::npos;
}

/// Splits the target into path and query; false for a form naru does not serve. RFC 9112 3.2.
bool read_target(RequestHead& head) {
  std::string_view rest = head.target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(rest.substr(0, scheme.size()), scheme)) continue;
    rest.remove_prefix(scheme.size());
    const std::size_t authority = rest.find_first_of("/?");
    if (authority == 0 || rest.empty()) return false;
    rest.remove_prefix(std::min(authority, rest.size()));
    if (!rest.starts_with('/')) {
      head.path = "/";
      head.query = rest.substr(std::min<std::size_t>(1, rest.size()));
      return true;
    }
    break;
  }
  const bool whole_server = rest == "*" && head.method == "OPTIONS";
  if (!rest.starts_with('/') && !whole_server) return false;
  const std::size_t mark = rest.find('?');
  head.path = rest.substr(0, mark);
  head.query = mark == std::string_view::npos ? std::string_view() : rest.substr(mark + 1);
  return true;
}

std::string_view reason_of(const error_code& error) {
  if (error == http::error::bad_method) return "the method is not one word";
  if (error == http::error::bad_target) return "the target has a byte that must be percent-encoded";
  if (error == http::error::bad_version) return "the version is not HTTP/1.1 or HTTP/1.0";
  if (error == http::error::bad_line_ending) return "a line does not end with CR LF";
  if (error == http::error::bad_field) return "a header's name is not one word before its colon";
  if (error == http::error::bad_value) return "a header's value is not allowed";
  if (error == http::error::bad_content_length)
    return "Content-Length is no number, or stands beside Transfer-Encoding";
  if (error == http::error::multiple_content_length) return "there is more than one Content-Length";
  if (error == http::error::bad_transfer_encoding)
    return "Transfer-Encoding is repeated or stands beside Content-Length";
  if (error == http::error::bad_chunk || error == http::error::bad_chunk_extension)
    return "a chunk does not begin with its length in hexadecimal";
  if (error == http::error::partial_message) return "it ends before its length";
  return "it is malformed";
}

}  // namespace

template <bool kIsRequest>
struct MessageParser<kIsRequest>::Impl {
  /// Beast's reading of lines, fields and chunks; what it finds stays in the bytes it was given.
  class Parser final : public http::basic_parser<kIsRequest> {
   public:
    explicit Parser(Impl& owner) : owner_(owner) {
      this->body_limit(boost::none);
      this->header_limit(std::numeric_limits<std::uint32_t>::max());
    }

   private:
    void on_request_impl(http::verb, boost::beast::string_view method,
                         boost::beast::string_view target, int version, error_code&) override {
      if constexpr (kIsRequest) {
        owner_.head->method = view(method);
        owner_.head->target = view(target);
        owner_.head->minor_version = version - 10;
      }
      owner_.minor_version = version - 10;
    }
    void on_response_impl(int status, boost::beast::string_view, int version,
                          error_code&) override {
      if constexpr (!kIsRequest) owner_.head->status = status;
      owner_.minor_version = version - 10;
    }
    void on_field_impl(http::field field, boost::beast::string_view name,
                       boost::beast::string_view value, error_code& error) override {
      if (owner_.head == nullptr) return;  // a trailer
      owner_.on_field(field, view(name), view(value));
      if (!owner_.problem.empty()) error = http::error::bad_value;
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(boost::beast::string_view bytes, error_code&) override {
      return owner_.on_body(view(bytes));
    }
    void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view bytes,
                                   error_code&) override {
      return owner_.on_body(view(bytes));
    }
    void on_finish_impl(error_code&) override {}

    Impl& owner_;
  };

  void on_field(http::field field, std::string_view name, std::string_view value);
  std::size_t on_body(std::string_view bytes) {
    body = bytes.substr(0, most);
    return body.size();
  }
  void refuse(std::string_view why, int with = 400) {
    if (!problem.empty()) return;
    problem = why;
    refusal = with;
  }
  void check_whole_head();
  std::unexpected<Fault> failed(std::string_view why) const {
    return fail(kIsRequest ? FaultKind::InvalidRequest : FaultKind::UpstreamInvalid, "HTTP {}: {}",
                kIsRequest ? "request" : "answer", why);
  }

  std::optional<Parser> parser;
  Framing framing;
  Head* head = nullptr;      // while a head is read
  std::string_view problem;  // why it is refused; empty while it is not
  int refusal = 400;         // the status that goes with it
  std::size_t scanned = 0;   // bytes of the head known to hold whole lines
  std::string_view body;     // found by the step just made
  std::size_t most = 0;      // how much of the body is wanted
  int minor_version = 1;
  unsigned hosts = 0;
  unsigned content_lengths = 0;
  unsigned transfer_encodings = 0;
};

template <bool kIsRequest>
void MessageParser<kIsRequest>::Impl::on_field(http::field field, std::string_view name,
                                               std::string_view value) {
  if (head->headers.size() == kMaxHeaders) return refuse("it has more than 256 headers", 431);
  head->headers.add(name, value);
  switch (field) {
    case http::field::host:
      ++hosts;
      if (!is_host(value)) refuse("Host is no host name with an optional port");
      break;
    case http::field::content_length:
      ++content_lengths;
      if (!only_digits(value)) refuse("Content-Length is not one number in digits");
      break;
    case http::field::transfer_encoding:
      ++transfer_encodings;
      if (!equals_ignoring_case(value, "chunked")) refuse("Transfer-Encoding is not 'chunked'");
      break;
    case http::field::expect:
      framing.expect = value;
      break;
    default:
      break;
  }
}

template <bool kIsRequest>
void MessageParser<kIsRequest>::Impl::check_whole_head() {
  if (content_lengths > 1) refuse("there is more than one Content-Length");
  if (content_lengths + transfer_encodings > 1)
    refuse("Content-Length and Transfer-Encoding are repeated or stand together");
  if (transfer_encodings > 0 && minor_version == 0)
    refuse("HTTP/1.0 does not know Transfer-Encoding");
  if constexpr (kIsRequest) {
    if (hosts > 1) refuse("there is more than one Host");
    if (hosts == 0 && minor_version > 0) refuse("there is no Host, which HTTP/1.1 demands");
    if (!read_target(*head)) refuse("the target is neither a path nor an http URL");
  }
}

template <bool kIsRequest>
MessageParser<kIsRequest>::MessageParser() : impl_(std::make_unique<Impl>()) {
  reset();
}

template <bool kIsRequest>
MessageParser<kIsRequest>::MessageParser(MessageParser&&) noexcept = default;

template <bool kIsRequest>
MessageParser<kIsRequest>::~MessageParser() = default;

template <bool kIsRequest>
void MessageParser<kIsRequest>::reset(bool bodiless) {
  Impl& at = *impl_;
  at.parser.emplace(at);
  at.parser->skip(bodiless);
  at.framing = {};
  at.problem = {};
  at.refusal = 400;
  at.scanned = 0;
  at.hosts = at.content_lengths = at.transfer_encodings = 0;
}

template <bool kIsRequest>
Result<std::size_t> MessageParser<kIsRequest>::find_head_end(std::string_view bytes) {
  Impl& at = *impl_;
  if (!bytes.empty() && static_cast<unsigned char>(bytes.front()) <= ' ')
    return at.failed("it does not begin with a word; does the other side speak TLS?");
  while (at.scanned < bytes.size()) {
    const void* found = std::memchr(bytes.data() + at.scanned, '\n', bytes.size() - at.scanned);
    if (found == nullptr) {
      at.scanned = bytes.size();
      break;
    }
    const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (bytes[end - 1] != '\r') return at.failed("a line does not end with CR LF");
    if (end >= 3 && bytes.substr(end - 3, 2) == "\r\n") return end + 1;
    at.scanned = end;  // seen again while it is not known how the next line begins
    if (end + 1 == bytes.size()) break;
    if (bytes[end + 1] == ' ' || bytes[end + 1] == '\t')
      return at.failed("a header is folded over two lines");
    at.scanned = end + 1;
  }
  return 0;
}

template <bool kIsRequest>
Result<void> MessageParser<kIsRequest>::read_head(std::string_view bytes, Head& into) {
  Impl& at = *impl_;
  into.headers.clear();
  at.head = &into;
  error_code error;
  std::size_t used = 0;
  while (!error && used < bytes.size() && !at.parser->is_header_done())
    used += at.parser->put({bytes.data() + used, bytes.size() - used}, error);
  if (!error) at.check_whole_head();
  at.head = nullptr;
  if (error == http::error::bad_version) at.refusal = 505;
  if (!at.problem.empty()) return at.failed(at.problem);
  if (error || !at.parser->is_header_done()) return at.failed(reason_of(error));
  at.framing.chunked = at.parser->chunked();
  at.framing.until_close = at.parser->need_eof();
  at.framing.keep_alive = at.parser->keep_alive();
  if (const auto length = at.parser->content_length()) at.framing.content_length = *length;
  if constexpr (kIsRequest) into.bytes = bytes;
  return {};
}

template <bool kIsRequest>
const Framing& MessageParser<kIsRequest>::framing() const {
  return impl_->framing;
}

template <bool kIsRequest>
Result<BodyPiece> MessageParser<kIsRequest>::read_body(std::string_view input, std::size_t most) {
  Impl& at = *impl_;
  at.body = {};
  at.most = most;
  BodyPiece piece;
  while (!done() && at.body.empty() && piece.used < input.size()) {
    const std::string_view rest = input.substr(piece.used);
    // A last chunk has five bytes at least; Beast 1.81 asserts when it is asked again with four.
    if (rest.size() == 4 && rest.starts_with("0\r\n")) break;
    error_code error;
    const std::size_t used = at.parser->put({rest.data(), rest.size()}, error);
    piece.used += used;
    if (error == http::error::need_more && rest.size() - used >= kMaxChunkLineBytes)
      return at.failed("a chunk's first line or its trailer is longer than 16 KiB");
    if (error && error != http::error::need_more) return at.failed(reason_of(error));
    if (at.framing.chunked && done() && has_fold(rest.substr(0, used)))
      return at.failed("a trailer is folded over two lines");
    if (used == 0) break;
  }
  piece.bytes = at.body;
  return piece;
}

template <bool kIsRequest>
Result<void> MessageParser<kIsRequest>::end_of_input() {
  if (done()) return {};
  error_code error = http::error::partial_message;
  if (impl_->parser->is_header_done()) impl_->parser->put_eof(error);
  if (error) return impl_->failed(reason_of(error));
  return {};
}

template <bool kIsRequest>
bool MessageParser<kIsRequest>::done() const {
  return impl_->parser->is_done();
}

template <bool kIsRequest>
int MessageParser<kIsRequest>::refusal_status() const {
  return impl_->refusal;
}

template class MessageParser<true>;
template class MessageParser<false>;

}  // namespace naru::net
