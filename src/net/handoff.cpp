#include "net/handoff.h"

#include "net/wake.h"

namespace naru::net {

Task<Result<void>> wait(Loop& loop, Stop& word, Until until) {
  const auto woken = [](void* wake) { static_cast<Wake*>(wake)->wake(); };
  Wake wake(loop);
  const Stop::Waiter waiter(&word, woken, &wake);
  const UntilGuard guard(loop, until, woken, &wake);
  while (!word.fired() && !guard.ended()) co_await wake.wait();
  if (!word.fired()) co_return guard.fault();
  co_return Result<void>{};
}

}  // namespace naru::net
