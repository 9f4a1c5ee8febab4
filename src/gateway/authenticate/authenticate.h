#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// Key → principal, and what the request's headers ask of naru itself (`wishes.h`). The key comes
/// as `Authorization: Bearer`, `x-api-key` or `api-key`; the first of these that is there counts,
/// and one of its key's requests is taken. Fails: Unauthenticated, RateLimited, Unavailable
/// (store), InvalidRequest (wishes, behind the key).
net::Task<Result<void>> authenticate(Exchange& exchange);

/// The key a request carries; empty if none. Fails: Unauthenticated, when a header is there twice.
Result<std::string_view> presented_key(const net::HeadersView& headers);

}  // namespace naru::gateway
