#include "gateway/route/health.h"

#include <algorithm>

#include "gateway/reaction.h"

namespace naru::gateway {
namespace {

/// How long `fault` has its upstream cool. What an operator has to mend lasts, whatever is asked.
std::chrono::nanoseconds cooling_after(const Fault& fault) {
  const bool believed = fault.retry_after && !is_lasting(fault.kind);
  if (!believed) return reaction_to(fault.kind).cools;
  return Health::believed(*fault.retry_after);
}

}  // namespace

std::optional<Monotonic> Health::cooling(std::string_view upstream) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(upstream);
  if (found == states_.end() || found->second.cools_until <= clock_.now()) return std::nullopt;
  return found->second.cools_until;
}

std::chrono::nanoseconds Health::wait(std::string_view upstream) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(upstream);
  if (found == states_.end()) return {};
  return found->second.breaker.wait(clock_.now());
}

std::chrono::nanoseconds Health::admit(std::string_view upstream) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(upstream);
  if (found == states_.end()) return {};
  return found->second.breaker.admit(clock_.now());
}

void Health::succeeded(std::string_view upstream) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(upstream);
  if (found == states_.end()) return;
  State& state = found->second;
  state.breaker.succeeded(clock_.now());
  state.cools_until = {};
  state.last_fault.clear();
}

bool Health::failed(std::string_view upstream, const Fault& fault, std::uint32_t failures_to_open) {
  const Reaction& reaction = reaction_to(fault.kind);
  if (fault.kind == FaultKind::UpstreamRefused) succeeded(upstream);  // it judged the request
  if (!reaction.elsewhere) {
    ended_unheard(upstream);
    return false;
  }
  const std::lock_guard lock(mutex_);
  State& state = states_[std::string(upstream)];
  state.last_fault = std::string(row(fault.kind).word);
  const Monotonic now = clock_.now();
  const auto cools = cooling_after(fault);
  state.cools_until = std::max(state.cools_until, now + cools);
  if (!reaction.breaks) {  // it answers, so it is up
    state.breaker.succeeded(now);
    return false;
  }
  const bool opened = state.breaker.failed(now, failures_to_open);
  if (fault.retry_after) state.breaker.leave_alone(now + cools);
  return opened;
}

void Health::crowded(std::string_view upstream, const Fault& fault) {
  const std::lock_guard lock(mutex_);
  State& state = states_[std::string(upstream)];
  state.last_fault = std::string(row(fault.kind).word);
  state.cools_until = std::max(state.cools_until, clock_.now() + cooling_after(fault));
  state.breaker.ended_unheard();
}

void Health::ended_unheard(std::string_view upstream) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(upstream);
  if (found != states_.end()) found->second.breaker.ended_unheard();
}

Health::State Health::state(std::string_view upstream) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(upstream);
  return found == states_.end() ? State{} : found->second;
}

}  // namespace naru::gateway
