#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// Readies `exchange.for_engines` if the request gives images by address: those that `media.fetch`
/// allows are fetched and come along, each other is left out with a Loss. Does so once an exchange.
/// Fails: Cancelled; Overloaded or TooLarge, when there is no memory for them. Lifetime: the
/// exchange outlives the task.
net::Task<Result<void>> fetch_media(Exchange& exchange, net::Until until);

}  // namespace naru::gateway
