#pragma once
#include <chrono>
#include <string>
#include <utility>

#include "base/result.h"
#include "sys/fd.h"

namespace naru::sys {

/// Whose turn it is to begin a transaction, among processes that write one database: while one naru
/// follows another. SQLite alone would have the slower wait for luck, since it looks for a free
/// moment now and then, and who commits again and again leaves hardly one. Who has the turn begins,
/// then gives it away; so each waits for one transaction of the other at most.
///
/// It is a lock on a byte of the directory's lock file, of this process's own description of it.
/// Source: fcntl(2), "Open file description locks".
class Turn {
 public:
  static constexpr std::chrono::milliseconds kPatience{1'000};

  /// Fails: Unavailable.
  static Result<Turn> open(const std::string& lock_file);

  /// The turn, as long as this lives.
  class [[nodiscard]] Held {
   public:
    explicit Held(int fd) : fd_(fd) {}  ///< -1: none
    Held(Held&& from) noexcept : fd_(std::exchange(from.fd_, -1)) {}
    Held& operator=(Held&&) = delete;
    ~Held();

   private:
    int fd_;
  };
  /// Waits for it, and goes without after `kPatience`: SQLite still lets only one write.
  Held take() const;

 private:
  explicit Turn(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace naru::sys
