#pragma once
#include <atomic>
#include <cstdint>
#include <optional>

namespace naru::gateway {

/// How many further calls may be under way at once, so that they never become the load.
struct Share {
  std::int64_t always;  ///< so many may be, however little there is to do
  std::int64_t each;    ///< first calls for one further call
};
inline constexpr Share kRetries{.always = 3, .each = 5};
inline constexpr Share kHedges{.always = 1, .each = 20};

/// Further calls that are under way, held to a share of first calls. Safe from any thread.
class RetryBudget {
 public:
  explicit RetryBudget(Share share = kRetries) : share_(share) {}

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
  /// One of them that is to make a further call, from before its wait to that call's outcome;
  /// nullopt: there is no budget for it.
  std::optional<Lease> further();

  /// Pure: whether `retries` of `exchanges` that are at their targets may be further calls. With
  /// `kRetries` a fifth of the others, so that there are at most 1.2 calls for each.
  static constexpr bool affords(Share share, std::int64_t exchanges, std::int64_t retries) {
    return retries <= share.always || retries * share.each <= exchanges - retries;
  }

 private:
  const Share share_;
  std::atomic<std::int64_t> exchanges_{0};
  std::atomic<std::int64_t> retries_{0};
};

}  // namespace naru::gateway
