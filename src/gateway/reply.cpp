#include "gateway/reply.h"

#include "gateway/reaction.h"

namespace naru::gateway {
namespace {

std::vector<net::Header> fault_headers(const Exchange& exchange, const Fault& fault) {
  std::vector<net::Header> headers = exchange.common_headers();
  headers.push_back({"content-type", "application/json"});
  if (fault.retry_after) {
    const auto ms = fault.retry_after->count();
    headers.push_back({"retry-after", fmt::format("{}", (ms + 999) / 1000)});
    headers.push_back({"retry-after-ms", fmt::format("{}", ms)});
  }
  // Clients' own retries would multiply those naru has made, or has seen to be of no use.
  const Trail& trail = exchange.trail;
  if (trail.attempts > 1 || trail.forgone || is_lasting(fault.kind))
    headers.push_back({"x-should-retry", "false"});
  return headers;
}

/// Some providers repeat the key they refuse.
void hide(const Secret& credential, std::string& words) {
  const std::string_view key = credential.reveal();
  if (key.empty()) return;
  for (auto at = words.find(key); at != words.npos; at = words.find(key, at))
    words.replace(at, key.size(), "…");
}

}  // namespace

net::Task<void> reply_fault(Exchange& exchange, Fault fault) {
  const bool told_to_stop = exchange.call.stopping();
  if (exchange.call.gone().fired() && !told_to_stop) co_return;
  // Time ran out for the exchange, not for telling so.
  const net::Until until{.deadline = exchange.now() + exchange.limits().write_timeout,
                         .stop = told_to_stop ? nullptr : &exchange.call.gone()};
  if (const auto& account = exchange.trail.account)
    for (std::string* words : {&fault.detail, &fault.code, &fault.param, &fault.details})
      hide(account->credential, *words);
  if (exchange.client) co_await exchange.client->settle();
  if (exchange.call.started()) {
    const std::string event = exchange.dialect().write_stream_error(fault, exchange.request_id,
                                                                    exchange.facts.next_event);
    auto told = co_await exchange.call.finish(event, until);
    (void)told;
    co_return;
  }
  const std::string body = exchange.dialect().write_error(fault, exchange.request_id);
  auto told = co_await exchange.call.reply(
      {.status = status_of(fault), .headers = fault_headers(exchange, fault)}, body, until);
  (void)told;
}

}  // namespace naru::gateway
