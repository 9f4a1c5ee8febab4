#include <fmt/format.h>

#include <cstring>

#include "base/check.h"
#include "net/http/server/connection.h"

namespace naru::net {

std::optional<std::uint64_t> Connection::body_length() const {
  if (parser_.framing().chunked) return std::nullopt;
  return parser_.framing().content_length.value_or(0);
}

Task<Result<std::size_t>> Connection::read_body(std::span<char> into, Until until) {
  NARU_CHECK(!into.empty(), "a read into no room never ends");
  while (!parser_.done()) {
    const auto piece = parser_.read_body(buffer_.unread(), into.size());
    if (!piece) {
      ending_ = true;  // where the next request would begin is not known
      co_return fail(piece.error());
    }
    if (!piece->bytes.empty()) std::memcpy(into.data(), piece->bytes.data(), piece->bytes.size());
    buffer_.consume(piece->used);
    keep_reading();
    if (!piece->bytes.empty()) {
      wants_continue_ = false;
      co_return piece->bytes.size();
    }
    if (piece->used > 0) continue;
    if (std::exchange(wants_continue_, false)) {
      const auto told = co_await send({"HTTP/1.1 100 Continue\r\n\r\n"}, until);
      NARU_CO_TRY_VOID(told);
    }
    const auto waited = co_await wait_for_bytes(until);
    NARU_CO_TRY_VOID(waited);
  }
  co_return 0;
}

/// Whether another request may follow this answer: its body is read, or what is left of it will be.
bool Connection::stays_open() const {
  const Framing& framing = parser_.framing();
  if (ending_ || ended_ || context_.draining || !framing.keep_alive) return false;
  if (parser_.done()) return true;
  return !wants_continue_ && (framing.chunked || framing.content_length <= kDrainedBytes);
}

/// Lays the head into `out_`; no length: until close to HTTP/1.0, else chunked.
void Connection::begin_answer(const ReplyHead& head, std::optional<std::uint64_t> length) {
  NARU_CHECK(phase_ == Phase::Unanswered, "a call has one answer");
  const bool old = head_.minor_version == 0 && !refusal_;
  sends_body_ = sends_body_ && has_body(head.status);
  chunked_ = !length && !old;
  // Behind 408 nothing more is waited for. RFC 9110 section 15.5.9.
  if (!stays_open() || (!length && old) || head.status == 408) ending_ = true;
  const bool framed = has_body(head.status);
  out_.clear();
  append_head(out_, head,
              {.content_length = framed ? length : std::nullopt,
               .chunked = framed && chunked_,
               .close = ending_,
               .old_keep_alive = old && !ending_},
              context_.date.at(loop().clock().wall_now()));
}

Task<Result<void>> Connection::reply(ReplyHead head, std::string_view body, Until until) {
  begin_answer(head, body.size());
  phase_ = Phase::Answered;
  return send({out_, sends_body_ ? body : std::string_view()}, until);
}

Task<Result<void>> Connection::start(ReplyHead head, Until until) {
  begin_answer(head, std::nullopt);
  phase_ = Phase::Streaming;
  return send({out_}, until);
}

Task<Result<void>> Connection::write(std::string_view bytes, Until until) {
  NARU_CHECK(phase_ == Phase::Streaming, "an answer is written between its start and its end");
  if (bytes.empty() || !sends_body_) return send({}, until);
  if (!chunked_) return send({bytes}, until);
  out_.clear();
  fmt::format_to(std::back_inserter(out_), "{:x}\r\n", bytes.size());
  return send({out_, bytes, "\r\n"}, until);
}

Task<Result<void>> Connection::finish(std::string_view bytes, Until until) {
  NARU_CHECK(phase_ == Phase::Streaming, "an answer is finished once, after its start");
  phase_ = Phase::Answered;
  if (!sends_body_) return send({}, until);
  if (!chunked_) return send({bytes}, until);
  if (bytes.empty()) return send({"0\r\n\r\n"}, until);
  out_.clear();
  fmt::format_to(std::back_inserter(out_), "{:x}\r\n", bytes.size());
  return send({out_, bytes, "\r\n0\r\n\r\n"}, until);
}

void Connection::half_close() {
  phase_ = Phase::Answered;
  ending_ = true;
  stream_->finish_writing();
}

Task<Result<void>> Connection::send(Parts parts, Until until) {
  if (failed_) co_return fail(FaultKind::Cancelled, "the client has gone away");
  const auto sent = stream_->write_now(parts);
  if (!sent) co_return fail(lost(sent.error()));
  // The time is for progress, not for the whole: a client that keeps reading is served to the end.
  const Monotonic begun = loop().clock().now();
  const bool timed = until.deadline != Monotonic::max();
  const auto patience = until.deadline - begun;
  std::size_t size = *sent;
  while (drop_front(parts, size)) {
    if (timed) until.deadline = loop().clock().now() + patience;
    const Parts next = front_of(parts, kProgressBytes);
    size = next[0].size() + next[1].size() + next[2].size();
    const auto written = co_await stream_->write_all(next, until);
    if (!written) co_return fail(lost(written.error()));
  }
  co_return Result<void>{};
}

/// The answer cannot go on, and with it the call: a client that is gone, or takes nothing, is no
/// upstream that failed.
Fault Connection::lost(Fault fault) {
  failed_ = true;
  if (gone_) gone_->fire();
  const bool late = fault.kind == FaultKind::UpstreamTimeout;
  return {.kind = FaultKind::Cancelled,
          .detail = late ? "the client took nothing for too long" : std::move(fault.detail),
          .origin = Origin::Client};
}

}  // namespace naru::net
