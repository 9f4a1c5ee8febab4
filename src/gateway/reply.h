#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// Tells the client of `fault` in its dialect: with a status, as long as none has gone out; else as
/// the stream's error event, which ends it without a completion marker. A client that is gone is
/// told nothing. Lifetime: the exchange outlives the task.
net::Task<void> reply_fault(Exchange& exchange, Fault fault);

}  // namespace naru::gateway
