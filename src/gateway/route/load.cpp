#include "gateway/route/load.h"

#include <utility>

#include "gateway/reaction.h"

namespace naru::gateway {

Load::Lease::Lease(std::shared_ptr<Load> load, Wait wait, Monotonic now)
    : load_(std::move(load)), wait_(wait) {
  load_->outstanding_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(load_->mutex_);
  for (PeakEwma& delay : load_->delays_) delay.asked(now);
}

Load::Lease& Load::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  end();
  load_ = std::move(other.load_);
  wait_ = other.wait_;
  return *this;
}

void Load::Lease::end() {
  if (load_ != nullptr) load_->outstanding_.fetch_sub(1, std::memory_order_relaxed);
  load_.reset();
}

void Load::Lease::heard(const Result<void>& outcome, std::chrono::nanoseconds took, Monotonic now) {
  if (load_ == nullptr) return;
  const std::lock_guard lock(load_->mutex_);
  PeakEwma& delay = load_->delays_[static_cast<std::size_t>(wait_)];
  if (outcome) return delay.answered(took, now);
  const FaultKind kind = outcome.error().kind;
  const bool left = kind == FaultKind::Cancelled || kind == FaultKind::DeadlinePassed;
  if (left) return delay.given_up(took, now);
  // A refusal of what was asked says nothing of how long asking takes.
  if (reaction_to(kind).elsewhere) delay.failed(took, now);
}

std::optional<double> Load::delay_s(Wait wait, Monotonic now) const {
  const std::lock_guard lock(mutex_);
  const auto of_kind = static_cast<std::size_t>(wait);
  const auto delay = delays_[of_kind].delay_s(now);
  return delay ? delay : delays_[1 - of_kind].delay_s(now);
}

std::shared_ptr<Load> Loads::find(std::string_view place) {
  const std::lock_guard lock(mutex_);
  if (const auto found = loads_.find(place); found != loads_.end()) return found->second;
  if (loads_.size() >= kMostIdle)
    std::erase_if(loads_, [](const auto& one) { return one.second.use_count() == 1; });
  return loads_.emplace(place, std::make_shared<Load>()).first->second;
}

std::size_t Loads::size() const {
  const std::lock_guard lock(mutex_);
  return loads_.size();
}

}  // namespace naru::gateway
