#pragma once
#include <chrono>

namespace naru {

using Monotonic = std::chrono::steady_clock::time_point;           ///< for waits and durations
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;  ///< for records people read

/// Where time comes from. Waits use monotonic time only: a jump of the wall clock changes nothing.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Monotonic now() const = 0;
  virtual WallTime wall_now() const = 0;
};

/// The operating system's clocks.
class SystemClock final : public Clock {
 public:
  Monotonic now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall_now() const override { return std::chrono::system_clock::now(); }
};

/// A clock that stands until told to move; for tests.
class ManualClock final : public Clock {
 public:
  Monotonic now() const override { return now_; }
  WallTime wall_now() const override { return wall_; }
  void advance(std::chrono::nanoseconds by) {
    now_ += by;
    wall_ += by;
  }

 private:
  Monotonic now_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::seconds(1'800'000'000)};
};

}  // namespace naru
