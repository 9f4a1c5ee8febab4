#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <queue>
#include <set>

#include "gateway/route/balance.h"
#include "gateway/route/peak_ewma.h"

/// What the rules come to: calls at random times to simulated replicas of an open model, each with
/// slots, a queue and a cache of beginnings. No clock runs; a run is told by its seed.
namespace naru::gateway {
namespace {

struct Plan {
  Balance rule = Balance::Weight;
  std::uint64_t seed = 1;
  std::vector<double> slowness;           ///< of each replica: 1 is usual
  std::uint32_t slots = 4;                ///< of each
  bool slots_known = false;               ///< to the rule
  double per_second = 1;                  ///< calls, in the mean
  double until = 400;                     ///< seconds in which they come
  double last_joins = 0;                  ///< when the last replica is there
  std::size_t conversations = 1'000'000;  ///< that go on at once, each taking its turns
  std::size_t cached = 1'000;             ///< beginnings a replica keeps
};

// Seconds, in the mean, where the beginning is not cached and nobody waits for a slot.
constexpr double kReading = 1.0;  // until the first token
constexpr double kWriting = 1.0;
constexpr double kOfCached = 0.1;  // of the reading where the beginning is cached

struct Seen {
  std::vector<double> waits;                   ///< until the first token
  std::vector<std::size_t> calls;              ///< of each replica
  std::uint32_t most_at_once = 0;              ///< at any replica
  std::uint32_t most_before_first_answer = 0;  ///< at the last replica
  int beyond = 0;  ///< calls sent beyond slots or share while another replica had room within
  int turns = 0;   ///< that are not the first of their conversation
  int cached = 0;  ///< of these, at a replica that had what was said before

  double percentile(double part) const {
    std::vector<double> sorted = waits;
    std::ranges::sort(sorted);
    return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
  }
  double hit_rate() const { return static_cast<double>(cached) / turns; }
};

class Run {
 public:
  explicit Run(const Plan& plan) : plan_(plan), rng_(plan.seed), replicas_(plan.slowness.size()) {
    seen_.calls.resize(replicas_.size());
  }

  Seen result() {
    for (double at = soon(1 / plan_.per_second); at < plan_.until;
         at += soon(1 / plan_.per_second)) {
      run_events(at);
      arrive(at);
    }
    run_events(1e12);
    return std::move(seen_);
  }

 private:
  struct Call {
    double came = 0;
    double reading = 0;
    double writing = 0;
  };
  struct Replica {
    std::uint32_t outstanding = 0;
    std::uint32_t busy = 0;
    std::deque<Call> queue;
    PeakEwma delay;
    bool answered = false;
    std::deque<std::size_t> cache;  // of conversations, the newest last
  };
  struct Event {
    double at = 0;
    bool ends = false;  // else: its first token
    std::size_t replica = 0;
    Call call;
    bool operator>(const Event& other) const { return at > other.at; }
  };

  static Monotonic time(double at) {
    return Monotonic(
        std::chrono::duration_cast<Monotonic::duration>(std::chrono::duration<double>(3'600 + at)));
  }
  /// A time that is exponentially distributed.
  double soon(double mean) { return -mean * std::log(1 - rng_.fraction()); }

  std::vector<Standing> standings(double at) const {
    std::vector<Standing> all;
    for (std::size_t i = 0; i < replicas_.size(); ++i) {
      if (i + 1 == replicas_.size() && at < plan_.last_joins) break;
      all.push_back({.outstanding = replicas_[i].outstanding,
                     .slots = plan_.slots_known ? plan_.slots : 0,
                     .delay_s = replicas_[i].delay.delay_s(time(at)),
                     .place = place_of("replica-" + std::to_string(i))});
    }
    return all;
  }

  std::size_t choose(const std::vector<Standing>& all, std::uint64_t conversation) {
    switch (plan_.rule) {
      case Balance::Weight:
        return order_by_weight(all, rng_).front();
      case Balance::LeastOutstanding:
        return order_by_outstanding(all, rng_).front();
      case Balance::PeakEwma:
        return order_by_delay(all, rng_).front();
      case Balance::Prefix:
        return order_by_prefix(all, conversation).front();
    }
    return 0;
  }

  void arrive(double at) {
    const std::size_t conversation = rng_.below(plan_.conversations);
    const std::vector<Standing> all = standings(at);
    const std::size_t chosen = choose(all, conversation);
    note_choice(all, chosen);
    Replica& replica = replicas_[chosen];
    replica.delay.asked(time(at));
    const bool hit = touch(replica, conversation);
    if (!begun_.insert(conversation).second) {
      ++seen_.turns;
      seen_.cached += hit;
    }
    const double slowness = plan_.slowness[chosen];
    const Call call{.came = at,
                    .reading = soon(kReading) * slowness * (hit ? kOfCached : 1),
                    .writing = soon(kWriting) * slowness};
    if (replica.busy < plan_.slots)
      begin(chosen, call, at);
    else
      replica.queue.push_back(call);
  }

  void note_choice(const std::vector<Standing>& all, std::size_t chosen) {
    std::uint64_t calls = 1;
    for (const Standing& one : all) calls += one.outstanding;
    const auto fits = [&](const Standing& one) {
      return has_room(one) && one.outstanding < share_of(calls, 1, all.size());
    };
    if (!fits(all[chosen]) && std::ranges::any_of(all, fits)) ++seen_.beyond;
    Replica& replica = replicas_[chosen];
    seen_.most_at_once = std::max(seen_.most_at_once, ++replica.outstanding);
    if (chosen + 1 == replicas_.size() && !replica.answered)
      seen_.most_before_first_answer =
          std::max(seen_.most_before_first_answer, replica.outstanding);
    ++seen_.calls[chosen];
  }

  /// Whether the replica has the conversation's beginning; it has it from now on.
  bool touch(Replica& replica, std::size_t conversation) const {
    const auto found = std::ranges::find(replica.cache, conversation);
    const bool hit = found != replica.cache.end();
    if (hit) replica.cache.erase(found);
    replica.cache.push_back(conversation);
    if (replica.cache.size() > plan_.cached) replica.cache.pop_front();
    return hit;
  }

  void begin(std::size_t replica, const Call& call, double at) {
    ++replicas_[replica].busy;
    events_.push({at + call.reading, false, replica, call});
    events_.push({at + call.reading + call.writing, true, replica, call});
  }

  void run_events(double until) {
    while (!events_.empty() && events_.top().at <= until) {
      const Event event = events_.top();
      events_.pop();
      Replica& replica = replicas_[event.replica];
      if (event.ends) {
        --replica.outstanding;
        --replica.busy;
        if (replica.queue.empty()) continue;
        const Call next = replica.queue.front();
        replica.queue.pop_front();
        begin(event.replica, next, event.at);
      } else {
        const double waited = event.at - event.call.came;
        seen_.waits.push_back(waited);
        replica.answered = true;
        replica.delay.answered(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::duration<double>(waited)),
                               time(event.at));
      }
    }
  }

  const Plan plan_;
  Rng rng_;
  std::vector<Replica> replicas_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::set<std::size_t> begun_;
  Seen seen_;
};

Seen run(Plan plan, Balance rule) {
  plan.rule = rule;
  return Run(plan).result();
}

class Simulation : public testing::TestWithParam<std::uint64_t> {
 protected:
  Plan plan(std::vector<double> slowness) const {
    return {.seed = GetParam(), .slowness = std::move(slowness)};
  }
};

TEST_P(Simulation, one_slow_replica_hurts_few_where_delays_are_measured) {
  Plan one_slow = plan({1, 1, 1, 1, 4});
  one_slow.per_second = 2.4;  // by chance nearly what the slow one can do comes to it
  const Seen by_chance = run(one_slow, Balance::Weight);
  const Seen measured = run(one_slow, Balance::PeakEwma);
  EXPECT_LT(measured.percentile(0.99), 0.7 * by_chance.percentile(0.99));
  EXPECT_LT(measured.calls[4], by_chance.calls[4] / 2);
  EXPECT_GT(measured.calls[4], 0U) << "it is tried again, lest it has become fast";
}

TEST_P(Simulation, no_queue_grows_long_where_calls_under_way_are_counted) {
  Plan busy = plan({1, 1, 1, 1, 1, 1, 1, 1});
  busy.per_second = 13;  // of 16 that can be
  const Seen by_chance = run(busy, Balance::Weight);
  const Seen counted = run(busy, Balance::LeastOutstanding);
  EXPECT_LT(counted.most_at_once, 0.5 * by_chance.most_at_once);
  EXPECT_LT(counted.percentile(0.99), 0.8 * by_chance.percentile(0.99));
}

TEST_P(Simulation, a_replica_that_joins_is_neither_left_out_nor_flooded) {
  Plan joined = plan({1, 1, 1, 1, 1});
  joined.per_second = 8;
  joined.last_joins = 200;
  const Seen seen = run(joined, Balance::PeakEwma);
  EXPECT_EQ(seen.most_before_first_answer, 1U);
  const double part = static_cast<double>(seen.calls[4]) / (8 * 200);
  EXPECT_GT(part, 0.1);
  EXPECT_LT(part, 0.35);
}

TEST_P(Simulation, conversations_find_their_beginning_where_they_stay) {
  Plan talks = plan(std::vector<double>(8, 1));
  talks.per_second = 10;
  talks.conversations = 400;
  talks.cached = 100;  // all replicas together have room for all twice
  talks.slots_known = true;
  const Seen by_chance = run(talks, Balance::Weight);
  const Seen kept = run(talks, Balance::Prefix);
  EXPECT_GT(kept.hit_rate(), 0.9);
  EXPECT_LT(by_chance.hit_rate(), 0.35);
  EXPECT_LT(kept.percentile(0.5), 0.5 * by_chance.percentile(0.5));
  EXPECT_LE(kept.percentile(0.99), by_chance.percentile(0.99));
  EXPECT_EQ(kept.beyond, 0);
  EXPECT_GT(by_chance.beyond, 0) << "else it would prove nothing";
}

TEST_P(Simulation, a_crowd_in_one_conversation_overloads_nobody) {
  Plan crowd = plan({1, 1, 1, 1});
  crowd.per_second = 9;  // of which one replica can do less than four
  crowd.conversations = 1;
  const Seen seen = run(crowd, Balance::Prefix);
  EXPECT_EQ(seen.beyond, 0);
  EXPECT_LT(seen.percentile(0.99), 4 * kReading);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Simulation, testing::Values(1, 2, 3),
                         [](const auto& seed) { return "seed_" + std::to_string(seed.param); });

}  // namespace
}  // namespace naru::gateway
