#pragma once
#include <chrono>
#include <cstddef>

#include "base/clock.h"

namespace naru::net {

/// A word that ends waits early: the client is gone, the process stops. Belongs to one loop.
class Stop {
 public:
  /// Somebody to be told; unlinks itself when destroyed. Ask `fired` first: who comes after the
  /// word is told only if it is fired again.
  class Waiter {
   public:
    Waiter(Stop* stop, void (*told)(void* self), void* self);  ///< `stop` may be null
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter();

   private:
    friend class Stop;
    void unlink();
    Stop* stop_;
    void (*told_)(void*);
    void* self_;
    Waiter* next_ = nullptr;
    Waiter* before_ = nullptr;
  };

  Stop() = default;
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;
  ~Stop();
  /// Tells every waiter, once; later waits end at once. A waiter that is told does not destroy this
  /// word.
  void fire();
  bool fired() const { return fired_; }

 private:
  Waiter* first_ = nullptr;
  bool fired_ = false;
};

/// What ends a wait: a point of monotonic time, or a word. Each waiting function takes one.
/// A wait ended by time gives UpstreamTimeout, by the word Cancelled.
struct Until {
  Monotonic deadline = Monotonic::max();
  Stop* stop = nullptr;  ///< borrowed; outlives the wait

  bool stopped() const { return stop != nullptr && stop->fired(); }
  /// The same word, and the earlier of both times.
  Until by(Monotonic other) const { return {other < deadline ? other : deadline, stop}; }
};

}  // namespace naru::net
