#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// May this principal use this model now? Reserves what its key's limits have. Fails:
/// ModelNotFound, naming near ones; Forbidden; Unavailable, when the exchange could not be
/// recorded; RateLimited.
net::Task<Result<void>> admit(Exchange& exchange);

}  // namespace naru::gateway
