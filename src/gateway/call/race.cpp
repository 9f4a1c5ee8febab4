#include "gateway/call/race.h"

#include <algorithm>

namespace naru::gateway {

Race::Runner::Runner(Attempt& attempt_, net::Stop& gone)
    : attempt(attempt_),
      gone_too(&gone, [](void* stop) { static_cast<net::Stop*>(stop)->fire(); }, &stop) {
  if (gone.fired()) stop.fire();
  attempt.until.stop = &stop;
}

void Race::start(Attempt& attempt) {
  const std::size_t index = runners_.size();
  tasks_.spawn(follow(runners_.emplace_back(attempt, exchange_.call.gone()), index));
}

/// Lifetime: the race is joined before it goes.
net::Task<void> Race::follow(Runner& runner, std::size_t index) {
  Result<void> outcome;
  std::string broken;
  try {
    outcome = co_await run(exchange_, runner.attempt);
  } catch (const std::exception& mistake) {  // or whoever waits for it would wait for ever
    broken = mistake.what();
  }
  if (!broken.empty()) outcome = fail(FaultKind::Internal, "an attempt broke: {}", broken);
  if (outcome && !winner_) winner_ = index;
  runner.outcome = std::move(outcome);
  if (told_ != nullptr) told_->fire();
}

bool Race::is_over() const {
  return winner_ ||
         std::ranges::all_of(runners_, [](const Runner& each) { return each.outcome.has_value(); });
}

net::Task<void> Race::wait(Monotonic patience) {
  while (!is_over() && exchange_.now() < patience) {
    net::Stop told;
    told_ = &told;
    auto woken = co_await net::wait(exchange_.loop(), told, {.deadline = patience});
    told_ = nullptr;
    (void)woken;  // what it was stands in the runners
  }
}

net::Task<void> Race::join() {
  for (Runner& each : runners_)
    if (!each.outcome) each.stop.fire();
  co_await tasks_.join({});
}

const Result<void>& Race::outcome(std::size_t index) const {
  return *std::next(runners_.begin(), static_cast<std::ptrdiff_t>(index))->outcome;
}

}  // namespace naru::gateway
