#pragma once
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>

#include "store/lru.h"
#include "store/rows.h"

namespace naru::store {

/// Keys that were looked up lately, and hashes that nobody has. Both are bounded apart, so that
/// made-up keys push out no good ones. Safe from any thread.
class KeyCache {
 public:
  explicit KeyCache(std::size_t most_keys = 65'536, std::size_t most_unknown = 16'384);

  /// What the cache knows of a hash.
  struct Known {
    std::shared_ptr<const KeyRow> row;  ///< null: nobody has that hash
  };
  std::optional<Known> find(const security::KeyHash& hash);

  /// Grows whenever something is forgotten.
  using Turn = std::uint64_t;
  Turn turn() const { return turn_.load(); }
  /// Keeps what was read from the database after `turn` was asked for. If anything has been
  /// forgotten since, the reading may be older than the change, and it is not kept.
  void put(const security::KeyHash& hash, std::shared_ptr<const KeyRow> row, Turn turn);
  void forget(const security::KeyHash& hash);
  void forget_all();
  std::size_t size() const;  ///< of both kinds

 private:
  static constexpr std::size_t kShards = 16;
  struct Hash {  // a keyed hash is as good as chance already
    std::size_t operator()(const security::KeyHash& hash) const {
      std::size_t value = 0;
      std::memcpy(&value, hash.data(), sizeof value);
      return value;
    }
  };
  struct Same {
    bool operator()(const security::KeyHash& a, const security::KeyHash& b) const;
  };
  struct Shard {
    Shard(std::size_t most_keys, std::size_t most_unknown)
        : keys(most_keys), unknown(most_unknown) {}
    mutable std::mutex mutex;
    Lru<security::KeyHash, std::shared_ptr<const KeyRow>, Hash, Same> keys;
    Lru<security::KeyHash, bool, Hash, Same> unknown;
  };
  Shard& shard(const security::KeyHash& hash) { return *shards_[hash.back() % kShards]; }

  std::array<std::unique_ptr<Shard>, kShards> shards_;
  std::atomic<Turn> turn_{0};
};

}  // namespace naru::store
