#include "gateway/call/attempt.h"

#include "base/text.h"
#include "gateway/call/fetch_media.h"
#include "gateway/call/headers.h"
#include "gateway/call/place.h"
#include "gateway/reaction.h"

namespace naru::gateway {
namespace {

constexpr std::size_t kMaxErrorBytes = 64 << 10;  // of an upstream's error body that is read

/// Where and how one attempt goes.
struct Plan {
  dialect::Ends ends;
  std::shared_ptr<const net::Remote> remote;
  std::vector<net::Header> headers;
  std::string path;
  std::string body;
  dialect::WriterOptions writer;
};

/// Engines that naru runs have no account, no provider timeouts, and a bound on what they are sent.
constexpr provider::Timeouts kEngineTimeouts{};

/// Where the engine of a deployment listens. Lifetime: the exchange outlives the task.
net::Task<Result<std::shared_ptr<const net::Remote>>> engine_remote(Exchange& exchange,
                                                                    Attempt& attempt) {
  const std::string& deployment = attempt.target.deployment;
  auto woken = co_await wake_engine(exchange, deployment, attempt.until, attempt.in_backoff);
  NARU_CO_TRY(const auto state, std::move(woken));
  attempt.answer.slot = std::make_unique<registry::Endpoints::Lease>(
      exchange.services.endpoints.load(deployment), &registry::Endpoints::Load::in_flight,
      exchange.services.clock);
  co_return state->remote;
}

Result<void> translate(Exchange& exchange, Attempt& attempt, Plan& plan) {
  const Target& target = attempt.target;
  const bool refuses_unknown =
      target.upstream && target.upstream->spec.unknown_fields == provider::UnknownFields::Refuse;
  const dialect::Forward forward{.upstream_model = exchange.upstream_model(*target.spec),
                                 .fields = target.upstream == nullptr ? dialect::Fields::Listed
                                           : refuses_unknown          ? dialect::Fields::Documented
                                                                      : dialect::Fields::All,
                                 .ask_counts = target.upstream == nullptr,
                                 .upstream = target.spec->upstream};
  const EngineRequest* own = target.upstream == nullptr ? exchange.for_engines.get() : nullptr;
  std::vector<chat::Loss> losses = own ? own->losses : std::vector<chat::Loss>{};
  NARU_TRY(plan.body, dialect::translate_request(plan.ends, own ? *own->tree : *exchange.tree,
                                                 own ? own->scan : exchange.scan, forward, losses));
  if (!losses.empty()) exchange.services.metrics.losses(exchange.model->name, losses.size());
  attempt.refused_loss =
      !losses.empty() && (exchange.model->on_loss == LossPolicy::Refuse || refuses_unknown);
  if (attempt.refused_loss)
    return fail(
        Fault{.kind = FaultKind::InvalidRequest,
              .detail = fmt::format("the target '{}' cannot carry {}: {}", target.spec->upstream,
                                    losses.front().field, losses.front().reason),
              .param = losses.front().field});
  attempt.losses = std::move(losses);
  return {};
}

std::vector<net::Header> request_headers(Exchange& exchange, const Target& target,
                                         const Plan& plan) {
  auto headers = forwarded_headers(exchange.call.head().headers, *plan.ends.upstream);
  if (target.upstream != nullptr)
    for (net::Header& own : provider::own_headers(*target.upstream)) {
      const bool sent = std::ranges::any_of(headers, [&](const net::Header& header) {
        return equals_ignoring_case(header.name, own.name);
      });
      if (!sent) headers.push_back(std::move(own));
    }
  headers.push_back({"content-type", "application/json"});
  headers.push_back({"accept", exchange.streams() ? "text/event-stream" : "application/json"});
  headers.push_back({"user-agent", "naru"});
  if (exchange.wishes.timeout)
    headers.push_back({std::string(kTimeoutHeader),
                       timeout_value(std::max(exchange.client_deadline - exchange.now(), {}))});
  return headers;
}

/// Lifetime: all outlive the task.
net::Task<Result<Plan>> make_plan(Exchange& exchange, Attempt& attempt) {
  const Target& target = attempt.target;
  Plan plan;
  const bool engine = !target.deployment.empty();
  plan.ends = {.client = &exchange.dialect(),
               .upstream = target.speaks,
               .operation = exchange.endpoint.operation};
  if (engine) {
    auto fetched = co_await fetch_media(exchange, attempt.until);
    NARU_CO_TRY_VOID(std::move(fetched));
  }
  NARU_CO_TRY_VOID(translate(exchange, attempt, plan));
  if (engine) {
    auto remote = co_await engine_remote(exchange, attempt);
    NARU_CO_TRY(plan.remote, std::move(remote));
  } else {
    plan.remote = target.upstream->remote;
  }
  plan.path = std::string(plan.ends.upstream->path(plan.ends.operation)) +
              forwarded_query(exchange.call.head().query, *plan.ends.client, *plan.ends.upstream);
  plan.headers = request_headers(exchange, target, plan);
  plan.writer = {
      .public_model = exchange.scan.model,
      .answer_id = exchange.dialect().make_id(plan.ends.operation, exchange.loop().rng()),
      .created_s = std::chrono::duration_cast<std::chrono::seconds>(
                       exchange.services.clock.wall_now().time_since_epoch())
                       .count(),
      .stream_usage = exchange.scan.stream_usage,
      .hide_counts = engine,
      .upstream = target.spec->upstream,
      .previous_answer = exchange.previous_answer,
      .kept = exchange.keeps_answer,
      .echo = plan.ends.same() ? std::string() : exchange.dialect().echo(*exchange.tree)};
  co_return plan;
}

/// The rest of an answer's body, at most `most` bytes. Lifetime: `call` outlives the task.
net::Task<Result<std::string>> read_whole(net::ClientCall& call, std::uint64_t most,
                                          net::Until until) {
  std::string body;
  while (true) {
    auto got = co_await call.read_some(until);
    NARU_CO_TRY(const std::string_view piece, std::move(got));
    if (piece.empty()) co_return body;
    if (body.size() + piece.size() > most)
      co_return fail(FaultKind::UpstreamInvalid, "the upstream's answer exceeds {} bytes", most);
    body.append(piece);
  }
}

/// What an answer with an error status means. Lifetime: both outlive the task.
net::Task<Fault> read_refusal(Exchange& exchange, Attempt& attempt, net::Until until) {
  net::ClientCall& call = *attempt.answer.upstream_call;
  const int status = call.head().status;
  const auto wait = retry_after(call.head().headers, exchange.services.clock.wall_now());
  auto body = co_await read_whole(call, kMaxErrorBytes, until);
  Fault fault = attempt.target.speaks->read_error(status, body ? *body : std::string());
  fault.origin = Origin::Upstream;
  fault.upstream_status = status;
  if (wait) fault.retry_after = wait;
  co_return fault;
}

bool is_event_stream(const net::AnswerHead& head) {
  const auto type = head.headers.find("content-type");
  return type && type->size() >= 17 &&
         equals_ignoring_case(type->substr(0, 17), "text/event-stream");
}

/// Takes the events the splitter holds until the answer commits or they run out.
Result<void> take_held(const Exchange& exchange, Answer& answer,
                       dialect::AnswerStream::Progress& progress) {
  using Progress = dialect::AnswerStream::Progress;
  while (progress == Progress::Quiet) {
    const auto event = answer.splitter->next();
    if (!event) return {};
    NARU_TRY(progress, answer.stream->take(*event, answer.held));
    if (answer.held.size() > exchange.limits().event_bytes)
      return fail(FaultKind::UpstreamInvalid,
                  "the upstream's stream has no content within {} bytes",
                  exchange.limits().event_bytes);
  }
  return {};
}

/// Reads events until the first content, which commits the attempt.
/// Lifetime: both outlive the task.
net::Task<Result<void>> read_until_content(Exchange& exchange, Attempt& attempt, net::Until until) {
  using Progress = dialect::AnswerStream::Progress;
  Answer& answer = attempt.answer;
  Progress progress = Progress::Quiet;
  while (progress == Progress::Quiet) {
    auto got = co_await answer.upstream_call->read_some(until);
    NARU_CO_TRY(const std::string_view bytes, std::move(got));
    if (bytes.empty()) {
      NARU_CO_TRY(progress, answer.stream->finish(answer.held));
      break;
    }
    auto fed = answer.splitter->feed(bytes);
    if (!fed) co_return fail(FaultKind::UpstreamInvalid, "{}", fed.error().detail);
    NARU_CO_TRY_VOID(take_held(exchange, answer, progress));
  }
  answer.progress = progress;
  attempt.first_token = exchange.now();
  co_return Result<void>{};
}

/// Lifetime: all outlive the task.
net::Task<Result<void>> begin_stream(Exchange& exchange, Attempt& attempt, Plan& plan,
                                     net::Until until) {
  Answer& answer = attempt.answer;
  if (!is_event_stream(answer.upstream_call->head())) {
    auto body = co_await read_whole(*answer.upstream_call, kMaxErrorBytes, until);
    NARU_CO_TRY(const std::string text, std::move(body));
    // An error inside a 200 says itself what it is; anything else breaks the protocol.
    const auto plain = dialect::translate_answer(plan.ends, text, plan.writer, attempt.facts);
    if (!plain) co_return fail(plain.error());
    co_return fail(FaultKind::UpstreamInvalid,
                   "the upstream answered a call for a stream with a plain answer");
  }
  answer.splitter = std::make_unique<wire::Splitter>(exchange.limits().event_bytes);
  answer.stream = dialect::make_answer_stream(plan.ends, std::move(plan.writer));
  auto begun = co_await read_until_content(exchange, attempt, until);
  attempt.facts = answer.stream->facts();
  co_return begun;
}

/// Lifetime: all outlive the task.
net::Task<Result<void>> take_plain(Exchange& exchange, Attempt& attempt, Plan& plan,
                                   net::Until until) {
  Answer& answer = attempt.answer;
  auto body = co_await read_whole(*answer.upstream_call, exchange.limits().answer_bytes, until);
  NARU_CO_TRY(const std::string text, std::move(body));
  NARU_CO_TRY(answer.body, dialect::translate_answer(plan.ends, text, plan.writer, attempt.facts));
  co_return Result<void>{};
}

/// Lifetime: all outlive the task.
net::Task<Result<void>> send(Exchange& exchange, Attempt& attempt, Plan& plan, net::Until total) {
  Answer& answer = attempt.answer;
  const net::Until first =
      exchange.streams() ? total.by(exchange.now() + attempt.timeouts.first_token) : total;
  const net::ClientRequest request{
      .target = plan.path, .headers = &plan.headers, .body = plan.body, .leaves = &attempt.sent};
  auto sent = co_await exchange.services.client(exchange.loop()).send(plan.remote, request, first);
  NARU_CO_TRY(answer.upstream_call, std::move(sent));
  attempt.returned = returned_headers(answer.upstream_call->head().headers, *plan.ends.upstream);
  if (answer.upstream_call->head().status != 200) {
    Fault fault = co_await read_refusal(exchange, attempt, first);
    attempt.sent = false;  // nobody computes for a call that was refused
    dialect::strip_foreign(plan.ends, fault);
    co_return fail(std::move(fault));
  }
  Result<void> taken;
  if (exchange.streams())
    taken = co_await begin_stream(exchange, attempt, plan, first);
  else
    taken = co_await take_plain(exchange, attempt, plan, total);
  co_return taken;
}

/// What its target's load learns of a call that was sent at `asked`. Counting tokens takes no time
/// that would tell of other calls.
void note_wait(Exchange& exchange, Attempt& attempt, Monotonic asked, const Result<void>& outcome) {
  if (exchange.endpoint.operation != dialect::Operation::CountTokens)
    attempt.answer.under_way->heard(outcome, exchange.now() - asked, exchange.now());
}

/// A limit that says itself when it is whole again is of calls in a time, not of calls at once.
bool is_of_time(const Fault& fault) {
  return fault.kind == FaultKind::RateLimited && fault.retry_after;
}

/// Gives back the place of a call that failed. A rate limit that names its time closes the line
/// first; what else an upstream asks for is noted behind it.
void give_back(Exchange& exchange, Attempt& attempt, const Fault& fault) {
  const bool crowds = reaction_to(fault.kind).crowds && !is_of_time(fault);
  attempt.crowded = crowds && attempt.answer.place.refused();
  if (is_of_time(fault) && attempt.target.deployment.empty())
    exchange.services.places.close(attempt.target.spec->upstream,
                                   exchange.upstream_model(*attempt.target.spec),
                                   exchange.now() + Health::believed(*fault.retry_after));
  attempt.answer = {};
}

}  // namespace

const provider::Timeouts& timeouts_of(const Target& target) {
  return target.upstream ? target.upstream->spec.timeouts : kEngineTimeouts;
}

Attempt::Attempt(Exchange& exchange, const Target& target_, Places::Lease place)
    : target(target_), until(exchange.until()), timeouts(timeouts_of(target_)), rule(target_.rule) {
  answer.place = std::move(place);
  answer.under_way.emplace(target.load, exchange.waits_for(), exchange.now());
}

net::Task<Result<void>> run(Exchange& exchange, Attempt& attempt) {
  Answer& answer = attempt.answer;
  auto planned = co_await make_plan(exchange, attempt);
  if (!planned) {
    answer = {};
    co_return weigh_time(exchange, fail(std::move(planned.error())));
  }
  Plan plan = *std::move(planned);
  const net::Until total = attempt.until.by(exchange.now() + attempt.timeouts.total);
  attempt.ends = total.deadline;
  attempt.body_bytes = plan.body.capacity();
  Result<void> sent = exchange.hold_beside(attempt.beside_bytes + attempt.body_bytes);
  if (sent) {
    attempt.called = true;
    const Monotonic asked = exchange.now();
    sent = co_await send(exchange, attempt, plan, total);
    sent = weigh_time(exchange, std::move(sent));
    note_wait(exchange, attempt, asked, sent);
  }
  if (!sent) {
    give_back(exchange, attempt, sent.error());
    co_return fail(std::move(sent.error()));
  }
  answer.place.taken();
  if (!exchange.streams()) answer.leave_upstream();
  co_return Result<void>{};
}

void owe(Exchange& exchange, Attempt& attempt) {
  dialect::AnswerFacts& facts = attempt.facts;
  if (facts.usage.prompt() + facts.usage.output == 0) return;
  if (!exchange.trail.failed_usage) exchange.trail.failed_usage.emplace();
  *exchange.trail.failed_usage += facts.usage;
  facts = {};
  attempt.sent = false;
}

void owe_called_off(Exchange& exchange, Attempt& attempt) {
  owe(exchange, attempt);
  if (!attempt.sent) return;
  // It has read the prompt at least, and nobody will say so.
  if (!exchange.trail.failed_usage) exchange.trail.failed_usage.emplace();
  exchange.trail.failed_usage->input += exchange.services.estimator.tokens(
      exchange.upstream_model(*attempt.target.spec), exchange.prompt());
  exchange.trail.failed_estimated = true;
}

void adopt(Exchange& exchange, Attempt&& attempt) {
  const Target& target = attempt.target;
  Trail& trail = exchange.trail;
  trail.upstream = target.spec->upstream;
  trail.upstream_model = exchange.upstream_model(*target.spec);
  trail.rule = std::move(attempt.rule);
  trail.account = target.upstream;
  trail.returned = std::move(attempt.returned);
  trail.sent = attempt.sent;
  if (attempt.first_token) trail.first_token = attempt.first_token;
  exchange.timeouts = attempt.timeouts;
  exchange.losses = std::move(attempt.losses);
  exchange.facts = std::move(attempt.facts);
  exchange.answer = std::move(attempt.answer);
}

}  // namespace naru::gateway
