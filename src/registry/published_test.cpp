#include "registry/published.h"

#include <gtest/gtest.h>

#include <thread>

namespace naru::registry {
namespace {

std::shared_ptr<const int> number(int value) { return std::make_shared<const int>(value); }

TEST(Published, gives_each_loop_the_latest_value) {
  Published<int> value(2, number(1));
  EXPECT_EQ(*value.pin(0), 1);
  value.publish(number(2));
  EXPECT_EQ(*value.pin(0), 2);
  EXPECT_EQ(*value.pin(1), 2);
  EXPECT_EQ(*value.latest(), 2);
}

TEST(Published, keeps_a_pinned_value_whole_when_a_new_one_comes) {
  Published<int> value(1, number(1));
  const auto pinned = value.pin(0);
  value.publish(number(2));
  EXPECT_EQ(*pinned, 1);
}

TEST(Published, frees_the_old_value_once_no_loop_holds_it) {
  auto first = number(1);
  const std::weak_ptr<const int> watch = first;
  Published<int> value(1, std::move(first));
  EXPECT_EQ(*value.pin(0), 1);
  value.publish(number(2));
  EXPECT_FALSE(watch.expired());  // the loop's copy is still the old one
  EXPECT_EQ(*value.pin(0), 2);
  EXPECT_TRUE(watch.expired());
}

TEST(Published, counts_its_versions) {
  Published<int> value(1);
  const auto before = value.version();
  value.publish(number(1));
  EXPECT_EQ(value.version(), before + 1);
}

TEST(Published, never_goes_back_under_many_readers) {
  constexpr unsigned kLoops = 4;
  constexpr int kLast = 2'000;
  Published<int> value(kLoops, number(0));
  std::array<bool, kLoops> backwards{};
  {
    std::vector<std::jthread> loops;
    for (unsigned loop = 0; loop < kLoops; ++loop)
      loops.emplace_back([&value, &went_back = backwards[loop], loop] {
        for (int seen = 0; seen < kLast;) {
          const int now = *value.pin(loop);
          went_back = went_back || now < seen;
          seen = now;
        }
      });
    for (int i = 1; i <= kLast; ++i) value.publish(number(i));
  }
  for (const bool went_back : backwards) EXPECT_FALSE(went_back);
}

}  // namespace
}  // namespace naru::registry
