#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// The limits on one call to `target`.
const provider::Timeouts& timeouts_of(const Target& target);

/// One call to one target: translate, connect, send, and read until the answer is whole (plain) or
/// its first content has come (stream), in a place there. On success `exchange.answer` and
/// `exchange.facts` are set. Fails: the fault of connection, time or provider; InvalidRequest when
/// policy refuses a loss. Lifetime: both outlive the task.
net::Task<Result<void>> attempt(Exchange& exchange, const Target& target, Places::Lease place);

}  // namespace naru::gateway
