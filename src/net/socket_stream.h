#pragma once
#include <sys/socket.h>

#include "net/byte_stream.h"

namespace naru::net {

/// Where a socket is bound or connected.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  /// Fails: InvalidRequest when `ip` is no numeric address.
  static Result<SocketAddress> of_ip(const std::string& ip, std::uint16_t port);
  /// Fails: InvalidRequest when the path is empty or longer than 107 bytes.
  static Result<SocketAddress> of_path(const std::string& path);
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  std::uint16_t port() const;
  std::string text() const;  ///< `127.0.0.1:50312`, `[::1]:443`, or `unix`
};

/// A byte stream over a socket of the kernel.
class SocketStream final : public ByteStream {
 public:
  /// Takes a connected, non-blocking socket over. Fails: UpstreamFailed; `fd` is closed then.
  static Result<std::unique_ptr<SocketStream>> adopt(Loop& loop, int fd, const SocketAddress& peer);
  /// Connects; TCP_NODELAY is set. Fails: UpstreamFailed with the system's reason, UpstreamTimeout,
  /// Cancelled. Lifetime: the loop's.
  static Task<Result<std::unique_ptr<SocketStream>>> connect(Loop& loop, SocketAddress to,
                                                             Until until);
  ~SocketStream() override;

  Task<Result<std::size_t>> read_some(std::span<char> into, Until until) override;
  void start_read(std::span<char> into, ReadDone& done) override;
  Result<std::size_t> write_now(const Parts& parts) override;
  Task<Result<void>> write_all(Parts parts, Until until) override;
  bool readable_now() override;
  bool hung_up_now() override;
  int peer_pid() const;  ///< of who listens at the other end of a UNIX socket; else 0
  void finish_writing() override;
  void close() override;
  void reset() override;
  Loop& loop() override;
  std::string_view peer() const override;

  /// For layers above that read and write by themselves: -1 once closed.
  int fd() const;
  Task<Result<void>> wait_readable(Until until);
  Task<Result<void>> wait_writable(Until until);
  /// Calls `ready` once, when it can be read (or written), or after `close`; in a turn of its own.
  void start_wait(bool to_write, void (*ready)(void* self), void* self);

 private:
  struct Impl;
  explicit SocketStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace naru::net
