#include "gateway/probe/probe.h"

#include "base/json_writer.h"

namespace naru::gateway {
namespace {

/// Ready: configuration is published, exchanges can be recorded, and we are not stopping.
std::string_view why_not_ready(const Services& services) {
  if (services.draining.load(std::memory_order_relaxed)) return "draining";
  if (!services.store.ready()) return "store";
  return {};
}

std::string ready_body(Exchange& exchange, std::string_view problem) {
  std::string body;
  json::Writer out(body);
  out.object().field("status", problem.empty() ? std::string_view("ok") : problem);
  out.field("revision", exchange.snapshot->revision());
  out.key("deployments").object();
  for (const auto& [name, state] : exchange.services.endpoints.all())
    out.field(name, registry::word_of(state->phase));
  out.end_object().end_object();
  return body;
}

}  // namespace

net::Task<Result<void>> probe(Exchange& exchange) {
  net::ReplyHead head{.headers = exchange.common_headers()};
  std::string body;
  switch (exchange.endpoint.serves) {
    case Serves::Live:
      body = R"({"status":"ok"})";
      break;
    case Serves::Ready: {
      const std::string_view problem = why_not_ready(exchange.services);
      head.status = problem.empty() ? 200 : 503;
      body = ready_body(exchange, problem);
      break;
    }
    case Serves::Preflight:
      if (exchange.cors.empty())
        co_return fail(FaultKind::UnsupportedEndpoint,
                       "CORS is off, or not for this origin (data.cors_origins)");
      head.status = 204;
      break;
    default:
      co_return Result<void>{};
  }
  if (!body.empty()) head.headers.push_back({"content-type", "application/json"});
  auto sent = co_await exchange.call.reply(std::move(head), body, exchange.until_written());
  co_return sent;
}

}  // namespace naru::gateway
