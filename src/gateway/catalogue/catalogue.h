#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// Answers the model list, or one of its models, in the client's dialect: what the key may use.
/// Fails: ModelNotFound; UnsupportedEndpoint for a path or method that is not served.
net::Task<Result<void>> catalogue(Exchange& exchange);

}  // namespace naru::gateway
