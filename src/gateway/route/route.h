#pragma once
#include <span>

#include "gateway/exchange.h"

namespace naru::gateway {

/// What is known of one target when a call is routed.
struct Candidate {
  const TargetSpec* spec = nullptr;
  bool exists = true;       ///< its upstream or deployment is in the snapshot
  bool usable = true;       ///< its dialect has the operation
  bool cooling = false;     ///< wants to be left alone, or is kept from calls for now
  bool failed = false;      ///< a deployment that has been given up
  std::string reason = {};  ///< why it is not usable, for people
};

/// One place in the order to try: which candidate, and by what rule it stands there.
struct Choice {
  std::size_t candidate = 0;
  std::string_view rule;
};

/// The order to try `candidates` in: by tier; within a tier by chance in proportion to weight;
/// those that cool or have failed after all others. Same inputs and same `rng`, same order.
std::vector<Choice> choose(std::span<const Candidate> candidates, Rng& rng);

/// Fails: NoTarget, saying why of each; UnsupportedEndpoint when no target's dialect has the
/// operation.
net::Task<Result<void>> route(Exchange& exchange);

}  // namespace naru::gateway
