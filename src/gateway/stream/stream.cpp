#include "gateway/stream/stream.h"

namespace naru::gateway {
namespace {

using Progress = dialect::AnswerStream::Progress;

// After the completion marker only the end of the body is owed; waiting for it keeps the
// connection.
constexpr std::chrono::milliseconds kEndOfBody{500};

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

/// Events until the upstream's completion. What is still to be written stays in `out`, so that it
/// goes out together with the terminal frame. Lifetime: both outlive the task.
net::Task<Result<void>> relay(Exchange& exchange, std::string& out) {
  Answer& answer = exchange.answer;
  Monotonic spoken = exchange.now();
  while (true) {
    NARU_CO_TRY(const bool spoke, take_events(answer, out));
    if (spoke) spoken = exchange.now();
    if (answer.progress == Progress::Ended) co_return Result<void>{};
    if (!out.empty()) {
      auto written = co_await exchange.client->write(out);
      NARU_CO_TRY_VOID(std::move(written));
      out.clear();
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
  std::unique_ptr<net::ClientCall> upstream_call = std::move(answer.upstream_call);
  answer.leave_upstream();
  auto agreed = co_await exchange.before_end(exchange, {});
  NARU_CO_TRY_VOID(std::move(agreed));
  out += answer.stream->terminal();
  auto finished = co_await exchange.client->finish(out);
  net::TaskGroup& group = *exchange.services.groups[exchange.loop().index()];
  group.spawn(drain(std::move(upstream_call),
                    {.deadline = exchange.now() + kEndOfBody, .stop = &group.stop()}));
  co_return finished;
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
