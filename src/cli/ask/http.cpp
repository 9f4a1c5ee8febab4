#include "cli/ask/http.h"

#include "base/json.h"
#include "base/settings/report.h"

namespace naru::cli {
namespace {

/// Lifetime: everything outlives the task.
net::Task<Result<int>> exchange(net::HttpClient& client, std::shared_ptr<const net::Remote> remote,
                                const Asking& asking, const TakePiece& take, const Clock& clock) {
  const net::ClientRequest request{.method = asking.method,
                                   .target = asking.target,
                                   .headers = &asking.headers,
                                   .body = asking.body};
  const net::Until first{.deadline = clock.now() + asking.patience};
  auto sent = co_await client.send(std::move(remote), request, first);
  NARU_CO_TRY(const std::unique_ptr<net::ClientCall> call, std::move(sent));
  const int status = call->head().status;
  while (true) {
    const net::Until until{.deadline = clock.now() + asking.patience};
    const auto piece = co_await call->read_some(until);
    if (!piece) co_return fail(piece.error());
    if (piece->empty()) co_return status;
    NARU_CO_TRY_VOID(take(status, *piece));
  }
}

/// Lifetime: everything outlives the task.
net::Task<void> run(net::Loop& loop, net::Resolver& resolver,
                    std::shared_ptr<const net::Remote> remote, const Asking& asking,
                    const TakePiece& take, Result<int>& outcome) {
  const auto client = net::HttpClient::make(loop, resolver);
  outcome = co_await exchange(*client, std::move(remote), asking, take, loop.clock());
}

}  // namespace

Result<int> ask(const Asking& asking, const TakePiece& take) {
  NARU_TRY(const auto remote,
           net::Remote::make({.base_url = asking.base_url, .tls = {.ca_file = asking.ca_file}}));
  const SystemClock clock;
  const auto resolver = net::Resolver::make(1, clock);
  Result<int> outcome = fail(FaultKind::Internal, "the call did not run");
  net::run_task(
      [&](net::Loop& loop) { return run(loop, *resolver, remote, asking, take, outcome); }, clock,
      telemetry::null_log());
  return outcome;
}

std::string said_in_error(int status, std::string_view body) {
  const auto tree = json::Tree::parse(body);
  const auto error = tree ? tree->root().find("error") : std::nullopt;
  const auto message = error ? error->find("message") : std::nullopt;
  if (message && !message->text().empty()) return std::string(message->text());
  return fmt::format("the answer has status {} and says '{}'", status, settings::clipped(body));
}

}  // namespace naru::cli
