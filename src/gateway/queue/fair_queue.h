#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>

#include "base/priority.h"

namespace naru::gateway {

/// Who waits, in the order they are served: by class, within a class each principal in turn,
/// each principal's calls as they came. Nobody's thousand calls stand before another's one. Pure;
/// O(log n) a step.
class FairQueue {
 public:
  /// A place in the order; a lower one is served first.
  struct Turn {
    Priority priority = Priority::Interactive;
    std::uint64_t round = 0;   ///< how many calls of each principal of its class go before it
    std::uint64_t number = 0;  ///< the caller's own, unique
    auto operator<=>(const Turn&) const = default;
  };

  /// Where a call that comes now would stand.
  Turn turn(Priority priority, std::int64_t principal, std::uint64_t number) const;
  /// Puts one there. Numbers grow.
  Turn push(Priority priority, std::int64_t principal, std::uint64_t number);
  /// Takes out one that was served (then its class moves on) or that left.
  void served(const Turn& turn);
  void left(const Turn& turn);

  bool empty() const { return order_.empty(); }
  /// How many of a class wait.
  std::size_t size(Priority priority) const { return of(priority).calls; }
  /// The one of a class that is served last. Needs one that waits.
  Turn last(Priority priority) const;
  /// In the order they are served.
  const std::map<Turn, std::int64_t>& order() const { return order_; }
  /// How many stand before `turn`. Cost: a walk.
  std::size_t before(const Turn& turn) const;

 private:
  struct Class {
    std::uint64_t round = 0;  ///< of the one served last
    std::size_t calls = 0;
    std::unordered_map<std::int64_t, std::set<std::uint64_t>> rounds = {};  ///< by principal
  };
  Class& of(Priority priority) { return classes_[static_cast<std::size_t>(priority)]; }
  const Class& of(Priority priority) const { return classes_[static_cast<std::size_t>(priority)]; }

  std::map<Turn, std::int64_t> order_;  ///< and the principal of each
  std::array<Class, kPriorityWords.size()> classes_;
};

}  // namespace naru::gateway
