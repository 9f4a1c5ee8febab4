#include "gateway/queue/fair_queue.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "base/check.h"

namespace naru::gateway {

FairQueue::Turn FairQueue::turn(Priority priority, std::int64_t principal,
                                std::uint64_t number) const {
  const Class& its = of(priority);
  const auto waiting = its.rounds.find(principal);
  const std::uint64_t after = waiting == its.rounds.end() ? 0 : *waiting->second.rbegin();
  return {.priority = priority, .round = std::max(its.round, after) + 1, .number = number};
}

FairQueue::Turn FairQueue::push(Priority priority, std::int64_t principal, std::uint64_t number) {
  const Turn at = turn(priority, principal, number);
  order_.emplace(at, principal);
  of(priority).rounds[principal].insert(at.round);
  ++of(priority).calls;
  return at;
}

void FairQueue::served(const Turn& turn) {
  of(turn.priority).round = turn.round;
  left(turn);
}

void FairQueue::left(const Turn& turn) {
  const auto found = order_.find(turn);
  NARU_CHECK(found != order_.end(), "who leaves a queue stands in it");
  Class& its = of(turn.priority);
  --its.calls;
  const auto waiting = its.rounds.find(found->second);
  waiting->second.erase(turn.round);
  if (waiting->second.empty()) its.rounds.erase(waiting);
  order_.erase(found);
}

FairQueue::Turn FairQueue::last(Priority priority) const {
  constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();
  const auto behind = order_.upper_bound({.priority = priority, .round = kLast, .number = kLast});
  return std::prev(behind)->first;
}

std::size_t FairQueue::before(const Turn& turn) const {
  return static_cast<std::size_t>(std::distance(order_.begin(), order_.lower_bound(turn)));
}

}  // namespace naru::gateway
