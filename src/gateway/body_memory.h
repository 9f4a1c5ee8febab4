#pragma once
#include <atomic>
#include <cstdint>

#include "base/result.h"

namespace naru::gateway {

/// One cap for the request bodies of all exchanges together. Safe from any thread.
class BodyMemory {
 public:
  /// Bytes held for one body; destroying it frees them.
  class [[nodiscard]] Lease {
   public:
    explicit Lease(BodyMemory& memory) : memory_(&memory) {}
    Lease(Lease&& from) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    /// Holds at least `bytes` in all. Fails: Overloaded when the cap would be passed, TooLarge when
    /// it would be by this body alone.
    Result<void> grow_to(std::uint64_t bytes, std::uint64_t cap_bytes);
    /// Holds no more than `bytes` from here on.
    void shrink_to(std::uint64_t bytes);

   private:
    BodyMemory* memory_;
    std::uint64_t held_ = 0;
  };
  std::uint64_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> held_{0};
};

}  // namespace naru::gateway
