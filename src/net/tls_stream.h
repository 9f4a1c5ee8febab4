#pragma once
#include <memory>
#include <string>

#include "net/socket_stream.h"

struct bio_st;
struct ssl_ctx_st;
struct ssl_st;

namespace naru::net {

/// A byte stream over TLS over a socket. Nothing but `handshake` may be called before that has
/// succeeded, besides `close`. OpenSSL reads and writes the socket itself, so that an idle
/// connection holds no buffers of ours.
class TlsStream final : public ByteStream {
 public:
  enum class Role { Server, Client };

  /// A session of `context`, which it holds itself.
  TlsStream(std::unique_ptr<SocketStream> socket, ssl_ctx_st* context, Role role);
  ~TlsStream() override;

  /// For what must be set before the handshake.
  ssl_st* session() { return session_.get(); }
  /// Fails: UpstreamFailed with OpenSSL's own words, UpstreamTimeout, Cancelled.
  Task<Result<void>> handshake(Until until);

  Task<Result<std::size_t>> read_some(std::span<char> into, Until until) override;
  void start_read(std::span<char> into, ReadDone& done) override;
  Result<std::size_t> write_now(const Parts& parts) override;
  Task<Result<void>> write_all(Parts parts, Until until) override;
  bool readable_now() override;
  bool hung_up_now() override;
  void finish_writing() override;
  void close() override;
  void reset() override;
  Loop& loop() override { return socket_->loop(); }
  std::string_view peer() const override { return socket_->peer(); }

 private:
  enum class Want { Nothing, Readable, Writable };
  struct FreeSession {
    void operator()(ssl_st* session) const;
  };

  Want want_of(int returned);
  Result<std::size_t> read_now(std::span<char> into);  // sets want_ when it gives nothing
  Task<Result<void>> wait_wanted(Until until);
  void go_on_reading();
  void end_reading(Result<std::size_t> got);
  std::unexpected<Fault> failed();

  std::unique_ptr<SocketStream> socket_;
  std::unique_ptr<ssl_st, FreeSession> session_;
  Want want_ = Want::Nothing;
  bool ready_ = false;  // the handshake is done and nothing has broken since
  std::string record_;  // what OpenSSL has been given and not yet taken
  std::span<char> read_into_;
  ReadDone* read_done_ = nullptr;
};

}  // namespace naru::net
