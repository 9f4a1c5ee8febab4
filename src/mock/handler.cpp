#include "mock/handler.h"

#include "base/id.h"

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

Entry entry_of(const net::RequestHead& head, std::string body, WallTime arrived) {
  Entry entry;
  entry.line = fmt::format("{} {} HTTP/1.{}", head.method, head.target, head.minor_version);
  for (const net::HeaderView& line : head.headers)
    entry.headers.push_back(fmt::format("{}: {}", line.name, line.value));
  entry.body = std::move(body);
  entry.arrived = arrived;
  return entry;
}

/// Waits until the client leaves. Lifetime: `call` lives until it returns.
net::Task<void> wait_for_leaving(net::ServerCall& call) {
  constexpr std::chrono::hours kLongest{24};
  const auto slept = co_await call.loop().sleep(kLongest, {.stop = &call.gone()});
  (void)slept;
}

/// Lifetime: `call` lives until it returns.
net::Task<bool> play_stream(net::ServerCall& call, Answer answer) {
  const net::Until until{.stop = &call.gone()};
  const auto begun = co_await call.start({answer.status, std::move(answer.headers)}, until);
  if (!begun) co_return false;
  for (const Piece& piece : answer.pieces) {
    if (piece.wait.count() > 0) {
      const auto slept = co_await call.loop().sleep(piece.wait, until);
      if (!slept) co_return false;
    }
    const auto written = co_await call.write(piece.bytes, until);
    if (!written) co_return false;
  }
  if (answer.after == After::Stall) co_await wait_for_leaving(call);
  if (answer.after == After::Stall) co_return false;
  if (answer.after == After::Cut) co_return true;
  const auto finished = co_await call.finish("", until);
  co_return finished.has_value();
}

}  // namespace

net::Task<bool> play(net::ServerCall& call, Answer answer) {
  if (answer.streams) co_return co_await play_stream(call, std::move(answer));
  const std::string body = answer.pieces.empty() ? "" : std::move(answer.pieces.front().bytes);
  const auto sent =
      co_await call.reply({answer.status, std::move(answer.headers)}, body, {.stop = &call.gone()});
  co_return sent.has_value();
}

net::Task<void> MockHandler::serve(net::ServerCall& call) {
  if (call.head().path == kJournalPath)
    co_await serve_journal(call);
  else
    co_await serve_provider(call);
}

net::Refusal MockHandler::refusal(const Fault& fault, std::string_view) {
  return {.body = openai_error({.status = 400, .message = fault.detail})};
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
  const std::uint64_t number = journal_.open(entry_of(head, *std::move(read), arrived));
  Answer answer = answer_for(head, ask, number);
  const int status = answer.status;
  bool whole = true;
  if (answer.delay.count() > 0) {
    const auto slept = co_await call.loop().sleep(answer.delay, {.stop = &call.gone()});
    whole = slept.has_value();
  }
  if (whole) whole = co_await play(call, std::move(answer));
  journal_.close(number, whole ? Close::Answered : Close::Gone, status, clock.wall_now());
}

Answer MockHandler::answer_for(const net::RequestHead& head, const Ask& ask, std::uint64_t number) {
  Plan plan = script_.next(ask, head.path);
  Result<void> read = read_controls(ask.controls, plan);
  if (const auto controls = head.headers.find(kControlHeader); controls && read)
    read = read_controls(*controls, plan);
  if (!read) plan = {.status = 400, .message = read.error().detail};
  if (ask.call == Call::Unknown) plan = {.status = 404, .message = "no such path"};
  if (!ask.readable) plan = {.status = 400, .message = "the body is not one JSON object"};
  Rng rng(seed_ ^ number * 0x9E3779B97F4A7C15U);
  return compose(ask, plan, random_id("", rng));
}

}  // namespace naru::mock
