#include "gateway/listen/listen.h"

namespace naru::gateway {
namespace {

constexpr std::size_t kMaxClientIdBytes = 128;

/// A client's id is kept if it is short and prints: it lands in the ledger and in logs.
bool is_sane(std::string_view id) {
  return !id.empty() && id.size() <= kMaxClientIdBytes && std::ranges::all_of(id, [](char c) {
    return c > ' ' && c < 127 && c != '"' && c != '\\';
  });
}

std::string client_id(const net::HeadersView& headers) {
  for (const std::string_view name : {"x-request-id", "x-client-request-id", "request-id"}) {
    const auto value = headers.find(name);
    if (value && is_sane(*value)) return std::string(*value);
  }
  return {};
}

}  // namespace

net::Task<Result<void>> listen(Exchange& exchange) {
  const net::RequestHead& head = exchange.call.head();
  exchange.endpoint = find_endpoint(head);
  exchange.client_request_id = client_id(head.headers);
  exchange.cors =
      cors_headers(exchange.settings().data, head, exchange.endpoint.serves == Serves::Preflight);
  co_return Result<void>{};
}

std::vector<net::Header> cors_headers(const ListenerSettings& listener,
                                      const net::RequestHead& head, bool preflight) {
  const auto origin = head.headers.find("origin");
  if (!origin || std::ranges::find(listener.cors_origins, *origin) == listener.cors_origins.end())
    return {};
  std::vector<net::Header> headers{
      {"access-control-allow-origin", std::string(*origin)},
      {"vary", "origin"},
      {"access-control-expose-headers",
       "x-request-id, request-id, retry-after, retry-after-ms, x-naru-upstream, "
       "x-naru-upstream-model, x-naru-loss, x-naru-queued-ms"}};
  if (!preflight) return headers;
  headers.push_back({"access-control-allow-methods", "GET, POST, PATCH, DELETE, OPTIONS"});
  if (const auto asked = head.headers.find("access-control-request-headers"))
    headers.push_back({"access-control-allow-headers", std::string(*asked)});
  headers.push_back({"access-control-max-age", "600"});
  return headers;
}

}  // namespace naru::gateway
