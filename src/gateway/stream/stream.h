#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// Gives the answer to the client: a plain one whole; a streamed one event by event at the client's
/// pace, its terminal frame only after `before_end` agreed. Fails: the upstream's fault after
/// content, Cancelled, UpstreamTimeout for a client that takes nothing, Unavailable.
net::Task<Result<void>> stream(Exchange& exchange);

}  // namespace naru::gateway
