#include "gateway/body_memory.h"

#include <chrono>
#include <utility>

namespace naru::gateway {

BodyMemory::Lease::Lease(Lease&& from) noexcept
    : memory_(std::exchange(from.memory_, nullptr)), held_(std::exchange(from.held_, 0)) {}

BodyMemory::Lease::~Lease() {
  if (memory_ != nullptr) memory_->held_.fetch_sub(held_, std::memory_order_relaxed);
}

Result<void> BodyMemory::Lease::grow_to(std::uint64_t bytes, std::uint64_t cap_bytes) {
  if (bytes <= held_) return {};
  if (bytes > cap_bytes)
    return fail(FaultKind::TooLarge,
                "the request takes {} bytes of memory; all together may take {} "
                "(limits.body_memory_bytes)",
                bytes, cap_bytes);
  const std::uint64_t more = bytes - held_;
  const std::uint64_t before = memory_->held_.fetch_add(more, std::memory_order_relaxed);
  if (before + more > cap_bytes) {
    memory_->held_.fetch_sub(more, std::memory_order_relaxed);
    auto full = fail(FaultKind::Overloaded,
                     "request bodies hold {} of {} bytes of memory; try again in a moment", before,
                     cap_bytes);
    full.error().retry_after = std::chrono::seconds(1);
    return full;
  }
  held_ = bytes;
  return {};
}

void BodyMemory::Lease::shrink_to(std::uint64_t bytes) {
  if (bytes >= held_) return;
  memory_->held_.fetch_sub(held_ - bytes, std::memory_order_relaxed);
  held_ = bytes;
}

}  // namespace naru::gateway
