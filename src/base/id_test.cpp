#include "base/id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <thread>

namespace naru {
namespace {

using std::chrono_literals::operator""ms;

TEST(IdMaker, counts_up_within_a_millisecond_and_follows_the_clock) {
  ManualClock clock;
  IdMaker ids(clock);
  const ExchangeId first = ids.next();
  EXPECT_EQ(ids.next(), first + 1);
  clock.advance(1ms);
  EXPECT_EQ(ids.next(), first + (1 << 21));
}

TEST(IdMaker, never_goes_back_when_the_clock_does) {
  ManualClock clock;
  IdMaker ids(clock);
  const ExchangeId before = ids.next();
  clock.advance(-5000ms);
  EXPECT_GT(ids.next(), before);
}

TEST(IdMaker, gives_each_thread_its_own) {
  const SystemClock clock;
  IdMaker ids(clock);
  constexpr std::size_t kEach = 20'000;
  std::vector<std::vector<ExchangeId>> made(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : made)
      threads.emplace_back([&ids, &mine] {
        for (std::size_t i = 0; i < kEach; ++i) mine.push_back(ids.next());
      });
  }
  std::set<ExchangeId> all;
  for (const auto& mine : made) {
    EXPECT_TRUE(std::ranges::is_sorted(mine));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 4 * kEach);
}

TEST(IdMaker, of_another_lane_gives_none_of_the_same) {
  ManualClock clock;
  IdMaker old_one(clock, 0, 7);
  const ExchangeId last = old_one.next();
  IdMaker new_one(clock, last, 0);
  std::set<ExchangeId> all{last};
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(all.insert(old_one.next()).second);
    EXPECT_TRUE(all.insert(new_one.next()).second);
    if (i % 10 == 0) clock.advance(1ms);
  }
}

TEST(IdMaker, of_another_lane_gives_none_of_the_same_although_the_clock_was_set_back) {
  ManualClock clock;
  IdMaker old_one(clock, 0, 1);
  const ExchangeId in_ledger = old_one.next();
  std::set<ExchangeId> all{in_ledger, old_one.next(), old_one.next()};
  clock.advance(-5000ms);
  IdMaker new_one(clock, in_ledger, 2);
  for (int i = 0; i < 1000; ++i) {
    const ExchangeId id = new_one.next();
    EXPECT_GT(id, in_ledger);
    EXPECT_TRUE(all.insert(id).second);
    EXPECT_TRUE(all.insert(old_one.next()).second);
  }
}

TEST(RequestId, reads_back_as_the_same_number) {
  Rng rng(7);
  for (int i = 0; i < 1000; ++i) {
    const auto id = static_cast<ExchangeId>(rng.next() >> 1);
    EXPECT_EQ(find_exchange_id(request_id(id)), id);
  }
  EXPECT_EQ(request_id(0), "req_0000000000000");
  EXPECT_EQ(request_id(std::numeric_limits<ExchangeId>::max()), "req_7zzzzzzzzzzzz");
}

TEST(RequestId, sorts_as_its_numbers_do) { EXPECT_LT(request_id(31), request_id(32)); }

TEST(RequestId, is_not_any_other_text) {
  for (const char* text : {"", "req_", "req_000000000000", "req_00000000000000",
                           "req_8000000000000", "req_000000000000i", "req_000000000000A",
                           "rec_0000000000000", "req_-000000000000", "req_/000000000000"})
    EXPECT_EQ(find_exchange_id(text), std::nullopt) << text;
}

TEST(RandomId, has_prefix_and_24_letters_and_digits) {
  Rng rng(1);
  const std::string id = random_id("msg_", rng);
  EXPECT_EQ(id.size(), 28U);
  EXPECT_TRUE(id.starts_with("msg_"));
  EXPECT_EQ(
      id.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 4),
      id.npos);
  EXPECT_NE(random_id("msg_", rng), id);
}

TEST(Rng, repeats_itself_from_a_seed_and_stays_in_its_range) {
  Rng a(42);
  Rng b(42);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t value = a.below(7);
    EXPECT_EQ(b.below(7), value);
    seen.insert(value);
  }
  EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(a.below(1), 0U);
  for (int i = 0; i < 1000; ++i) {
    const double fraction = a.fraction();
    EXPECT_TRUE(fraction >= 0.0 && fraction < 1.0);
  }
}

}  // namespace
}  // namespace naru
