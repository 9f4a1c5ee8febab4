#pragma once
#include <atomic>
#include <mutex>

#include "base/result.h"

namespace naru::store {

/// Whether rows can be written, and if not, why. Safe from any thread; asking costs one atomic load
/// while all is well.
class Health {
 public:
  enum class State : std::uint8_t {
    Well,
    Ill,   ///< passes when a write succeeds
    Lost,  ///< until a restart, since nobody knows what the disk holds
  };

  State state() const { return state_.load(std::memory_order_acquire); }
  Result<void> check() const {
    if (state() == State::Well) return {};
    const std::lock_guard lock(mutex_);
    return fail(why_);
  }
  /// Gives whether this is a change; a lost one stays lost.
  bool well() {
    State ill = State::Ill;
    return state_.compare_exchange_strong(ill, State::Well);
  }
  bool ill(Fault why) { return worsen(State::Ill, std::move(why)); }
  bool lost(Fault why) { return worsen(State::Lost, std::move(why)); }

 private:
  bool worsen(State to, Fault why) {
    const std::lock_guard lock(mutex_);
    if (state() == State::Lost) return false;
    why_ = std::move(why);
    return state_.exchange(to) != to;
  }

  std::atomic<State> state_{State::Well};
  mutable std::mutex mutex_;
  Fault why_;
};

}  // namespace naru::store
