#include "admin/handler.h"

#include <algorithm>
#include <thread>

#include "base/bounded_queue.h"
#include "base/settings/report.h"
#include "base/text.h"
#include "dialect/openai_chat/openai_chat.h"
#include "gateway/exchange.h"
#include "gateway/listen/listen.h"
#include "gateway/routes.h"
#include "net/handoff.h"

namespace naru::admin {
namespace {

constexpr std::size_t kMaxBodyBytes = 1 << 20;
constexpr std::size_t kMaxWaiting = 100;  // calls for the worker
constexpr std::chrono::seconds kCallTime{30};

struct Found {
  const Call* call = nullptr;
  std::string tail = {};
};

/// The row of a method and path; fails with the methods the path does take.
Result<Found> find_call(const net::RequestHead& head) {
  const std::string_view method = head.method == "HEAD" ? "GET" : head.method;
  std::string others;
  for (const Call& call : calls()) {
    const bool wild = call.path.ends_with('*');
    const std::string_view fixed = wild ? call.path.substr(0, call.path.size() - 1) : call.path;
    const bool fits =
        wild ? head.path.starts_with(fixed) && head.path.size() > fixed.size() : head.path == fixed;
    if (!fits) continue;
    if (call.method != method) {
      others += fmt::format("{}{}", others.empty() ? "" : ", ", call.method);
      continue;
    }
    auto tail = gateway::percent_decoded(head.path.substr(fixed.size()));
    if (!tail) return fail(FaultKind::InvalidRequest, "the path has a broken %-escape");
    return Found{.call = &call, .tail = *std::move(tail)};
  }
  if (!others.empty())
    return fail(FaultKind::UnsupportedEndpoint, "{} takes {}", head.path, others);
  return fail(FaultKind::UnsupportedEndpoint, "the admin listener has no {}",
              head.path.substr(0, 200));
}

std::string known_arguments(const Call& call) {
  std::string known;
  for (const std::string_view name : call.query)
    known += fmt::format("{}{}", known.empty() ? "; it takes " : ", ", name);
  return known;
}

Result<Request> read_request(const net::RequestHead& head, const Call& call, std::string tail) {
  Request request{.path = std::string(head.path), .tail = std::move(tail), .query = {}, .body = {}};
  if (head.query.empty()) return request;
  for (const std::string_view part : split(head.query, '&')) {
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    auto name = gateway::percent_decoded(part.substr(0, equals));
    auto value = gateway::percent_decoded(part.substr(std::min(equals + 1, part.size())));
    if (!name || !value) return fail(FaultKind::InvalidRequest, "the query has a broken %-escape");
    if (std::ranges::find(call.query, *name) == call.query.end())
      return fail(FaultKind::InvalidRequest, "{} takes no argument '{}'{}", call.path,
                  settings::clipped(*name), known_arguments(call));
    if (!request.query.emplace(*name, *std::move(value)).second)
      return fail(FaultKind::InvalidRequest, "the argument '{}' is given twice", *name);
  }
  return request;
}

/// Lifetime: `call` outlives the task.
net::Task<Result<std::string>> read_body(net::ServerCall& call, net::Until until) {
  std::string body;
  std::array<char, 4096> chunk;
  while (true) {
    auto got = co_await call.read_body(chunk, until);
    NARU_CO_TRY(const std::size_t bytes, std::move(got));
    if (bytes == 0) co_return body;
    body.append(chunk.data(), bytes);
    if (body.size() > kMaxBodyBytes)
      co_return fail(FaultKind::TooLarge, "the body exceeds {} bytes", kMaxBodyBytes);
  }
}

Result<void> check_token(const net::RequestHead& head, const Secret& token) {
  constexpr std::string_view kBearer = "bearer ";
  const auto value = head.headers.find("authorization");
  if (value && value->size() > kBearer.size() && head.headers.count("authorization") == 1 &&
      equals_ignoring_case(value->substr(0, kBearer.size()), kBearer) && !token.empty() &&
      security::same_bytes(trim(value->substr(kBearer.size())), token.reveal()))
    return {};
  return fail(FaultKind::Unauthenticated,
              "the admin listener wants `Authorization: Bearer TOKEN`; the token is in the file "
              "admin.token of the data directory");
}

}  // namespace

/// One thread for handlers that block.
struct AdminHandler::Worker {
  Worker() : thread([this] { run(); }) {}
  ~Worker() { jobs.close(); }
  void run() {
    while (true) {
      auto taken = jobs.take(1);
      if (taken.empty()) return;
      taken.front()();
    }
  }
  BoundedQueue<std::function<void()>> jobs{kMaxWaiting};
  std::jthread thread;
};

AdminHandler::AdminHandler(Context& context)
    : context_(context), worker_(std::make_unique<Worker>()) {}
AdminHandler::~AdminHandler() = default;

namespace {

/// A name for a call, for whoever asks about it.
std::vector<net::Header> fresh_id(Context& context) {
  return gateway::id_headers(request_id(context.services.ids.next()));
}

/// Runs one handler on the worker. Lifetime: `context` and `jobs` outlive it.
net::Task<Result<Reply>> run_call(net::ServerCall& call, Context& context,
                                  BoundedQueue<std::function<void()>>& jobs) {
  NARU_CO_TRY_VOID(check_token(call.head(), context.token));
  NARU_CO_TRY(Found found, find_call(call.head()));
  NARU_CO_TRY(Request request, read_request(call.head(), *found.call, std::move(found.tail)));
  const net::Until until{.deadline = call.loop().clock().now() + kCallTime, .stop = &call.gone()};
  auto body = co_await read_body(call, until);
  NARU_CO_TRY(request.body, std::move(body));
  net::Handoff<Result<Reply>> handoff(call.loop());
  std::function<void()> job = [run = found.call->run, &context, handoff,
                               request = std::move(request)] {
    handoff.give(run(context, request));
  };
  if (!jobs.push(job))
    co_return fail(FaultKind::Overloaded, "{} admin calls wait already", kMaxWaiting);
  auto given = co_await handoff.take(until);
  if (!given) co_return fail(given.error());
  co_return *std::move(given);
}

}  // namespace

net::Task<void> AdminHandler::serve(net::ServerCall& call) {
  const auto snapshot = context_.services.snapshots.pin(call.loop().index());
  const bool preflight = call.head().method == "OPTIONS";
  const auto cors = gateway::cors_headers(snapshot->get<gateway::GatewaySettings>().admin,
                                          call.head(), preflight);
  if (preflight && !cors.empty()) {
    auto sent = co_await call.reply(
        {.status = 204, .headers = cors}, "",
        {.deadline = call.loop().clock().now() + kCallTime, .stop = &call.gone()});
    (void)sent;  // a browser that is gone needs no answer
    co_return;
  }
  auto outcome = co_await run_call(call, context_, worker_->jobs);
  const net::Until until{.deadline = call.loop().clock().now() + kCallTime, .stop = &call.gone()};
  net::ReplyHead head{.status = outcome ? outcome->status : status_of(outcome.error()),
                      .headers = cors};
  for (net::Header& id : fresh_id(context_)) head.headers.push_back(std::move(id));
  head.headers.push_back({"content-type", outcome ? std::string(outcome->content_type)
                                                  : std::string("application/json")});
  head.headers.push_back({"cache-control", "no-store"});
  const std::string body =
      outcome ? std::move(outcome->body) : dialect::openai_chat().write_error(outcome.error(), "");
  auto sent = co_await call.reply(std::move(head), body, until);
  (void)sent;  // a client that is gone needs no answer
}

net::Refusal AdminHandler::refusal(const Fault& fault, std::string_view) {
  return {.headers = fresh_id(context_), .body = dialect::openai_chat().write_error(fault, "")};
}

}  // namespace naru::admin
