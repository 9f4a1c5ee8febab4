#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "sys/fd.h"

namespace naru::sys {

/// One end of a line between two processes: whole messages, in order, each way.
class Channel {
 public:
  static constexpr std::size_t kMaxMessageBytes = 64 << 10;

  /// Both ends. Fails: Unavailable.
  static Result<std::pair<Channel, Channel>> make_pair();
  Channel() = default;
  explicit Channel(Fd fd) : fd_(std::move(fd)) {}

  /// Never waits. False when the other end is gone or does not read, or there is none.
  bool send(std::string_view message) const;
  /// The next message, or nullopt if none comes within `most`.
  /// Fails: Unavailable, when the other end is gone.
  Result<std::optional<std::string>> receive(std::chrono::milliseconds most) const;
  int fd() const { return fd_.get(); }
  bool is_open() const { return fd_.is_open(); }
  void close() { fd_.reset(); }

 private:
  Fd fd_;
};

}  // namespace naru::sys
