#include "net/http/server/read_buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace naru::net {
namespace {

constexpr std::size_t kBound = 1 << 20;

/// Reads `bytes` as a connection would, as much as there is room for; gives how much.
std::size_t put(ReadBuffer& buffer, std::string_view bytes, std::size_t bound = kBound) {
  const std::span<char> room = buffer.room(bound);
  const std::size_t count = std::min(room.size(), bytes.size());
  if (count > 0) std::memcpy(room.data(), bytes.data(), count);
  if (!room.empty()) buffer.added(count);
  return count;
}

TEST(ReadBuffer, gives_bytes_in_the_order_they_came) {
  ReadBuffer buffer;
  put(buffer, "one ");
  put(buffer, "two");
  EXPECT_EQ(buffer.unread(), "one two");
  buffer.consume(4);
  EXPECT_EQ(buffer.unread(), "two");
}

TEST(ReadBuffer, leaves_a_kept_head_in_place_whatever_comes_behind_it) {
  ReadBuffer buffer;
  put(buffer, "head" + std::string(100, 'b'));
  const std::string_view head = buffer.keep(4);
  std::string expected(100, 'b');
  for (int i = 0; i < 50; ++i) {
    const std::string more(3000, static_cast<char>('a' + i % 26));
    expected += more.substr(0, put(buffer, more));
    if (i % 3 == 0) {
      buffer.consume(1000);
      expected.erase(0, 1000);
    }
    ASSERT_EQ(head, "head");
    ASSERT_EQ(buffer.unread(), expected);
  }
  buffer.let_go();
  EXPECT_EQ(buffer.unread(), expected);
}

TEST(ReadBuffer, gives_no_room_while_its_bound_is_unread) {
  ReadBuffer buffer;
  while (put(buffer, std::string(4096, 'x'), 32 << 10) > 0) {
  }
  EXPECT_GE(buffer.unread().size(), 32u << 10);
  EXPECT_LT(buffer.unread().size(), 100u << 10);
  buffer.consume(buffer.unread().size());
  EXPECT_GT(put(buffer, "x", 32 << 10), 0u);
}

TEST(ReadBuffer, grows_while_reads_fill_it_and_shrinks_afterwards) {
  ReadBuffer buffer;
  const std::string much(1 << 20, 'x');
  EXPECT_EQ(put(buffer, much), ReadBuffer::kBlockBytes);
  for (int i = 0; i < 5; ++i) {
    buffer.consume(buffer.unread().size());
    put(buffer, much);
  }
  EXPECT_EQ(buffer.unread().size(), ReadBuffer::kLargestBlockBytes);
  buffer.consume(buffer.unread().size());
  put(buffer, "little");
  buffer.consume(6);
  EXPECT_EQ(buffer.room(kBound).size(), ReadBuffer::kBlockBytes);
}

TEST(ReadBuffer, always_has_room_worth_a_read) {
  ReadBuffer buffer;
  for (std::size_t i = 1; i < 2000; ++i) {
    const std::span<char> room = buffer.room(kBound);
    ASSERT_GE(room.size(), ReadBuffer::kLeastRoomBytes);
    const std::size_t count = i * 7919 % room.size();
    std::memset(room.data(), 'x', count);
    buffer.added(count);
    if (i % 4 == 0 && !buffer.unread().empty()) buffer.keep(1);
    buffer.consume(buffer.unread().size() * 3 / 4);
    if (i % 4 == 2) buffer.let_go();
  }
}

}  // namespace
}  // namespace naru::net
