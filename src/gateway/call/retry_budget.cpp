#include "gateway/call/retry_budget.h"

#include <utility>

namespace naru::gateway {

RetryBudget::Lease::Lease(Lease&& from) noexcept : count_(std::exchange(from.count_, nullptr)) {}

RetryBudget::Lease::~Lease() {
  if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_relaxed);
}

RetryBudget::Lease RetryBudget::enter() {
  exchanges_.fetch_add(1, std::memory_order_relaxed);
  return Lease(exchanges_);
}

std::optional<RetryBudget::Lease> RetryBudget::further() {
  // Counted first, so that two at once cannot both take the last place.
  const std::int64_t retries = retries_.fetch_add(1, std::memory_order_relaxed) + 1;
  Lease lease(retries_);
  if (!affords(share_, exchanges_.load(std::memory_order_relaxed), retries)) return std::nullopt;
  return lease;
}

}  // namespace naru::gateway
