#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// Stage `recall`: puts what was said before (`previous_response_id`, items named by id) into the
/// request, so that every later stage and every upstream sees the whole conversation.
/// Fails: InvalidRequest, when it is not kept for this key; TooLarge. Lifetime: the exchange
/// outlives the task.
net::Task<Result<void>> recall(Exchange& exchange);

/// Stage `kept`: gives or deletes an answer that is kept. Fails: NotFound. Lifetime: the same.
net::Task<Result<void>> kept(Exchange& exchange);

/// Keeps the answer that is about to end, if its request asked for that and its dialect knows of
/// it. Fails: Unavailable, Overloaded. Lifetime: the same.
net::Task<Result<void>> keep(Exchange& exchange);

}  // namespace naru::gateway
