#include "net/wake.h"

#include <boost/asio/post.hpp>

namespace naru::net {

Wake::~Wake() {
  if (waiting()) end(false);
}

void Wake::wake() {
  if (!waiting() || posted_) return;
  posted_ = true;
  // Until this runs the wait goes on, and with it the life of this object.
  boost::asio::post(loop_.context(), [this] {
    posted_ = false;
    end(true);
  });
}

void Wake::wake_now() {
  if (waiting() && !posted_) end(true);
}

void Wake::end(bool run) {
  unlink();
  std::exchange(resume_, nullptr)(place_, run);
}

UntilGuard::UntilGuard(Loop& loop, const Until& until, void (*cut)(void*), void* self)
    : cut_(cut),
      self_(self),
      waiter_(
          until.stop,
          [](void* guard) { static_cast<UntilGuard*>(guard)->end(FaultKind::Cancelled); }, this),
      timer_(
          loop.timers(),
          [](void* guard) { static_cast<UntilGuard*>(guard)->end(FaultKind::UpstreamTimeout); },
          this) {
  if (until.stopped()) {
    kind_ = FaultKind::Cancelled;
    return;
  }
  timer_.set(until.deadline);
}

void UntilGuard::end(FaultKind kind) {
  if (ended()) return;
  kind_ = kind;
  cut_(self_);
}

std::unexpected<Fault> UntilGuard::fault() const {
  if (kind_ == FaultKind::UpstreamTimeout) return fail(kind_, "the time for it is over");
  return fail(FaultKind::Cancelled, "nobody waits for it any more");
}

}  // namespace naru::net
