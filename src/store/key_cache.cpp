#include "store/key_cache.h"

#include "security/random.h"

namespace naru::store {
namespace {

std::string_view text(const security::KeyHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

bool KeyCache::Same::operator()(const security::KeyHash& a, const security::KeyHash& b) const {
  return security::same_bytes(text(a), text(b));
}

KeyCache::KeyCache(std::size_t most_keys, std::size_t most_unknown) {
  const auto share = [](std::size_t whole) { return std::max<std::size_t>(1, whole / kShards); };
  for (auto& made : shards_) made = std::make_unique<Shard>(share(most_keys), share(most_unknown));
}

std::optional<KeyCache::Known> KeyCache::find(const security::KeyHash& hash) {
  Shard& at = shard(hash);
  const std::lock_guard lock(at.mutex);
  if (const auto* row = at.keys.find(hash)) return Known{*row};
  if (at.unknown.find(hash) != nullptr) return Known{nullptr};
  return std::nullopt;
}

void KeyCache::put(const security::KeyHash& hash, std::shared_ptr<const KeyRow> row, Turn turn) {
  Shard& at = shard(hash);
  const std::lock_guard lock(at.mutex);
  // Whoever forgets moves the turn first and takes this lock after: either it is seen here, or it
  // finds what is put here.
  if (turn_.load() != turn) return;
  if (row != nullptr)
    at.keys.put(hash, std::move(row));
  else
    at.unknown.put(hash, true);
}

void KeyCache::forget(const security::KeyHash& hash) {
  turn_.fetch_add(1);
  Shard& at = shard(hash);
  const std::lock_guard lock(at.mutex);
  at.keys.erase(hash);
  at.unknown.erase(hash);
}

void KeyCache::forget_all() {
  turn_.fetch_add(1);
  for (const auto& at : shards_) {
    const std::lock_guard lock(at->mutex);
    at->keys.clear();
    at->unknown.clear();
  }
}

std::size_t KeyCache::size() const {
  std::size_t count = 0;
  for (const auto& at : shards_) {
    const std::lock_guard lock(at->mutex);
    count += at->keys.size() + at->unknown.size();
  }
  return count;
}

}  // namespace naru::store
