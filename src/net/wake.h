#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <cstddef>
#include <new>

#include "net/loop.h"

namespace naru::net {

/// Where one coroutine of a loop waits for a word from the same loop. No allocation, no frame of
/// its own. What the word meant stands elsewhere: whoever waits looks again after each word.
class Wake {
 public:
  explicit Wake(Loop& loop) : loop_(loop) {}
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  ~Wake();

  /// `co_await wake.wait();` Lifetime: this object stays until the wait has ended.
  auto wait() {
    return boost::asio::async_initiate<const boost::asio::deferred_t, void()>(
        Keep{this}, boost::asio::deferred);
  }
  bool waiting() const { return resume_ != nullptr; }
  /// Ends the wait soon, in a turn of its own; without a wait, nothing.
  void wake();
  /// Ends the wait within this call: only from a completion, as its last act.
  void wake_now();

 private:
  friend class Loop;
  struct Keep {
    Wake* wake;
    template <class Handler>
    void operator()(Handler&& handler) const {
      wake->keep(std::forward<Handler>(handler));
    }
  };

  template <class Handler>
  void keep(Handler handler) {
    static_assert(sizeof(Handler) <= sizeof(place_));
    ::new (static_cast<void*>(place_)) Handler(std::move(handler));
    resume_ = [](void* place, bool run) {
      auto* kept = static_cast<Handler*>(place);
      Handler taken(std::move(*kept));
      kept->~Handler();
      if (run) std::move(taken)();
    };
    link();
  }
  void link();
  void unlink();
  void end(bool run);

  Loop& loop_;
  void (*resume_)(void* place, bool run) = nullptr;
  bool posted_ = false;
  Wake* next_ = nullptr;
  Wake* before_ = nullptr;
  alignas(std::max_align_t) std::byte place_[32];
};

/// Watches what may end one wait; calls `cut` once when it does.
class UntilGuard {
 public:
  UntilGuard(Loop& loop, const Until& until, void (*cut)(void* self), void* self);

  /// Already so when built with a word that was fired before; then `cut` is not called.
  bool ended() const { return kind_ != FaultKind::Internal; }
  /// UpstreamTimeout or Cancelled: what ended it.
  std::unexpected<Fault> fault() const;

 private:
  void end(FaultKind kind);
  FaultKind kind_ = FaultKind::Internal;
  void (*cut_)(void*);
  void* self_;
  Stop::Waiter waiter_;
  Timers::Timer timer_;
};

}  // namespace naru::net
