#pragma once
#include <memory>

#include "net/http/client.h"
#include "net/http/client/pool.h"
#include "net/http/client/remote.h"
#include "net/http/message_parser.h"

namespace naru::net {

/// A request and its answer on one connection, which goes back to the pool once the answer is whole
/// and both sides may go on.
class HttpCall final : public ClientCall {
 public:
  struct Connection {
    PooledStream pooled;
    std::chrono::nanoseconds connect_time{0};  ///< 0: taken from the pool
  };

  /// Lifetime: `pool` outlives every task of this call.
  HttpCall(std::shared_ptr<const HttpRemote> remote, Connection connection, Pool& pool);

  /// Sends the request and reads the answer's final head. Lifetime: `head` and what `request` views
  /// stay until the task ends. Fails: UpstreamFailed, UpstreamInvalid, UpstreamTimeout, Cancelled.
  Task<Result<void>> open(std::string_view head, ClientRequest request, Until until);
  /// Nothing of an answer has come.
  bool unanswered() const { return received_ == 0; }

  const AnswerHead& head() const override { return head_; }
  Task<Result<std::string_view>> read_some(Until until) override;
  std::chrono::nanoseconds connect_time() const override { return connect_time_; }

 private:
  Task<Result<void>> read_head(Until until);
  Task<Result<void>> read_head_while_writing(Parts left, Until until);
  Result<bool> take_head(std::size_t size);
  std::string_view buffered() const { return {buffer_.get() + begin_, end_ - begin_}; }
  Result<std::span<char>> make_room();
  Result<void> took(const Result<std::size_t>& got, std::string_view awaited);
  std::unexpected<Fault> broken(std::string_view what) const;
  std::unexpected<Fault> cut(std::string_view when) const;
  void release();

  std::shared_ptr<const HttpRemote> remote_;
  PooledStream connection_;
  std::chrono::nanoseconds connect_time_;
  Pool& pool_;
  AnswerParser parser_;
  bool head_only_ = false;    // the request was HEAD
  bool sent_whole_ = false;   // the request, so that another may follow it
  unsigned interim_ = 0;      // answers of 1xx seen
  std::size_t received_ = 0;  // bytes of the answer
  std::string head_bytes_;    // what head_ views
  AnswerHead head_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace naru::net
