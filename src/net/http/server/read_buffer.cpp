#include "net/http/server/read_buffer.h"

#include <algorithm>
#include <cstring>

namespace naru::net {

std::span<char> ReadBuffer::room(std::size_t bound) {
  const std::size_t unread_bytes = end_ - begin_;
  if (unread_bytes >= bound) return {};
  if (wants_other_block(unread_bytes)) {
    change_block(unread_bytes);
  } else if (!keeps_block_ && (unread_bytes == 0 || block_.size - end_ < kLeastRoomBytes)) {
    if (unread_bytes > 0)
      std::memmove(block_.bytes.get(), block_.bytes.get() + begin_, unread_bytes);
    begin_ = 0;
    end_ = unread_bytes;
  }
  given_ = block_.size - end_;
  return {block_.bytes.get() + end_, given_};
}

bool ReadBuffer::wants_other_block(std::size_t unread_bytes) const {
  const std::size_t free_bytes = block_.size - (keeps_block_ ? end_ : unread_bytes);
  if (free_bytes < kLeastRoomBytes) return true;
  if (filled_) return block_.size < kLargestBlockBytes;
  return unread_bytes == 0 && block_.size > kBlockBytes && !keeps_block_;
}

void ReadBuffer::change_block(std::size_t unread_bytes) {
  const std::size_t wanted = filled_ ? std::min(2 * block_.size, kLargestBlockBytes) : kBlockBytes;
  const std::size_t size = std::max(wanted, 2 * unread_bytes + kLeastRoomBytes);
  Block fresh{.bytes = std::make_unique_for_overwrite<char[]>(size), .size = size};
  if (unread_bytes > 0) std::memcpy(fresh.bytes.get(), block_.bytes.get() + begin_, unread_bytes);
  if (std::exchange(keeps_block_, false)) kept_ = std::move(block_);
  block_ = std::move(fresh);
  begin_ = 0;
  end_ = unread_bytes;
}

void ReadBuffer::added(std::size_t count) {
  filled_ = count == given_;
  end_ += count;
}

std::string_view ReadBuffer::keep(std::size_t count) {
  const std::string_view kept = unread().substr(0, count);
  keeps_block_ = true;
  begin_ += count;
  return kept;
}

void ReadBuffer::let_go() {
  keeps_block_ = false;
  kept_ = {};
}

}  // namespace naru::net
