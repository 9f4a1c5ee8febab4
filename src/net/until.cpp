#include "net/until.h"

namespace naru::net {

Stop::Waiter::Waiter(Stop* stop, void (*told)(void*), void* self)
    : stop_(stop), told_(told), self_(self) {
  if (stop_ == nullptr) return;
  next_ = stop_->first_;
  if (next_ != nullptr) next_->before_ = this;
  stop_->first_ = this;
}

Stop::Waiter::~Waiter() { unlink(); }

void Stop::Waiter::unlink() {
  if (stop_ == nullptr) return;
  if (before_ != nullptr) before_->next_ = next_;
  if (next_ != nullptr) next_->before_ = before_;
  if (stop_->first_ == this) stop_->first_ = next_;
  stop_ = nullptr;
  next_ = nullptr;
  before_ = nullptr;
}

Stop::~Stop() {
  while (first_ != nullptr) first_->unlink();
}

void Stop::fire() {
  fired_ = true;
  // A waiter that is told may unlink others, so the list is read afresh each time.
  while (Waiter* waiter = first_) {
    waiter->unlink();
    waiter->told_(waiter->self_);
  }
}

}  // namespace naru::net
