#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// Finds what the request is addressed to and records the client's own request id if it is sane.
net::Task<Result<void>> listen(Exchange& exchange);

/// Headers a browser needs, when `origin` is one of the listed; empty otherwise. `preflight`: also
/// those that answer OPTIONS.
std::vector<net::Header> cors_headers(const ListenerSettings& listener,
                                      const net::RequestHead& head, bool preflight);

}  // namespace naru::gateway
