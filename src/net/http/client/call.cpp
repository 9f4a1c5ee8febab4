#include "net/http/client/call.h"

#include <cstring>

namespace naru::net {
namespace {

constexpr std::size_t kBufferBytes = 16 << 10;
constexpr int kFirstRefusal = 300;

/// What is left of a request, being written beside the reading of its answer.
struct Upload {
  Parts left;
  bool whole = false;
};

/// Lifetime: the stream outlives the task.
Task<void> write_on(std::shared_ptr<Upload> upload, ByteStream& stream, Until until) {
  const auto written = co_await stream.write_all(upload->left, until);
  // A fault is no end: the peer may have answered and closed before it had read everything.
  upload->whole = written.has_value();
}

}  // namespace

HttpCall::HttpCall(std::shared_ptr<const HttpRemote> remote, Connection connection, Pool& pool)
    : remote_(std::move(remote)),
      connection_(std::move(connection.pooled)),
      connect_time_(connection.connect_time),
      pool_(pool),
      buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)),
      capacity_(kBufferBytes) {}

Task<Result<void>> HttpCall::open(std::string_view head, ClientRequest request, Until until) {
  head_only_ = request.method == "HEAD";
  parser_.reset(head_only_);
  ByteStream& stream = *connection_.stream;
  Parts left{head, request.body};
  const auto sent = stream.write_now(left);
  sent_whole_ = sent && !drop_front(left, *sent);
  // When nothing can be written any more, an answer may still be there to be read.
  const bool goes_on = sent && !sent_whole_;
  auto answering = goes_on ? read_head_while_writing(left, until) : read_head(until);
  auto answered = co_await std::move(answering);
  if (answered && parser_.done()) release();
  co_return answered;
}

/// Whoever refuses a long body may answer before it is sent, and never read the rest.
Task<Result<void>> HttpCall::read_head_while_writing(Parts left, Until until) {
  ByteStream& stream = *connection_.stream;
  const auto upload = std::make_shared<Upload>(Upload{.left = left});
  TaskGroup writer(stream.loop());
  writer.spawn(write_on(upload, stream, {until.deadline, &writer.stop()}));
  auto answered = co_await read_head(until);
  const bool refused = !answered || head_.status >= kFirstRefusal;
  if (refused) writer.stop().fire();
  co_await writer.join(until);
  sent_whole_ = upload->whole;
  co_return answered;
}

Task<Result<void>> HttpCall::read_head(Until until) {
  for (;;) {
    const auto size = parser_.find_head_end(buffered());
    if (!size) co_return broken(size.error().detail);
    if (*size > 0) {
      NARU_CO_TRY(const bool final, take_head(*size));
      if (final) co_return Result<void>{};
      continue;
    }
    NARU_CO_TRY(const std::span<char> room, make_room());
    const auto got = co_await connection_.stream->read_some(room, until);
    NARU_CO_TRY_VOID(took(got, "an answer"));
    if (*got == 0) co_return cut("before it had answered");
  }
}

/// Reads the head at the front of the buffer; gives whether it is the final one.
Result<bool> HttpCall::take_head(std::size_t size) {
  head_bytes_.assign(buffered().substr(0, size));
  begin_ += size;
  const auto read = parser_.read_head(head_bytes_, head_);
  if (!read) return broken(read.error().detail);
  if (head_.status == kSwitchingProtocols || head_.status < 100 || head_.status > 599)
    return broken(fmt::format("status {}, which nobody asked for", head_.status));
  if (head_.status >= 200) return true;
  if (++interim_ > kMaxInterim) return broken("1xx answers without end");
  parser_.reset(head_only_);
  return false;
}

/// Room behind the bytes that are there. Fails when a head is longer than it may be.
Result<std::span<char>> HttpCall::make_room() {
  if (begin_ > 0) std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= std::exchange(begin_, 0);
  if (end_ == capacity_) {
    if (capacity_ >= remote_->options().max_head_bytes)
      return broken(fmt::format("a head of more than {} bytes", remote_->options().max_head_bytes));
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_ * 2);
    std::memcpy(larger.get(), buffer_.get(), end_);
    buffer_ = std::move(larger);
    capacity_ *= 2;
  }
  return std::span<char>(buffer_.get() + end_, capacity_ - end_);
}

std::unexpected<Fault> HttpCall::broken(std::string_view what) const {
  return fail(Fault{.kind = FaultKind::UpstreamInvalid,
                    .detail = fmt::format("{} sends {}", remote_->place(), what),
                    .origin = Origin::Upstream});
}

std::unexpected<Fault> HttpCall::cut(std::string_view when) const {
  return fail(Fault{.kind = FaultKind::UpstreamFailed,
                    .detail = fmt::format("{} closed the connection {}", remote_->place(), when),
                    .origin = Origin::Upstream});
}

Result<void> HttpCall::took(const Result<std::size_t>& got, std::string_view awaited) {
  if (got) {
    end_ += *got;
    received_ += *got;
    return {};
  }
  Fault fault = got.error();
  if (fault.kind != FaultKind::Cancelled) fault.origin = Origin::Upstream;
  if (fault.kind == FaultKind::UpstreamTimeout)
    fault.detail = fmt::format("{} did not send {} in time", remote_->place(), awaited);
  return fail(std::move(fault));
}

Task<Result<std::string_view>> HttpCall::read_some(Until until) {
  while (!parser_.done()) {
    const auto piece = parser_.read_body(buffered(), capacity_);
    if (!piece) co_return broken(piece.error().detail);
    begin_ += piece->used;
    if (parser_.done()) release();
    if (!piece->bytes.empty()) co_return piece->bytes;
    if (piece->used > 0) continue;
    NARU_CO_TRY(const std::span<char> room, make_room());
    const auto got = co_await connection_.stream->read_some(room, until);
    NARU_CO_TRY_VOID(took(got, "more of its answer"));
    if (*got > 0) continue;
    if (!parser_.end_of_input()) co_return cut("in the middle of its answer");
    connection_.stream.reset();
  }
  co_return std::string_view();
}

/// The answer is whole: its connection may serve another.
void HttpCall::release() {
  const Framing& framing = parser_.framing();
  const bool reusable =
      sent_whole_ && framing.keep_alive && !framing.until_close && buffered().empty();
  PooledStream connection = std::move(connection_);
  if (!reusable) return;
  const RemoteOptions& options = remote_->options();
  pool_.put(remote_->key(), std::move(connection), {options.idle, options.max_age});
}

}  // namespace naru::net
