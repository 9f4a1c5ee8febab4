#include "gateway/pipeline.h"

#include "gateway/account/account.h"
#include "gateway/admit/admit.h"
#include "gateway/authenticate/authenticate.h"
#include "gateway/call/call.h"
#include "gateway/catalogue/catalogue.h"
#include "gateway/listen/listen.h"
#include "gateway/probe/probe.h"
#include "gateway/recall/recall.h"
#include "gateway/reply.h"
#include "gateway/route/route.h"
#include "gateway/stream/stream.h"
#include "gateway/understand/understand.h"

namespace naru::gateway {
namespace {

// The one place that knows the order. `account` is no row: it runs on every exit, before the
// answer's last bytes and behind `keep` (see `settle` and `Exchange::before_end`).
constexpr auto kStages = std::to_array<Stage>({
    {"listen", Stage::For::Every, &listen,
     "first, since the endpoint tells the dialect of every later answer and error"},
    {"probe", Stage::For::Open, &probe,
     "before authenticate: health checks and preflights carry no key"},
    {"authenticate", Stage::For::Known, &authenticate,
     "nothing is counted before we know for whom; no body is read for a stranger"},
    {"catalogue", Stage::For::Catalogue, &catalogue,
     "after authenticate: the list shows what this key may use, and strangers learn no paths"},
    {"kept", Stage::For::Kept, &kept, "after authenticate: an answer is its own key's alone"},
    {"understand", Stage::For::Operations, &understand,
     "reads the body, so that every later stage sees one shape"},
    {"recall", Stage::For::Operations, &recall,
     "before admit: what was said before is part of what is asked"},
    {"admit", Stage::For::Operations, &admit, "refuses before work is done"},
    {"route", Stage::For::Operations, &route, "decides with all that is known, and calls nobody"},
    {"call", Stage::For::Operations, &call, "only this stage talks to the outside"},
    {"stream", Stage::For::Operations, &stream,
     "last: from the first content byte on, nobody else may answer"},
});

bool is_open(Serves serves) {
  return serves == Serves::Live || serves == Serves::Ready || serves == Serves::Preflight;
}

bool runs(Stage::For what, Serves serves) {
  switch (what) {
    case Stage::For::Every:
      return true;
    case Stage::For::Open:
      return is_open(serves);
    case Stage::For::Known:
      return !is_open(serves);
    case Stage::For::Catalogue:
      return serves == Serves::ModelList || serves == Serves::OneModel || serves == Serves::Nothing;
    case Stage::For::Kept:
      return serves == Serves::ReadAnswer || serves == Serves::DeleteAnswer;
    case Stage::For::Operations:
      return serves == Serves::Operation;
  }
  return false;
}

/// Lifetime: the exchange outlives the task.
net::Task<Result<void>> run_stages(Exchange& exchange) {
  for (const Stage& stage : kStages) {
    if (!runs(stage.runs_for, exchange.endpoint.serves)) continue;
    Result<void> done = co_await stage.run(exchange);
    if (!done) co_return done;
  }
  co_return Result<void>{};
}

/// The stages, with our own mistakes turned into a fault, so that one request dies and not the
/// process. Lifetime: the exchange outlives the task.
net::Task<Result<void>> run_safely(Exchange& exchange) {
  Result<void> outcome;
  std::string broken;
  try {
    outcome = co_await run_stages(exchange);
  } catch (const std::exception& mistake) {  // a broken invariant, or no memory
    broken = mistake.what();
  }
  if (broken.empty()) co_return outcome;
  exchange.services.log.error("exchange.broken", {telemetry::field("exchange", exchange.request_id),
                                                  telemetry::field("check", broken)});
  co_return fail(FaultKind::Internal, "naru made a mistake; the operator finds it under {}",
                 exchange.request_id);
}

/// What is owed before an answer's last bytes: they promise that it is kept and accounted for.
/// Lifetime: the exchange outlives the task.
net::Task<Result<void>> settle(Exchange& exchange, Result<void> outcome) {
  if (outcome) {
    auto done = co_await keep(exchange);
    NARU_CO_TRY_VOID(std::move(done));
  }
  co_return co_await account(exchange, outcome);
}

/// Lifetime: the exchange outlives the task.
net::Task<void> end_failed(Exchange& exchange, Result<void> outcome) {
  exchange.answer = {};  // nobody computes for a call that has failed
  const Result<void> settled = co_await account(exchange, outcome);
  (void)settled;  // the client is told of the first fault; the store's own is logged there
  co_await reply_fault(exchange, outcome.error());
}

}  // namespace

std::span<const Stage> stages() { return kStages; }

net::Task<void> Pipeline::serve(net::ServerCall& call) {
  Exchange exchange(call, services_);
  exchange.before_end = &settle;
  Result<void> outcome = co_await run_safely(exchange);
  outcome = weigh_time(exchange, std::move(outcome));
  if (!outcome && outcome.error().kind == FaultKind::Cancelled && call.stopping())
    outcome = fail(FaultKind::Unavailable, "naru is stopping; send the call again");
  std::exception_ptr broken;
  try {
    if (!outcome) co_await end_failed(exchange, outcome);
  } catch (...) {
    broken = std::current_exception();
  }
  // Whatever happened: a ping that is being written views this exchange.
  if (exchange.client) co_await exchange.client->settle();
  if (broken) std::rethrow_exception(broken);
}

net::Refusal Pipeline::refusal(const Fault& fault, std::string_view target) {
  net::RequestHead head;
  head.method = "GET";
  head.target = target;
  head.path = target.substr(0, target.find('?'));
  const std::string id = request_id(services_.ids.next());
  return {.headers = id_headers(id), .body = find_endpoint(head).dialect->write_error(fault, id)};
}

}  // namespace naru::gateway
