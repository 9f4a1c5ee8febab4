#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace naru::net {

/// Bytes that came from a connection and wait to be used, in one run of memory. A head that was
/// kept stays where it is until it is let go, so that it can be viewed; what comes later goes
/// behind it or into another block. Blocks grow while reads fill them and shrink afterwards.
class ReadBuffer {
 public:
  static constexpr std::size_t kBlockBytes = 8 << 10;
  static constexpr std::size_t kLargestBlockBytes = 32 << 10;  ///< unless more waits to be used
  static constexpr std::size_t kLeastRoomBytes = 2 << 10;      ///< a shorter read is not worth it

  std::string_view unread() const { return {block_.bytes.get() + begin_, end_ - begin_}; }
  /// Where the next read goes; empty while `bound` bytes are unread. Until `added`, only `unread`,
  /// `consume`, `keep` and `let_go` are called.
  std::span<char> room(std::size_t bound);
  void added(std::size_t count);
  void consume(std::size_t count) { begin_ += count; }
  /// Takes `count` bytes off the front, which stay in place until `let_go`.
  std::string_view keep(std::size_t count);
  void let_go();

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };
  bool wants_other_block(std::size_t unread_bytes) const;
  void change_block(std::size_t unread_bytes);

  Block block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t given_ = 0;     // room of the last read
  bool filled_ = false;       // which it used up
  bool keeps_block_ = false;  // the kept head lies in `block_`
  Block kept_;                // or here
};

}  // namespace naru::net
