#pragma once
#include <array>
#include <mutex>
#include <unordered_map>

#include "dialect/dialect.h"
#include "gateway/key_limits/bucket.h"
#include "store/rows.h"

namespace naru::gateway {

/// What every key has used of its limits, in this process. A key without limits costs nothing, one
/// with limits a short lock a step. Entries of keys whose buckets are full are swept out now and
/// then, so there are about as many as keys were used lately; clients cannot invent any. Safe from
/// any thread.
class Limiter {
 public:
  enum class Over : std::uint8_t { Requests, Tokens, Concurrency };

  /// What a key was told.
  struct Answer {
    std::optional<Over> over = {};  ///< the limit that refuses; nullopt: go on
    /// When to come again; nullopt where nobody can know.
    std::optional<std::chrono::nanoseconds> retry_after = {};
    dialect::RateLimits left = {};  ///< of limits a minute, where the key has any
  };

  /// Takes one request.
  Answer take_request(std::int64_t key, const store::KeyLimits& limits, Monotonic now);

  /// Tokens and a place that a call holds until it ends. They are not used: what was is taken when
  /// it settles, so that no more than a minute's amount is ever used at once.
  class [[nodiscard]] Lease {
   public:
    Lease() = default;
    Lease(Lease&& from) noexcept;
    Lease& operator=(Lease&& from) noexcept;
    ~Lease();
    /// The call is over and has used so many tokens: frees what it held, and takes those. Gives
    /// what is left then, or nothing if it held nothing.
    std::optional<dialect::RateLimits> settle(std::int64_t used_tokens, Monotonic now);

   private:
    friend class Limiter;
    Limiter* limiter_ = nullptr;
    std::int64_t key_ = 0;
    store::KeyLimits limits_ = {};
    std::int64_t reserved_tokens_ = 0;
    Monotonic made_at_{};
  };
  struct Reservation {
    Answer answer;
    Lease lease;  ///< holds nothing where it was refused, or nothing is limited
  };
  /// Takes a place and so many tokens, both or none; no tokens are always there. Lifetime: the
  /// limiter outlives the lease.
  Reservation reserve(std::int64_t key, const store::KeyLimits& limits, std::int64_t tokens,
                      Monotonic now);

  std::size_t entries() const;

 private:
  struct Entry {
    Bucket requests;
    Bucket tokens;
    std::int64_t held_tokens = 0;  ///< by calls that run: not used yet, and nobody else's
    std::int64_t calls = 0;        ///< at once, of those that were limited
    bool idle(Monotonic now) const {
      return calls == 0 && held_tokens == 0 && requests.full(now) && tokens.full(now);
    }
    dialect::RateLimits left(const store::KeyLimits& limits, Monotonic now) const;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::int64_t, Entry> entries;
    std::size_t sweep_at = kLeastSwept;
    Entry& at(std::int64_t key, Monotonic now);
  };
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kLeastSwept = 64;

  Shard& shard(std::int64_t key) { return shards_[static_cast<std::uint64_t>(key) % kShards]; }
  dialect::RateLimits end(const Lease& lease, std::int64_t used_tokens, Monotonic now);

  std::array<Shard, kShards> shards_;
};

}  // namespace naru::gateway
