#include "base/bounded_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace naru {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(BoundedQueue, gives_values_in_order_up_to_a_count) {
  BoundedQueue<int> queue(8);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(queue.push(int{i}));
  EXPECT_THAT(queue.take(3), ElementsAre(0, 1, 2));
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_THAT(queue.take(10), ElementsAre(3, 4));
}

TEST(BoundedQueue, leaves_a_value_it_cannot_take_untouched) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.push(std::make_unique<int>(1)));
  auto value = std::make_unique<int>(2);
  EXPECT_FALSE(queue.push(value));
  ASSERT_NE(value, nullptr);
  queue.close();
  EXPECT_EQ(queue.take(8).size(), 1U);
  EXPECT_FALSE(queue.push(value));
  EXPECT_EQ(*value, 2);
}

TEST(BoundedQueue, gives_what_is_inside_after_it_is_closed_and_then_nothing) {
  BoundedQueue<int> queue(8);
  EXPECT_TRUE(queue.push(1));
  queue.close();
  EXPECT_THAT(queue.take(8), ElementsAre(1));
  EXPECT_THAT(queue.take(8), IsEmpty());
}

TEST(BoundedQueue, wakes_a_waiting_consumer_by_a_value_and_by_closing) {
  BoundedQueue<int> queue(8);
  std::vector<int> taken;
  std::jthread consumer([&] {
    for (auto some = queue.take(8); !some.empty(); some = queue.take(8))
      taken.insert(taken.end(), some.begin(), some.end());
  });
  EXPECT_TRUE(queue.push(1));
  EXPECT_TRUE(queue.push(2));
  queue.close();
  consumer.join();
  EXPECT_THAT(taken, ElementsAre(1, 2));
}

TEST(BoundedQueue, loses_nothing_and_keeps_its_bound_under_many_producers) {
  constexpr int kEach = 5000;
  BoundedQueue<int> queue(16);
  std::atomic<int> refused{0};
  std::size_t most = 0;
  long long sum = 0;
  std::vector<std::jthread> producers;
  for (int p = 0; p < 4; ++p)
    producers.emplace_back([&queue, &refused] {
      for (int i = 1; i <= kEach; ++i)
        for (int value = i; !queue.push(value); std::this_thread::yield()) ++refused;
    });
  for (int left = 4 * kEach; left > 0;) {
    most = std::max(most, queue.size());
    const std::vector<int> some = queue.take(7);
    for (const int value : some) sum += value;
    left -= static_cast<int>(some.size());
  }
  EXPECT_EQ(sum, 4LL * kEach * (kEach + 1) / 2);
  EXPECT_LE(most, 16U);
}

}  // namespace
}  // namespace naru
