#pragma once
#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

namespace naru::store {

/// At most `bound` values; a new one takes the place of the one that was used longest ago.
template <class Key, class Value, class Hash, class Same>
class Lru {
 public:
  explicit Lru(std::size_t bound) : bound_(bound) {}

  /// Null if it is not there; else it counts as used. Lifetime: until the next `put` or `erase`.
  const Value* find(const Key& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->second;
  }

  void put(const Key& key, Value value) {
    erase(key);
    if (places_.size() >= bound_) {
      places_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(key, std::move(value));
    places_.emplace(key, order_.begin());
  }

  void erase(const Key& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    order_.erase(found->second);
    places_.erase(found);
  }

  void clear() {
    places_.clear();
    order_.clear();
  }
  std::size_t size() const { return places_.size(); }

 private:
  using Order = std::list<std::pair<Key, Value>>;  // the one used last in front
  std::size_t bound_;
  Order order_;
  std::unordered_map<Key, typename Order::iterator, Hash, Same> places_;
};

}  // namespace naru::store
