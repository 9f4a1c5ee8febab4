#include "gateway/route/health.h"

#include <algorithm>

namespace naru::gateway {
namespace {

/// Whether `kind` says something about the upstream, and not about the request.
bool counts(FaultKind kind) {
  switch (kind) {
    case FaultKind::UpstreamFailed:
    case FaultKind::UpstreamTimeout:
    case FaultKind::UpstreamInvalid:
    case FaultKind::UpstreamAuth:
    case FaultKind::Overloaded:
    case FaultKind::RateLimited:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<Monotonic> Health::cooling(std::string_view upstream) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(upstream);
  if (found == states_.end() || found->second.until <= clock_.now()) return std::nullopt;
  return found->second.until;
}

void Health::succeeded(std::string_view upstream) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(upstream);
  if (found != states_.end()) found->second = State{};
}

void Health::failed(std::string_view upstream, const Fault& fault) {
  if (!counts(fault.kind)) return;
  const std::lock_guard lock(mutex_);
  State& state = states_[std::string(upstream)];
  ++state.failures;
  state.last_fault = std::string(row(fault.kind).word);
  const Monotonic now = clock_.now();
  if (fault.retry_after) {
    const auto asked = std::min<std::chrono::nanoseconds>(*fault.retry_after, kMostCooling);
    state.until = std::max(state.until, now + asked);
    return;
  }
  if (state.failures < kFailuresToCool) return;
  const auto doubled = kFirstCooling * (1 << std::min(state.coolings, 4));
  state.until = std::max(state.until, now + std::min(doubled, kMostCooling));
  ++state.coolings;
  state.failures = 0;
}

Health::State Health::state(std::string_view upstream) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(upstream);
  return found == states_.end() ? State{} : found->second;
}

}  // namespace naru::gateway
