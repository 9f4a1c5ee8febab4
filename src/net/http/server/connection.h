#pragma once
#include <atomic>
#include <optional>

#include "net/byte_stream.h"
#include "net/http/message_parser.h"
#include "net/http/server.h"
#include "net/http/server/read_buffer.h"
#include "net/http/server/reply_head.h"
#include "net/wake.h"

namespace naru::net {

/// What the connections of one loop share.
struct ConnectionContext {
  const ListenOptions& options;
  Handler& handler;
  const std::atomic<bool>& draining;
  const std::atomic<bool>& leaving;
  HttpDate date = {};
};

/// One client's connection: reads request after request, has each answered, in order. A read is
/// always under way, also while the handler works: that is how a client's leaving is seen.
class Connection final : public ServerCall, private ReadDone {
 public:
  static constexpr std::size_t kMostUnreadBytes = 32 << 10;  ///< read ahead while a call runs
  static constexpr std::size_t kDrainedBytes = 64 << 10;     ///< of a body nobody has read
  static constexpr std::size_t kProgressBytes = 64 << 10;    ///< taken within a write's time

  /// Lifetime: `context` and the loop outlive it.
  Connection(ConnectionContext& context, std::unique_ptr<ByteStream> stream);
  ~Connection();

  /// Serves until the connection is closed.
  Task<void> run();
  /// Ends after the request that is under way, at once if there is none.
  void end_soon();
  /// Ends after the next answer, which says so, or when no request comes for a while: a request
  /// may be on its way at this moment. `ConnectionContext::leaving` is set already.
  void leave();
  /// Ends the call under way as if its client were gone, though it can still be told.
  void end_call();
  /// Closes at once; whoever waits on the connection is told.
  void cut();

  const RequestHead& head() const override { return head_; }
  Loop& loop() override { return stream_->loop(); }
  std::string_view peer() const override { return stream_->peer(); }
  Stop& gone() override { return *gone_; }
  bool stopping() const override { return stopping_; }
  std::optional<std::uint64_t> body_length() const override;
  Task<Result<std::size_t>> read_body(std::span<char> into, Until until) override;
  Task<Result<void>> reply(ReplyHead head, std::string_view body, Until until) override;
  Task<Result<void>> start(ReplyHead head, Until until) override;
  Task<Result<void>> write(std::string_view bytes, Until until) override;
  Task<Result<void>> finish(std::string_view bytes, Until until) override;
  void half_close() override;
  bool started() const override { return phase_ != Phase::Unanswered; }

 private:
  enum class Phase { Unanswered, Streaming, Answered };
  enum class Look { Incomplete, Found, Refused };
  struct Refused {
    int status = 400;
    Fault fault = {};
  };

  // reading: connection.cpp
  void on_read(Result<std::size_t> got) override;
  void keep_reading();
  void look_for_hang_up();
  Task<bool> next_request();
  std::chrono::milliseconds idle_time() const;
  Look look_for_head();
  Look read_head(std::size_t length);
  Look refuse(int status, Fault fault);
  Task<Result<void>> wait_for_bytes(Until until);
  Task<void> serve_call();
  Task<void> send_refusal();
  Task<bool> drain_body();
  Task<void> linger();

  // answering: call.cpp
  bool stays_open() const;
  void begin_answer(const ReplyHead& head, std::optional<std::uint64_t> length);
  Task<Result<void>> send(Parts parts, Until until);
  Fault lost(Fault fault);

  ConnectionContext& context_;
  std::unique_ptr<ByteStream> stream_;
  ReadBuffer buffer_;
  RequestParser parser_;
  RequestHead head_;
  std::optional<Stop> gone_;  // while a call runs
  std::optional<Refused> refusal_;
  std::string out_;  // heads and chunk lines on their way out
  Wake news_;        // bytes, their end, a deadline, a word to end
  Timers::Timer deadline_;
  Timers::Timer hang_up_;  // looks for a client that left while there is no room to read
  Phase phase_ = Phase::Unanswered;
  bool reading_ = false;         // a read is under way
  bool ended_ = false;           // the client sends no more, or is cut off
  bool late_ = false;            // `deadline_` has passed
  bool idle_ = false;            // between requests
  bool stopping_ = false;        // the call is ended by us
  bool ending_ = false;          // no further request is read
  bool failed_ = false;          // the answer did not go out whole
  bool wants_continue_ = false;  // the client sends its body after `100 Continue`
  bool sends_body_ = true;       // not to HEAD, not with 204
  bool chunked_ = false;         // the answer under way
};

}  // namespace naru::net
