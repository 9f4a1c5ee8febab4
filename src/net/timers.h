#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace naru::net {

/// Deadlines of one loop, in a hashed wheel: setting and unsetting are O(1) and allocate nothing.
/// A timer fires at its time or at most one tick after it. Pure: whoever owns it says what time it
/// is, so a fake clock reaches every deadline.
class Timers {
 public:
  static constexpr std::chrono::milliseconds kTick{4};

  /// One deadline; unset by destruction. Belongs to one loop.
  class Timer {
   public:
    Timer(Timers& timers, void (*fired)(void* self), void* self);
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer();
    /// Sets it, or moves it. `Monotonic::max()` unsets it.
    void set(Monotonic when);
    void unset();
    bool is_set() const { return slot_ >= 0; }

   private:
    friend class Timers;
    Timers& timers_;
    void (*fired_)(void*);
    void* self_;
    Monotonic when_{};
    Timer* next_ = nullptr;
    Timer* before_ = nullptr;
    std::int32_t slot_ = -1;
  };

  explicit Timers(const Clock& clock);
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  /// Fires what is due.
  void advance();
  /// When `advance` should be called next; `Monotonic::max()` with no timer set.
  Monotonic next_due() const;
  std::size_t set_count() const { return count_; }
  const Clock& clock() const { return clock_; }
  /// Called with the earlier time whenever `next_due` moves forward; the loop re-arms itself.
  void on_earlier(void (*told)(void* self), void* self);

 private:
  static constexpr std::size_t kSlots = 4096;
  static constexpr std::int32_t kFiring = kSlots;  // the list of those about to be told
  void link(Timer& timer, std::int32_t slot);
  void unlink(Timer& timer);
  void gather_due(std::size_t slot);
  void find_next_due();
  const Clock& clock_;
  std::array<Timer*, kSlots + 1> slots_{};
  std::uint64_t tick_ = 0;  // ticks passed since the clock's epoch
  std::size_t count_ = 0;
  Monotonic next_due_ = Monotonic::max();
  void (*earlier_)(void*) = nullptr;
  void* earlier_self_ = nullptr;
};

}  // namespace naru::net
