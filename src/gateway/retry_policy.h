#pragma once
#include <chrono>
#include <cstdint>

namespace naru::gateway {

/// What is tried again before the first content byte, and how soon.
struct RetryPolicy {
  std::uint32_t attempts = 3;             ///< calls in all, the first included
  std::chrono::milliseconds base{250};    ///< the first wait is random below this, then doubles
  std::chrono::milliseconds most{8'000};  ///< no wait is longer
};

}  // namespace naru::gateway
