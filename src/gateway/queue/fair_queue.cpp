#include "gateway/queue/fair_queue.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"

namespace naru::gateway {

FairQueue::Turn FairQueue::turn(Priority priority, std::int64_t principal,
                                std::uint64_t number) const {
  const Class& its = of(priority);
  const auto waiting = its.principals.find(principal);
  const std::uint64_t after = waiting == its.principals.end() ? 0 : waiting->second.last_round;
  return {.priority = priority, .round = std::max(its.round, after) + 1, .number = number};
}

FairQueue::Turn FairQueue::push(Priority priority, std::int64_t principal, std::uint64_t number) {
  const Turn at = turn(priority, principal, number);
  order_.emplace(at, principal);
  Waiting& waiting = of(priority).principals[principal];
  waiting.last_round = at.round;
  ++waiting.calls;
  return at;
}

void FairQueue::served(const Turn& turn) {
  of(turn.priority).round = turn.round;
  left(turn);
}

void FairQueue::left(const Turn& turn) {
  const auto found = order_.find(turn);
  NARU_CHECK(found != order_.end(), "who leaves a queue stands in it");
  auto& principals = of(turn.priority).principals;
  const auto waiting = principals.find(found->second);
  if (--waiting->second.calls == 0) principals.erase(waiting);
  order_.erase(found);
}

std::size_t FairQueue::before(const Turn& turn) const {
  return static_cast<std::size_t>(std::distance(order_.begin(), order_.lower_bound(turn)));
}

}  // namespace naru::gateway
