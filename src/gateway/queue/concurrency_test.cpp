#include "gateway/queue/concurrency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "base/rng.h"

namespace naru::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Concurrency::Bounds kBounds{.least = 1, .most = 1'000};
constexpr Monotonic kStart{std::chrono::hours(1)};

TEST(Concurrency, allows_what_the_operator_does_until_something_is_refused) {
  EXPECT_EQ(Concurrency().limit(kBounds), 1'000U);
  EXPECT_EQ(Concurrency().limit({.least = 1, .most = 4}), 4U);
}

TEST(Concurrency, goes_down_to_what_is_served_beside_a_refusal) {
  Concurrency concurrency;
  concurrency.refused(30, kStart, kBounds);
  EXPECT_EQ(concurrency.limit(kBounds), 30U);
  concurrency.refused(12, kStart, kBounds);
  EXPECT_EQ(concurrency.limit(kBounds), 12U);
  concurrency.refused(20, kStart, kBounds);  // told late
  EXPECT_EQ(concurrency.limit(kBounds), 12U);
}

TEST(Concurrency, hears_nothing_in_the_refusal_of_the_only_call) {
  Concurrency concurrency;
  concurrency.refused(0, kStart, kBounds);
  EXPECT_EQ(concurrency.limit(kBounds), 1'000U);
}

TEST(Concurrency, never_leaves_its_bounds) {
  Concurrency concurrency;
  concurrency.refused(2, kStart, {.least = 8, .most = 10});
  EXPECT_EQ(concurrency.limit({.least = 8, .most = 10}), 8U);
  for (int i = 0; i < 1'000; ++i)
    concurrency.taken(true, kStart, kStart + seconds(10), {.least = 8, .most = 10});
  EXPECT_EQ(concurrency.limit({.least = 8, .most = 10}), 10U);
}

TEST(Concurrency, grows_only_while_it_is_used_up_and_some_time_after_a_refusal) {
  Concurrency concurrency;
  concurrency.refused(10, kStart, kBounds);
  const auto take = [&](bool full, Monotonic now) {
    for (int i = 0; i < 20; ++i) concurrency.taken(full, kStart, now, kBounds);
    return concurrency.limit(kBounds);
  };
  EXPECT_EQ(take(true, kStart + seconds(1)), 10U);
  EXPECT_EQ(take(false, kStart + seconds(6)), 10U);
  EXPECT_EQ(take(true, kStart + seconds(6)), 11U);
}

/// An upstream that refuses all has no limit that could be learnt: once it is up again, the calls
/// it gets at once double with each that it takes.
TEST(Concurrency, is_itself_again_soon_after_an_outage) {
  Concurrency concurrency;
  for (std::uint32_t others = 200; others > 0; --others)
    concurrency.refused(others, kStart, kBounds);
  EXPECT_EQ(concurrency.limit(kBounds), 1U);
  const Monotonic later = kStart + seconds(60);
  int calls = 0;
  while (concurrency.limit(kBounds) < 100 && ++calls < 10'000)
    concurrency.taken(true, later, later, kBounds);
  EXPECT_LE(calls, 100);
}

/// An upstream with `room`, that refuses at once what comes beyond it, is called by ten times as
/// many clients as it has room for, each of whom comes again at once.
struct Simulation {
  explicit Simulation(std::uint64_t seed) : rng(seed) {}
  Rng rng;
  std::size_t room = 40;
  int served = 0;
  int refused = 0;

  void run(seconds length) {
    Concurrency concurrency;
    std::vector<std::pair<Monotonic, Monotonic>> running;  // end, begin
    const Monotonic end = kStart + length;
    for (Monotonic now = kStart; now < end; now += milliseconds(1)) {
      std::erase_if(running, [&](const auto& call) {
        if (call.first > now) return false;
        const bool full = running.size() >= concurrency.limit(kBounds);
        concurrency.taken(full, call.second, now, kBounds);
        ++served;
        return true;
      });
      // Those let go at once are refused at once, after all of them have gone.
      const std::size_t limit = std::min<std::size_t>(concurrency.limit(kBounds), 400);
      std::size_t under_way = std::max(limit, running.size());
      while (running.size() < std::min(limit, room))
        running.emplace_back(now + milliseconds(200 + rng.below(800)), now);
      for (; under_way > running.size(); --under_way) {
        concurrency.refused(static_cast<std::uint32_t>(under_way - 1), now, kBounds);
        ++refused;
      }
    }
  }
};

TEST(Concurrency, finds_what_an_upstream_has_room_for) {
  const std::uint64_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  Simulation simulation(seed);
  simulation.run(seconds(120));
  const double most = 40 * 120 / 0.6;  // mean time of a call: 0.6 s
  EXPECT_GE(simulation.served, 0.9 * most) << "seed " << seed;
  EXPECT_LE(simulation.refused, 0.1 * simulation.served) << "seed " << seed;
}

}  // namespace
}  // namespace naru::gateway
