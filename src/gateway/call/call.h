#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// Attempts in the order `route` decided, until one answers, a fault is final, or the retry policy
/// or the deadline ends it. For streams it opens the client's side too, so that pings fill silence.
/// Fails: the last fault, with the longest time to wait that an upstream asked for.
net::Task<Result<void>> call(Exchange& exchange);

}  // namespace naru::gateway
