#include "sys/signals.h"

#include <csignal>

namespace naru::sys {

struct Signals::Mask {
  sigset_t held;
  sigset_t before;
};

Signals::Signals(std::initializer_list<int> numbers) : mask_(std::make_unique<Mask>()) {
  ::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&mask_->held);
  for (const int number : numbers) sigaddset(&mask_->held, number);
  pthread_sigmask(SIG_BLOCK, &mask_->held, &mask_->before);
}

Signals::~Signals() { pthread_sigmask(SIG_SETMASK, &mask_->before, nullptr); }

int Signals::wait() {
  int number = 0;
  while (sigwait(&mask_->held, &number) != 0) {
  }
  return number;
}

}  // namespace naru::sys
