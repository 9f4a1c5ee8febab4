#pragma once
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"

namespace naru::mock {

/// What became of a request.
enum class Close : std::uint8_t {
  Open,      ///< still under way
  Answered,  ///< the answer went out as planned
  Gone,      ///< the client left first
};

/// One request as it came.
struct Entry {
  std::uint64_t number = 0;  ///< counts from 1
  std::string head;          ///< as it came, with its empty line
  std::string body;          ///< without the framing of its chunks
  WallTime arrived{};
  WallTime closed{};
  Close close = Close::Open;
  int status = 0;
};

/// The requests of a mock, the newest at the end; the oldest give way when it is full. Safe from
/// any thread.
class Journal {
 public:
  static constexpr std::size_t kMostEntries = 20'000;
  static constexpr std::size_t kMostBytes = 256 << 20;  ///< of bodies and headers

  /// Gives the entry's number.
  std::uint64_t open(Entry entry);
  void close(std::uint64_t number, Close how, int status, WallTime at);
  void clear();
  std::vector<Entry> entries() const;
  /// `{"requests":[…],"dropped":0}`; heads as lines, bodies as text, both as base64 whatever they
  /// are; times in microseconds since 1970, null while open.
  std::string json() const;

 private:
  mutable std::mutex lock_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t next_ = 1;
  std::uint64_t dropped_ = 0;
};

}  // namespace naru::mock
