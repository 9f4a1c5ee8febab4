#include "net/http/server/connection.h"

#include <cstring>

#include "base/check.h"
#include "base/text.h"

namespace naru::net {
namespace {

constexpr std::chrono::milliseconds kHangUpLook{50};
constexpr std::chrono::seconds kDrainTime{5};   // for the rest of a body nobody has read
constexpr std::chrono::seconds kLingerTime{5};  // for the client to read the last answer

}  // namespace

Connection::Connection(ConnectionContext& context, std::unique_ptr<ByteStream> stream)
    : context_(context),
      stream_(std::move(stream)),
      news_(stream_->loop()),
      deadline_(
          stream_->loop().timers(),
          [](void* self) {
            auto& connection = *static_cast<Connection*>(self);
            connection.late_ = true;
            connection.news_.wake();
          },
          this),
      hang_up_(
          stream_->loop().timers(),
          [](void* self) { static_cast<Connection*>(self)->look_for_hang_up(); }, this) {}

Connection::~Connection() = default;

Task<void> Connection::run() {
  for (;;) {
    const bool found = co_await next_request();
    if (!found) break;
    co_await serve_call();
    if (phase_ == Phase::Streaming) stream_->reset();
    if (phase_ != Phase::Answered || failed_ || ending_) break;
    const bool whole = co_await drain_body();
    if (!whole) break;
    gone_.reset();
    buffer_.let_go();
  }
  if (refusal_) co_await send_refusal();
  if (phase_ == Phase::Answered && !failed_) co_await linger();
  hang_up_.unset();
  stream_->close();
  while (reading_) co_await news_.wait();
}

void Connection::end_soon() {
  ending_ = true;
  news_.wake();
}

void Connection::leave() {
  if (idle_) deadline_.set(loop().clock().now() + idle_time());
}

std::chrono::milliseconds Connection::idle_time() const {
  const std::chrono::milliseconds usual = context_.options.idle_timeout;
  return context_.leaving ? std::min<std::chrono::milliseconds>(usual, HttpServer::kLeaveGrace)
                          : usual;
}

void Connection::end_call() {
  ending_ = true;
  if (gone_ && !gone_->fired()) {
    stopping_ = true;
    gone_->fire();
  }
  news_.wake();
}

void Connection::cut() {
  ending_ = ended_ = failed_ = true;
  stream_->close();
  if (gone_) gone_->fire();
  news_.wake();
}

void Connection::keep_reading() {
  if (reading_ || ended_) return;
  // While a head is awaited its own limit counts, with room to see that it is passed.
  const std::size_t bound =
      gone_ ? kMostUnreadBytes : context_.options.max_head_bytes + ReadBuffer::kBlockBytes;
  const std::span<char> room = buffer_.room(bound);
  if (room.empty()) {
    // Requests sent ahead fill it; the client's leaving stands behind them.
    if (gone_) hang_up_.set(loop().clock().now() + kHangUpLook);
    return;
  }
  reading_ = true;
  stream_->start_read(room, *this);
}

void Connection::look_for_hang_up() {
  if (reading_ || ended_ || !gone_) return;
  if (!stream_->hung_up_now()) return keep_reading();
  ended_ = true;
  gone_->fire();
  news_.wake();
}

void Connection::on_read(Result<std::size_t> got) {
  reading_ = false;
  if (got && *got > 0) {
    buffer_.added(*got);
  } else {
    ended_ = true;
    if (gone_) gone_->fire();
  }
  if (news_.waiting()) return news_.wake_now();
  keep_reading();
}

/// Waits for a whole head. False when there is none: the client is gone, idle for too long, or has
/// sent what is refused.
Task<bool> Connection::next_request() {
  const ListenOptions& options = context_.options;
  phase_ = Phase::Unanswered;
  head_.method = head_.target = head_.path = head_.query = head_.bytes = {};
  head_.headers.clear();
  parser_.reset();
  bool begun = false;
  late_ = false;
  idle_ = true;
  deadline_.set(loop().clock().now() + idle_time());
  for (;;) {
    const Look look = look_for_head();
    if (look != Look::Incomplete) {
      idle_ = false;
      deadline_.unset();
      co_return look == Look::Found;
    }
    const bool empty = buffer_.unread().empty();
    if (!empty && !std::exchange(begun, true)) {
      idle_ = false;
      late_ = false;
      deadline_.set(loop().clock().now() + options.head_timeout);
    }
    if (ended_ || (empty && (ending_ || late_))) {
      idle_ = false;
      co_return false;
    }
    if (late_) {
      refuse(408, {.kind = FaultKind::InvalidRequest,
                   .detail = fmt::format("the request's head did not arrive within {} ms",
                                         options.head_timeout.count())});
      co_return false;
    }
    keep_reading();
    co_await news_.wait();
  }
}

Connection::Look Connection::look_for_head() {
  // Empty lines before a request are to be skipped. RFC 9112 section 2.2.
  while (buffer_.unread().starts_with("\r\n")) buffer_.consume(2);
  const std::string_view unread = buffer_.unread();
  if (unread.empty() || unread == "\r") return Look::Incomplete;
  const auto end = parser_.find_head_end(unread);
  if (!end) return refuse(parser_.refusal_status(), end.error());
  const std::size_t most = context_.options.max_head_bytes;
  if (*end > most || (*end == 0 && unread.size() > most))
    return refuse(431, {.kind = FaultKind::TooLarge,
                        .detail = fmt::format("the request's head exceeds {} bytes", most)});
  return *end == 0 ? Look::Incomplete : read_head(*end);
}

Connection::Look Connection::read_head(std::size_t length) {
  const auto read = parser_.read_head(buffer_.keep(length), head_);
  if (!read) return refuse(parser_.refusal_status(), read.error());
  const Framing& framing = parser_.framing();
  wants_continue_ = false;
  if (!framing.expect.empty() && head_.minor_version > 0) {
    if (!equals_ignoring_case(framing.expect, "100-continue"))
      return refuse(417, {.kind = FaultKind::InvalidRequest,
                          .detail = fmt::format("expectation '{}' cannot be met; only "
                                                "'100-continue' can",
                                                framing.expect)});
    wants_continue_ = !parser_.done();
  }
  return Look::Found;
}

Connection::Look Connection::refuse(int status, Fault fault) {
  fault.origin = Origin::Client;
  refusal_ = {.status = status, .fault = std::move(fault)};
  return Look::Refused;
}

/// Has the handler answer. A broken invariant, or no memory, costs this request, not the process.
Task<void> Connection::serve_call() {
  gone_.emplace();
  sends_body_ = head_.method != "HEAD";
  keep_reading();
  if (ended_) gone_->fire();
  try {
    co_await context_.handler.serve(*this);
  } catch (const std::exception& broken) {
    loop().log().error("connection.broken", {telemetry::field("why", broken.what())});
    if (phase_ == Phase::Unanswered)
      refusal_ = {.status = 500,
                  .fault = {.kind = FaultKind::Internal, .detail = "naru made a mistake"}};
  }
}

Task<void> Connection::send_refusal() {
  ending_ = true;
  sends_body_ = head_.method != "HEAD";
  Refusal refusal = context_.handler.refusal(refusal_->fault, head_.target);
  ReplyHead head{.status = refusal_->status, .headers = std::move(refusal.headers)};
  head.headers.push_back({"content-type", "application/json"});
  const Until soon{.deadline = loop().clock().now() + kLingerTime};
  const auto sent = co_await reply(std::move(head), refusal.body, soon);
  failed_ = !sent;
}

Task<Result<void>> Connection::wait_for_bytes(Until until) {
  const UntilGuard guard(
      loop(), until, [](void* news) { static_cast<Wake*>(news)->wake(); }, &news_);
  const std::size_t had = buffer_.unread().size();
  keep_reading();
  while (buffer_.unread().size() == had && !ended_ && !guard.ended()) co_await news_.wait();
  if (buffer_.unread().size() > had) co_return Result<void>{};
  if (guard.ended()) co_return guard.fault();
  co_return fail(FaultKind::Cancelled, "the client went away before its request was whole");
}

/// Reads the rest of a body, if it is small. False when the connection cannot go on.
Task<bool> Connection::drain_body() {
  if (parser_.done()) co_return true;
  const auto length = parser_.framing().content_length;
  if (wants_continue_ || (length && *length > kDrainedBytes)) co_return false;
  const Until until{.deadline = loop().clock().now() + kDrainTime};
  std::size_t read = 0;
  while (!parser_.done() && read <= kDrainedBytes) {
    const auto piece = parser_.read_body(buffer_.unread(), kDrainedBytes);
    if (!piece) co_return false;
    buffer_.consume(piece->used);
    read += piece->used;
    if (piece->used > 0) continue;
    const auto waited = co_await wait_for_bytes(until);
    if (!waited) co_return false;
  }
  co_return parser_.done();
}

/// Closes in one direction and waits for the client to do so too: closing with unread bytes would
/// reset the connection, and the client might lose the answer. RFC 9112 section 9.6.
Task<void> Connection::linger() {
  stream_->finish_writing();
  if (parser_.done() && !refusal_) co_return;
  late_ = false;
  deadline_.set(loop().clock().now() + kLingerTime);
  while (!ended_ && !late_) {
    buffer_.consume(buffer_.unread().size());
    keep_reading();
    co_await news_.wait();
  }
  deadline_.unset();
}

}  // namespace naru::net
