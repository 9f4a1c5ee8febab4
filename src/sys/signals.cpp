#include "sys/signals.h"

#include <csignal>

namespace naru::sys {

struct Signals::Mask {
  sigset_t held;
  sigset_t before;
};

Signals::Signals(std::initializer_list<int> numbers) : mask_(std::make_unique<Mask>()) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a file at its limit is then an error of the write
  sigemptyset(&mask_->held);
  for (const int number : numbers) sigaddset(&mask_->held, number);
  pthread_sigmask(SIG_BLOCK, &mask_->held, &mask_->before);
}

Signals::~Signals() { pthread_sigmask(SIG_SETMASK, &mask_->before, nullptr); }

int Signals::wait(std::chrono::milliseconds most) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(most);
  const timespec length{.tv_sec = seconds.count(),
                        .tv_nsec = std::chrono::nanoseconds(most - seconds).count()};
  const int number = sigtimedwait(&mask_->held, nullptr, &length);
  return number > 0 ? number : 0;
}

}  // namespace naru::sys
