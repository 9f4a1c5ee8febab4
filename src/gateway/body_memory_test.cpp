#include "gateway/body_memory.h"

#include <gtest/gtest.h>

namespace naru::gateway {
namespace {

constexpr std::uint64_t kCap = 100;

TEST(BodyMemory, is_held_up_to_its_cap_by_all_together) {
  BodyMemory memory;
  BodyMemory::Lease one(memory);
  BodyMemory::Lease other(memory);
  EXPECT_TRUE(one.grow_to(60, kCap));
  EXPECT_EQ(other.grow_to(41, kCap).error().kind, FaultKind::Overloaded);
  EXPECT_EQ(memory.held(), 60U);
  EXPECT_TRUE(other.grow_to(40, kCap));
}

TEST(BodyMemory, never_waits_for_what_will_never_fit) {
  BodyMemory memory;
  BodyMemory::Lease lease(memory);
  EXPECT_EQ(lease.grow_to(101, kCap).error().kind, FaultKind::TooLarge);
  EXPECT_EQ(memory.held(), 0U);
}

TEST(BodyMemory, is_given_back_in_parts_and_as_a_whole) {
  BodyMemory memory;
  {
    BodyMemory::Lease lease(memory);
    EXPECT_TRUE(lease.grow_to(60, kCap));
    lease.shrink_to(20);
    EXPECT_EQ(memory.held(), 20U);
    lease.shrink_to(50);
    EXPECT_EQ(memory.held(), 20U) << "which takes no more";
    EXPECT_TRUE(lease.grow_to(100, kCap));
  }
  EXPECT_EQ(memory.held(), 0U);
}

}  // namespace
}  // namespace naru::gateway
