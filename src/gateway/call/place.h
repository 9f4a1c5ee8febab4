#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// A place for one call, and at which of the decision's targets.
struct Place {
  std::size_t target = 0;  ///< index in the decision's order
  Places::Lease lease = {};
};

/// A place at the first of `targets` (indices, not empty) that has one, else at the first to have
/// one free, which is waited for in line, so long at most. Fails: as `Places::wait` does. Lifetime:
/// the exchange outlives the task.
net::Task<Result<Place>> find_place(Exchange& exchange, std::vector<std::size_t> targets,
                                    std::chrono::milliseconds longest);
/// The same, without waiting; nullopt: none has one.
std::optional<Place> find_free_place(Exchange& exchange, std::span<const std::size_t> targets);

/// The engine of a deployment once it runs; it is woken if need be. Fails: Overloaded when it is
/// still loading after `limits.cold_start`, has failed, or is in backoff and the call is to leave
/// it then; else as `until` says. Lifetime: the exchange outlives the task.
net::Task<Result<std::shared_ptr<const registry::EndpointState>>> wake_engine(
    Exchange& exchange, std::string deployment, net::Until until,
    registry::Endpoints::InBackoff in_backoff);

}  // namespace naru::gateway
