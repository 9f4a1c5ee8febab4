#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// Attempts in the order `route` decided, until one answers, a fault is final, or the retry policy
/// or the deadline ends it. For streams it opens the client's side too, so that pings fill silence.
/// Fails: the fault of the last attempt.
net::Task<Result<void>> call(Exchange& exchange);

}  // namespace naru::gateway
