#include "net/timers.h"

#include <algorithm>

namespace naru::net {
namespace {

using Ticks = std::uint64_t;

Ticks ticks_passed(Monotonic at) {
  return static_cast<Ticks>(std::max<std::int64_t>(0, at.time_since_epoch() / Timers::kTick));
}

/// The first tick that is not before `when`.
Ticks tick_of(Monotonic when) {
  const Ticks passed = ticks_passed(when);
  return when.time_since_epoch() > passed * Timers::kTick ? passed + 1 : passed;
}

Monotonic time_of(Ticks tick) { return Monotonic(tick * Timers::kTick); }

}  // namespace

Timers::Timer::Timer(Timers& timers, void (*fired)(void*), void* self)
    : timers_(timers), fired_(fired), self_(self) {}

Timers::Timer::~Timer() { unset(); }

void Timers::Timer::set(Monotonic when) {
  unset();
  if (when == Monotonic::max()) return;
  when_ = when;
  const Ticks due = std::max(tick_of(when), timers_.tick_ + 1);
  timers_.link(*this, static_cast<std::int32_t>(due % kSlots));
  const Monotonic fires = time_of(due);
  if (fires >= timers_.next_due_) return;
  timers_.next_due_ = fires;
  if (timers_.earlier_ != nullptr) timers_.earlier_(timers_.earlier_self_);
}

void Timers::Timer::unset() {
  if (is_set()) timers_.unlink(*this);
}

Timers::Timers(const Clock& clock) : clock_(clock), tick_(ticks_passed(clock.now())) {}

void Timers::on_earlier(void (*told)(void*), void* self) {
  earlier_ = told;
  earlier_self_ = self;
}

void Timers::link(Timer& timer, std::int32_t slot) {
  Timer*& first = slots_[static_cast<std::size_t>(slot)];
  timer.slot_ = slot;
  timer.before_ = nullptr;
  timer.next_ = first;
  if (first != nullptr) first->before_ = &timer;
  first = &timer;
  ++count_;
}

void Timers::unlink(Timer& timer) {
  if (timer.next_ != nullptr) timer.next_->before_ = timer.before_;
  if (timer.before_ != nullptr) timer.before_->next_ = timer.next_;
  Timer*& first = slots_[static_cast<std::size_t>(timer.slot_)];
  if (first == &timer) first = timer.next_;
  timer.slot_ = -1;
  --count_;
}

void Timers::gather_due(std::size_t slot) {
  for (Timer* timer = slots_[slot]; timer != nullptr;) {
    Timer* next = timer->next_;
    if (tick_of(timer->when_) <= tick_) {
      unlink(*timer);
      link(*timer, kFiring);
    }
    timer = next;
  }
}

void Timers::advance() {
  const Ticks now = ticks_passed(clock_.now());
  if (now > tick_) {
    const Ticks first = tick_ + 1;
    const Ticks slots = std::min<Ticks>(now - tick_, kSlots);
    tick_ = now;
    if (count_ > 0)
      for (Ticks i = 0; i < slots; ++i) gather_due((first + i) % kSlots);
  }
  // Who is told may set or destroy any timer, so the list is read afresh each time.
  while (Timer* timer = slots_[kFiring]) {
    unlink(*timer);
    timer->fired_(timer->self_);
  }
  find_next_due();
}

void Timers::find_next_due() {
  next_due_ = Monotonic::max();
  if (count_ == 0) return;
  // A timer further away than one turn of the wheel is looked at again once a turn.
  next_due_ = time_of(tick_ + kSlots);
  for (Ticks due = tick_ + 1; due < tick_ + kSlots; ++due) {
    for (const Timer* timer = slots_[due % kSlots]; timer != nullptr; timer = timer->next_) {
      if (tick_of(timer->when_) > due) continue;
      next_due_ = time_of(due);
      return;
    }
  }
}

Monotonic Timers::next_due() const { return next_due_; }

}  // namespace naru::net
