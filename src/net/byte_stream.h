#pragma once
#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/loop.h"

namespace naru::net {

/// Bytes that go out one after the other, as one message.
using Parts = std::array<std::string_view, 3>;

/// Takes `count` bytes off the front; gives whether any are left.
bool drop_front(Parts& parts, std::size_t count);

/// The first `count` bytes of it.
Parts front_of(Parts parts, std::size_t count);

/// Who is told of the end of a read that was started.
class ReadDone {
 public:
  virtual void on_read(Result<std::size_t> got) = 0;

 protected:
  ~ReadDone() = default;
};

/// A connected byte stream: TCP, TLS over TCP, or a UNIX socket. At most one read and one write at
/// a time. Destroying it closes the connection.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Reads what is there, at least one byte; 0 at the peer's orderly end.
  /// Fails: UpstreamFailed (reset, TLS), UpstreamTimeout, Cancelled.
  virtual Task<Result<std::size_t>> read_some(std::span<char> into, Until until) = 0;
  /// The same without a coroutine: `done` is told once, later, in a turn of its own; `close` ends
  /// it early. Lifetime: this stream, `into` and `done` stay until then.
  virtual void start_read(std::span<char> into, ReadDone& done) = 0;
  /// Writes what goes without waiting, in one system call where possible; gives how much. The next
  /// write begins with the first byte that did not go.
  virtual Result<std::size_t> write_now(const Parts& parts) = 0;
  /// Writes all of it. Lifetime: the bytes stay until it returns.
  virtual Task<Result<void>> write_all(Parts parts, Until until) = 0;
  Task<Result<void>> write(std::string_view bytes, Until until);
  Task<Result<void>> write(std::string_view first, std::string_view second, Until until);
  /// Bytes the peer has sent that nobody has read, or its end, are there without waiting.
  virtual bool readable_now() = 0;
  /// The peer has closed its side or reset, whatever it sent before and nobody has read.
  virtual bool hung_up_now() = 0;
  /// Tells the peer that no more will be written; reading goes on.
  virtual void finish_writing() = 0;
  /// Ends every wait on it with Cancelled.
  virtual void close() = 0;
  /// Closes so that the peer sees a reset, not an orderly end.
  virtual void reset() = 0;
  virtual Loop& loop() = 0;
  virtual std::string_view peer() const = 0;  ///< `127.0.0.1:50312`, or `unix`
};

}  // namespace naru::net
