#include "mock/handler.h"

#include "base/id.h"
#include "net/http/server/reply_head.h"

namespace naru::mock {
namespace {

constexpr std::string_view kJournalPath = "/mock/journal";
constexpr std::string_view kControlHeader = "x-mock";
constexpr std::size_t kMostBodyBytes = 64 << 20;

/// Lifetime: `call` lives until it returns.
net::Task<Result<std::string>> read_body(net::ServerCall& call) {
  std::string body;
  std::array<char, 16 << 10> piece;
  const net::Until until{.stop = &call.gone()};
  while (true) {
    const auto got = co_await call.read_body(piece, until);
    NARU_CO_TRY(const std::size_t bytes, got);
    if (bytes == 0) co_return body;
    body.append(piece.data(), bytes);
    if (body.size() > kMostBodyBytes)
      co_return fail(FaultKind::TooLarge, "the body exceeds {} bytes", kMostBodyBytes);
  }
}

/// Waits until the client leaves. Lifetime: `call` lives until it returns.
net::Task<void> wait_for_leaving(net::ServerCall& call) {
  constexpr std::chrono::hours kLongest{24};
  const auto slept = co_await call.loop().sleep(kLongest, {.stop = &call.gone()});
  (void)slept;
}

/// The head of an answer as it is sent now.
net::ReplyHead head_of(const Replay& replay, WallTime now) {
  net::ReplyHead head{replay.answer().status, replay.headers()};
  for (net::Header& header : retry_headers(replay.answer().retry, now))
    head.headers.push_back(std::move(header));
  return head;
}

/// How the connection goes on behind the last piece. Lifetime: `call` lives until it returns.
net::Task<bool> end_stream(net::ServerCall& call, After after) {
  if (after == After::Cut) co_return true;
  if (after == After::Finish) {
    const auto finished = co_await call.finish("", {.stop = &call.gone()});
    co_return finished.has_value();
  }
  const bool half = after == After::HalfClose;
  if (half) call.half_close();
  co_await wait_for_leaving(call);
  co_return half;
}

/// Lifetime: `call` lives until it returns.
net::Task<bool> play_stream(net::ServerCall& call, Replay replay, Pace pace) {
  const net::Until until{.stop = &call.gone()};
  net::ReplyHead head = head_of(replay, call.loop().clock().wall_now());
  const auto begun = co_await call.start(std::move(head), until);
  if (!begun) co_return false;
  while (const Piece* piece = replay.next()) {
    if (piece->wait.count() > 0) {
      const auto slept = co_await call.loop().sleep(pace.of(piece->wait), until);
      if (!slept) co_return false;
    }
    const auto written = co_await call.write(replay.bytes(), until);
    if (!written) co_return false;
  }
  co_return co_await end_stream(call, replay.answer().after);
}

}  // namespace

std::vector<net::Header> retry_headers(const Retry& retry, WallTime now) {
  if (retry.in.count() == 0) return {};
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(retry.in);
  if (retry.form == RetryForm::Date) {
    // A date is exact to the second: the next whole one, so that nobody comes too early.
    const auto then = std::chrono::ceil<std::chrono::seconds>(now + retry.in);
    return {{"retry-after", std::string(net::HttpDate{}.at(then))}};
  }
  std::vector<net::Header> headers;
  if (retry.form != RetryForm::Seconds)
    headers.push_back({"retry-after-ms", fmt::format("{}", retry.in.count())});
  if (retry.form != RetryForm::Millis)
    headers.push_back({"retry-after", fmt::format("{}", seconds.count())});
  return headers;
}

net::Task<bool> play(net::ServerCall& call, Replay replay, Pace pace) {
  if (replay.answer().streams) co_return co_await play_stream(call, std::move(replay), pace);
  replay.next();
  net::ReplyHead head = head_of(replay, call.loop().clock().wall_now());
  const auto sent = co_await call.reply(std::move(head), replay.bytes(), {.stop = &call.gone()});
  co_return sent.has_value();
}

net::Task<void> MockHandler::serve(net::ServerCall& call) {
  if (call.head().path == kJournalPath)
    co_await serve_journal(call);
  else
    co_await serve_provider(call);
}

net::Refusal MockHandler::refusal(const Fault& fault, std::string_view) {
  return {.body = openai_error({.status = 400, .message = fault.detail}, {})};
}

net::Task<void> MockHandler::serve_journal(net::ServerCall& call) {
  std::string body = "{}";
  if (call.head().method == "DELETE")
    journal_.clear();
  else
    body = journal_.json();
  const auto sent = co_await call.reply({.headers = {{"content-type", "application/json"}}}, body,
                                        {.stop = &call.gone()});
  (void)sent;
}

net::Task<void> MockHandler::serve_provider(net::ServerCall& call) {
  const Clock& clock = call.loop().clock();
  const WallTime arrived = clock.wall_now();
  const net::RequestHead& head = call.head();
  auto read = co_await read_body(call);
  if (!read) co_return;
  const bool anthropic = head.headers.find("anthropic-version").has_value();
  const Ask ask = read_ask(find_call(head.method, head.path, anthropic), head.path, *read);
  const std::uint64_t number = journal_.open(
      {.head = std::string(head.bytes), .body = *std::move(read), .arrived = arrived});
  const Plan plan = plan_for(head, ask);
  const std::uint64_t seed = seed_ ^ number * 0x9E3779B97F4A7C15U;
  Replay replay = replay_for(ask, plan, seed);
  Pace pace(plan, seed);
  const int status = replay.answer().status;
  const std::chrono::milliseconds delay = replay.answer().delay;
  bool whole = true;
  if (delay.count() > 0) {
    const auto slept = co_await call.loop().sleep(pace.of(delay), {.stop = &call.gone()});
    whole = slept.has_value();
  }
  if (whole) whole = co_await play(call, std::move(replay), pace);
  journal_.close(number, whole ? Close::Answered : Close::Gone, status, clock.wall_now());
}

Plan MockHandler::plan_for(const net::RequestHead& head, const Ask& ask) {
  Plan plan = script_.next(ask, head.path);
  Result<void> read = read_controls(ask.controls, plan);
  if (const auto controls = head.headers.find(kControlHeader); controls && read)
    read = read_controls(*controls, plan);
  if (!read) plan = {.status = 400, .message = read.error().detail};
  if (ask.call == Call::Unknown) plan = {.status = 404, .message = "no such path"};
  if (!ask.readable) plan = {.status = 400, .message = "the body is not one JSON object"};
  return plan;
}

Replay MockHandler::replay_for(const Ask& ask, const Plan& plan, std::uint64_t seed) {
  Rng rng(seed);
  std::string id = random_id("", rng);
  if (!plan.gzip) return {shelf_.take(ask, plan), std::move(id)};
  return {std::make_shared<const Prepared>(Prepared{compose(ask, plan, id)}), id};
}

}  // namespace naru::mock
