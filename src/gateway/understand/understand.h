#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// Reads the whole body within its bounds, undoes its content coding, checks that it is one JSON
/// value, and scans what later stages need. Fails: InvalidRequest, TooLarge, Overloaded (memory),
/// Cancelled.
net::Task<Result<void>> understand(Exchange& exchange);

}  // namespace naru::gateway
