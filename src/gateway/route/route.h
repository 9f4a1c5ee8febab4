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
  Standing standing = {};   ///< what is measured; its weight is that of `spec`
};

/// How the targets of a tier are to be ordered.
struct Balancing {
  Balance rule = Balance::Weight;
  /// What the call's conversation begins with, hashed; nullopt: it begins with nothing, so that
  /// `Prefix` becomes `LeastOutstanding`.
  std::optional<std::uint64_t> prefix = {};
};

/// One place in the order to try: which candidate, and by what rule it stands there.
struct Choice {
  std::size_t candidate = 0;
  std::string_view rule;
};

/// The order to try `candidates` in: by tier; within a tier as `how` says; those that cool or have
/// failed after all others, by weight. Same inputs and same `rng`, same order.
std::vector<Choice> choose(std::span<const Candidate> candidates, const Balancing& how, Rng& rng);

/// Fails: NoTarget, saying why of each; UnsupportedEndpoint when no target's dialect has the
/// operation.
net::Task<Result<void>> route(Exchange& exchange);

}  // namespace naru::gateway
