#include "mock/replay.h"

#include "mock/answers_for_test.h"

namespace naru::mock {
namespace {

using namespace testing;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::string_view kId = "abcdefghijklmnopqrstuvwx";

std::string replayed(const Ask& ask, const Plan& plan, Shelf& shelf) {
  Replay replay(shelf.take(ask, plan), std::string(kId));
  std::string all;
  while (replay.next() != nullptr) all += replay.bytes();
  return all;
}

TEST(MockReplay, plays_what_would_be_composed_under_any_cut) {
  Shelf shelf;
  for (const Ask& ask : {streamed_chat(), streamed_messages(), streamed_response(), chat()})
    for (const std::string_view cuts : {"", "cut_every=1", "cut_every=7", "cut_every=65536"}) {
      const Plan plan = planned(cuts);
      const std::string whole = bytes(compose(ask, plan, std::string(kId)));
      EXPECT_EQ(replayed(ask, plan, shelf), whole) << cuts;
      EXPECT_EQ(replayed(ask, plan, shelf), whole) << "again, " << cuts;
    }
  EXPECT_EQ(shelf.size(), 16U);
}

TEST(MockReplay, puts_the_id_into_headers) {
  Shelf shelf;
  const Replay replay(shelf.take(chat(), {}), std::string(kId));
  EXPECT_EQ(replay.headers().front().value, fmt::format("req_{}", kId));
}

TEST(MockShelf, renders_once_what_is_asked_again) {
  Shelf shelf;
  EXPECT_EQ(shelf.take(chat(), {}), shelf.take(chat(), {}));
  EXPECT_NE(shelf.take(chat(), {}), shelf.take(messages(), {}));
  EXPECT_NE(shelf.take(chat(), {}), shelf.take(chat(), planned("text=other")));
}

TEST(MockShelf, lets_the_oldest_give_way) {
  Shelf shelf;
  const auto first = shelf.take(chat(), {});
  for (std::size_t i = 0; i < Shelf::kMostAnswers; ++i)
    shelf.take(chat(), planned(fmt::format("text={}", i)));
  EXPECT_EQ(shelf.size(), Shelf::kMostAnswers);
  EXPECT_NE(shelf.take(chat(), {}), first);
}

/// `count` waits of 100 ms, in order of length.
std::vector<microseconds> waits(std::string_view controls, std::size_t count) {
  Pace pace(planned(controls), 7);
  std::vector<microseconds> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) all.push_back(pace.of(milliseconds(100)));
  std::ranges::sort(all);
  return all;
}

TEST(MockPace, keeps_waits_as_they_are_told) {
  EXPECT_EQ(waits("", 3).back(), milliseconds(100));
  EXPECT_EQ(Pace(planned("jitter=1s&tail=9"), 1).of({}), milliseconds(0));
}

TEST(MockPace, spreads_waits_evenly) {
  const auto all = waits("jitter=50ms", 4000);
  EXPECT_GE(all.front(), milliseconds(100));
  EXPECT_LE(all.back(), milliseconds(150));
  EXPECT_NEAR(static_cast<double>(all[2000].count()), 125'000, 2'000);
}

TEST(MockPace, gives_waits_a_long_tail) {
  const auto all = waits("tail=10", 20'000);
  EXPECT_NEAR(static_cast<double>(all[10'000].count()), 100'000, 5'000);
  EXPECT_NEAR(static_cast<double>(all[19'800].count()), 1'000'000, 100'000);
}

TEST(MockPace, is_the_same_for_the_same_seed) {
  EXPECT_EQ(waits("tail=10&jitter=5ms", 20), waits("tail=10&jitter=5ms", 20));
}

}  // namespace
}  // namespace naru::mock
