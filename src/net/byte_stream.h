#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/loop.h"

namespace naru::net {

/// A connected byte stream: TCP, TLS over TCP, or a UNIX socket. At most one read and one write at
/// a time. Destroying it closes the connection.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Reads what is there, at least one byte; 0 at the peer's orderly end.
  /// Fails: UpstreamFailed (reset, TLS), UpstreamTimeout, Cancelled.
  virtual Task<Result<std::size_t>> read_some(std::span<char> into, Until until) = 0;
  /// Writes all of it. Lifetime: `bytes` stay until it returns.
  virtual Task<Result<void>> write(std::string_view bytes, Until until) = 0;
  /// Both, one after the other, in one system call where possible.
  virtual Task<Result<void>> write(std::string_view first, std::string_view second,
                                   Until until) = 0;
  /// Bytes the peer has sent that nobody has read, or its end, are there without waiting.
  virtual bool readable_now() = 0;
  virtual void close() = 0;
  virtual Loop& loop() = 0;
  virtual std::string_view peer() const = 0;  ///< `127.0.0.1:50312`, or `unix`
};

}  // namespace naru::net
