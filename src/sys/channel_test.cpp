#include "sys/channel.h"

#include <gtest/gtest.h>

namespace naru::sys {
namespace {

constexpr std::chrono::milliseconds kPatience{10'000};

TEST(Channel, gives_whole_messages_in_order_and_then_the_end) {
  auto ends = Channel::make_pair();
  ASSERT_TRUE(ends);
  auto& [ours, theirs] = *ends;
  EXPECT_TRUE(ours.send("one"));
  EXPECT_TRUE(ours.send("two\nlines"));
  EXPECT_EQ(*theirs.receive(kPatience), "one");
  EXPECT_TRUE(theirs.send("back"));
  ours.close();
  EXPECT_EQ(*theirs.receive(kPatience), "two\nlines");
  EXPECT_FALSE(theirs.receive(kPatience));
  EXPECT_FALSE(theirs.send("to nobody"));
}

TEST(Channel, does_not_wait_longer_than_it_is_told) {
  auto ends = Channel::make_pair();
  ASSERT_TRUE(ends);
  const auto heard = ends->first.receive({});
  ASSERT_TRUE(heard);
  EXPECT_FALSE(heard->has_value());
}

TEST(Channel, never_waits_for_one_that_does_not_read) {
  auto ends = Channel::make_pair();
  ASSERT_TRUE(ends);
  const std::string much(Channel::kMaxMessageBytes, 'x');
  int sent = 0;
  while (sent < 1'000 && ends->first.send(much)) ++sent;
  EXPECT_GT(sent, 0);
  EXPECT_LT(sent, 1'000);
}

}  // namespace
}  // namespace naru::sys
