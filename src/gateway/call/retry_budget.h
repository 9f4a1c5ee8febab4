#pragma once
#include <atomic>
#include <cstdint>
#include <optional>

namespace naru::gateway {

/// How many retries may be under way at once, so that they never become the load. Safe from any
/// thread.
class RetryBudget {
 public:
  static constexpr std::int64_t kAlways = 3;  ///< so many may be, however little there is to do
  static constexpr std::int64_t kEach = 5;    ///< first calls for one retry

  /// One of something under way; destroying it ends it.
  class [[nodiscard]] Lease {
   public:
    explicit Lease(std::atomic<std::int64_t>& count) : count_(&count) {}
    Lease(Lease&& from) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

   private:
    std::atomic<std::int64_t>* count_;
  };

  /// An exchange that is at its targets.
  Lease enter();
  /// One of them that is to call a target again, from before its wait to that call's outcome;
  /// nullopt: there is no budget for it.
  std::optional<Lease> retry();

  /// Pure: whether `retries` of `exchanges` that are at their targets may be retries. A fifth of
  /// the others, so that there are at most 1.2 calls for each.
  static constexpr bool affords(std::int64_t exchanges, std::int64_t retries) {
    return retries <= kAlways || retries * kEach <= exchanges - retries;
  }

 private:
  std::atomic<std::int64_t> exchanges_{0};
  std::atomic<std::int64_t> retries_{0};
};

}  // namespace naru::gateway
