#include "gateway/queue/concurrency.h"

#include <algorithm>

namespace naru::gateway {

std::uint32_t Concurrency::limit(const Bounds& bounds) const {
  return std::clamp(static_cast<std::uint32_t>(limit_), bounds.least, bounds.most);
}

void Concurrency::refused(std::uint32_t others, Monotonic now, const Bounds& bounds) {
  if (others == 0) return;
  limit_ = std::clamp<double>(others, bounds.least, limit(bounds));
  refused_at_ = now;
  in_doubt_ = true;
}

void Concurrency::taken(bool full, Monotonic began, Monotonic now, const Bounds& bounds) {
  // One that was there when others were refused: the upstream is up, and that many it can take.
  if (in_doubt_ && began <= refused_at_) {
    served_ = limit_;
    in_doubt_ = false;
  }
  if (!full || limit_ >= bounds.most) return;
  if (limit_ < served_)
    limit_ = std::min(limit_ + 1, served_);
  else if (now - refused_at_ >= kHold)
    limit_ += 1 / limit_;
}

}  // namespace naru::gateway
