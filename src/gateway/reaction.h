#pragma once
#include <chrono>

#include "base/fault.h"

namespace naru::gateway {

/// What naru does about an attempt that failed.
struct Reaction {
  FaultKind kind;
  bool elsewhere;              ///< another target may do better
  bool again;                  ///< and so may the same one, later; else it would say the same again
  bool breaks;                 ///< the upstream itself is in trouble: counts for its breaker
  bool crowds;                 ///< it may have had too many calls at once
  std::chrono::seconds cools;  ///< so long it is tried last, where it does not say how long itself
};

// clang-format off
inline constexpr auto kReactions = std::to_array<Reaction>({
    // kind, elsewhere, again, breaks, crowds, cools
    {FaultKind::InvalidRequest,      false, false, false, false, {}},
    {FaultKind::Unauthenticated,     false, false, false, false, {}},
    {FaultKind::Forbidden,           false, false, false, false, {}},
    {FaultKind::ModelNotFound,       false, false, false, false, {}},
    {FaultKind::UnsupportedEndpoint, false, false, false, false, {}},
    {FaultKind::NotFound,            false, false, false, false, {}},
    {FaultKind::Conflict,            false, false, false, false, {}},
    {FaultKind::TooLarge,            false, false, false, false, {}},
    {FaultKind::RequestTimeout,      false, false, false, false, {}},
    {FaultKind::RateLimited,         true,  true,  false, true,  std::chrono::seconds(1)},
    {FaultKind::Overloaded,          true,  true,  true,  true,  std::chrono::seconds(1)},
    {FaultKind::NoTarget,            false, false, false, false, {}},
    // The client's to mend, and what a provider's safety rules refused: no other is asked for that.
    {FaultKind::UpstreamRefused,     false, false, false, false, {}},
    // An operator has to act: minutes, not seconds.
    {FaultKind::UpstreamAuth,        true,  false, false, false, std::chrono::seconds(60)},
    {FaultKind::UpstreamSpent,       true,  false, false, false, std::chrono::seconds(300)},
    // It is one model that is missing; others of the same upstream go on.
    {FaultKind::UpstreamMissing,     true,  false, false, false, {}},
    {FaultKind::UpstreamFailed,      true,  true,  true,  false, {}},
    {FaultKind::UpstreamInvalid,     true,  false, true,  false, {}},
    {FaultKind::UpstreamTimeout,     true,  true,  true,  true,  {}},
    {FaultKind::DeadlinePassed,      false, false, false, false, {}},
    {FaultKind::Cancelled,           false, false, false, false, {}},
    {FaultKind::Unavailable,         false, false, false, false, {}},
    {FaultKind::Internal,            false, false, false, false, {}},
});
// clang-format on
static_assert(one_row_per_kind_in_order(kReactions));

constexpr const Reaction& reaction_to(FaultKind kind) { return row_of(kReactions, kind); }
/// Whether a target that failed so would say the same again.
constexpr bool is_lasting(FaultKind kind) {
  return reaction_to(kind).elsewhere && !reaction_to(kind).again;
}

}  // namespace naru::gateway
