#include "gateway/stream/stream.h"

namespace naru::gateway {
namespace {

using Progress = dialect::AnswerStream::Progress;

// After the completion marker only the end of the body is owed; waiting for it keeps the
// connection.
constexpr std::chrono::milliseconds kEndOfBody{500};

// An engine is read while its client is slow, so that its slot is freed for others: so far, and on
// from half of it. The first part counts as a stream's own, the rest as memory beside the body.
constexpr std::size_t kMostBehind = 1 << 20;
constexpr std::size_t kOwnBehind = 64 << 10;

/// Lifetime: the exchange outlives the task.
net::Task<Result<void>> give_plain(Exchange& exchange) {
  auto agreed = co_await exchange.before_end(exchange, {});
  NARU_CO_TRY_VOID(std::move(agreed));
  net::ReplyHead head{.headers = exchange.common_headers()};
  head.headers.push_back({"content-type", "application/json"});
  auto sent =
      co_await exchange.call.reply(std::move(head), exchange.answer.body, exchange.until_written());
  co_return sent;
}

/// Takes the events that are there; client bytes are appended to `out`. Gives whether the upstream
/// said anything: a ping keeps a connection, and says nothing.
Result<bool> take_events(Answer& answer, std::string& out) {
  bool spoke = false;
  while (answer.progress != Progress::Ended) {
    const auto event = answer.splitter->next();
    if (!event) break;
    spoke = spoke || (event->has_data && event->event != "ping");
    NARU_TRY(answer.progress, answer.stream->take(*event, out));
  }
  return spoke;
}

/// Gives `bytes` to the client: a provider is not read on before they are taken, an engine as long
/// as there is room for what waits. Lifetime: the exchange and the bytes outlive the task.
net::Task<Result<void>> give_to(Exchange& exchange, std::string_view bytes) {
  ClientStream& client = *exchange.client;
  if (exchange.answer.slot == nullptr) co_return co_await client.write(bytes);
  const std::size_t behind = client.write_behind(bytes);
  if (behind <= kOwnBehind) co_return Result<void>{};
  if (!exchange.hold_beside(behind)) co_return co_await client.catch_up(kOwnBehind);
  if (behind <= kMostBehind) co_return Result<void>{};
  co_return co_await client.catch_up(kMostBehind / 2);
}

/// While a client takes its time its upstream is not read, and the time of the call runs all the
/// same: when it is over the upstream computes no more, whatever the client still has to take.
class TimeWhileWriting {
 public:
  explicit TimeWhileWriting(Exchange& exchange)
      : exchange_(exchange), timer_(exchange.loop().timers(), &TimeWhileWriting::leave, this) {}
  /// Gives `bytes` to the client. Fails: as the write does; UpstreamTimeout, where the time was
  /// over meanwhile. Lifetime: it and the bytes outlive the task.
  net::Task<Result<void>> pass_on(std::string_view bytes) {
    timer_.set(exchange_.deadline);
    auto passed = co_await give_to(exchange_, bytes);
    timer_.unset();
    if (over_) co_return fail(FaultKind::UpstreamTimeout, "the time for the answer is over");
    co_return passed;
  }

 private:
  static void leave(void* self) {
    auto& time = *static_cast<TimeWhileWriting*>(self);
    time.over_ = true;
    time.exchange_.answer.leave_upstream();
  }

  Exchange& exchange_;
  net::Timers::Timer timer_;
  bool over_ = false;
};

/// Events until the upstream's completion. What is still to be written stays in `out`, so that it
/// goes out together with the terminal frame. Lifetime: both outlive the task.
net::Task<Result<void>> relay(Exchange& exchange, std::string& out) {
  Answer& answer = exchange.answer;
  TimeWhileWriting time(exchange);
  Monotonic spoken = exchange.now();
  while (true) {
    NARU_CO_TRY(const bool spoke, take_events(answer, out));
    if (spoke) spoken = exchange.now();
    if (answer.progress == Progress::Ended) co_return Result<void>{};
    if (!out.empty()) {
      auto passed = co_await time.pass_on(out);
      out.clear();
      NARU_CO_TRY_VOID(std::move(passed));
    }
    const net::Until until = exchange.until().by(spoken + exchange.timeouts.between_tokens);
    auto got = co_await answer.upstream_call->read_some(until);
    NARU_CO_TRY(const std::string_view bytes, std::move(got));
    if (bytes.empty()) {
      NARU_CO_TRY(answer.progress, answer.stream->finish(out));
      co_return Result<void>{};
    }
    if (auto fed = answer.splitter->feed(bytes); !fed)
      co_return fail(FaultKind::UpstreamInvalid, "{}", fed.error().detail);
  }
}

/// Reads what ends the body, so that the connection can be used again. A task of its own: no client
/// waits for it.
net::Task<void> drain(std::unique_ptr<net::ClientCall> call, net::Until until) {
  while (true) {
    auto rest = co_await call->read_some(until);
    if (!rest || rest->empty()) co_return;
  }
}

/// The upstream is done with this call: others may have its place while the client still reads.
void release(Exchange& exchange) {
  Answer& answer = exchange.answer;
  net::TaskGroup& group = *exchange.services.groups[exchange.loop().index()];
  group.spawn(drain(std::move(answer.upstream_call),
                    {.deadline = exchange.now() + kEndOfBody, .stop = &group.stop()}));
  answer.leave_upstream();
}

/// Lifetime: the exchange outlives the task.
net::Task<Result<void>> give_stream(Exchange& exchange) {
  Answer& answer = exchange.answer;
  std::string out = std::move(answer.held);
  auto relayed = co_await relay(exchange, out);
  exchange.facts = answer.stream->facts();
  if (!relayed) {
    answer.leave_upstream();
    // Content that came is delivered, however the bytes around the fault were cut.
    if (!out.empty() && !exchange.call.gone().fired()) {
      auto written = co_await exchange.client->write(out);
      (void)written;  // the fault that ended the stream is the one to report
    }
    co_return relayed;
  }
  release(exchange);
  auto taken = co_await exchange.client->catch_up(0);
  NARU_CO_TRY_VOID(std::move(taken));
  auto agreed = co_await exchange.before_end(exchange, {});
  NARU_CO_TRY_VOID(std::move(agreed));
  out += answer.stream->terminal();
  co_return co_await exchange.client->finish(out);
}

}  // namespace

net::Task<Result<void>> stream(Exchange& exchange) {
  Result<void> given;
  if (exchange.client)
    given = co_await give_stream(exchange);
  else
    given = co_await give_plain(exchange);
  co_return given;
}

}  // namespace naru::gateway
