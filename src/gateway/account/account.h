#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// Usage → ledger row, metrics, the exchange's log line. Returns once the row is durable. Runs once
/// an exchange, on every exit; later calls do nothing. Fails: Unavailable, Overloaded.
net::Task<Result<void>> account(Exchange& exchange, Result<void> outcome);

}  // namespace naru::gateway
