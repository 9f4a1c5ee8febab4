#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// Answers what needs no key: the health calls, and OPTIONS of a listed origin.
/// Fails: UnsupportedEndpoint for OPTIONS of any other origin.
net::Task<Result<void>> probe(Exchange& exchange);

}  // namespace naru::gateway
