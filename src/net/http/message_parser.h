#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/result.h"
#include "net/http/head.h"

namespace naru::net {

/// Answers of 1xx that are skipped before the final one.
inline constexpr unsigned kMaxInterim = 32;
inline constexpr int kSwitchingProtocols = 101;

/// What a head says about its message and its connection.
struct Framing {
  std::optional<std::uint64_t> content_length = {};  ///< of the body, if declared
  bool chunked = false;
  bool until_close = false;      ///< an answer whose body ends with the connection
  bool keep_alive = false;       ///< by version and `Connection`
  std::string_view expect = {};  ///< value of `Expect`, or empty
};

/// Bytes a parser took from the front of its input, and body bytes found among them.
struct BodyPiece {
  std::size_t used = 0;
  std::string_view bytes = {};  ///< within the input
};

/// Reads one HTTP/1 message after another out of bytes it is given; keeps none of them. Strict
/// where readers of the same bytes could differ (RFC 9112 sections 2.2, 5.2, 6.1–6.3): line ends,
/// folded lines, lengths, Host. Requests fail with InvalidRequest, answers with UpstreamInvalid.
template <bool kIsRequest>
class MessageParser {
 public:
  using Head = std::conditional_t<kIsRequest, RequestHead, AnswerHead>;
  static constexpr std::size_t kMaxHeaders = 256;
  static constexpr std::size_t kMaxChunkLineBytes = 16 << 10;  ///< also the trailer's bound

  MessageParser();
  MessageParser(MessageParser&&) noexcept;
  ~MessageParser();
  /// Begins the next message. `bodiless`: an answer to HEAD, whatever its head declares.
  void reset(bool bodiless = false);

  /// How long the head at the front of `bytes` is, with its empty line; 0 while that is not there.
  /// `bytes` only grow from call to call.
  Result<std::size_t> find_head_end(std::string_view bytes);
  /// Reads a head of that length. Lifetime: `into` views `head`.
  Result<void> read_head(std::string_view head, Head& into);
  const Framing& framing() const;

  /// Takes body bytes, at most `most`, off the front of `input`; nothing used while more input is
  /// needed, whose unused bytes are to be given again.
  Result<BodyPiece> read_body(std::string_view input, std::size_t most);
  /// The peer has sent its last byte. Fails when the body is not whole.
  Result<void> end_of_input();
  bool done() const;  ///< head and body are read

  /// Status for the client that sent what failed: 400, 431, 505.
  int refusal_status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

extern template class MessageParser<true>;
extern template class MessageParser<false>;
using RequestParser = MessageParser<true>;
using AnswerParser = MessageParser<false>;

}  // namespace naru::net
