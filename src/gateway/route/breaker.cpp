#include "gateway/route/breaker.h"

#include <algorithm>
#include <array>

namespace naru::gateway {

std::chrono::nanoseconds Breaker::wait(Monotonic now) const {
  const Monotonic from = std::max(next_probe_, asked_);
  if (!open_ || now >= from) return {};
  // When a probe will tell, nobody knows; most tell soon.
  return probing_ ? std::min<std::chrono::nanoseconds>(from - now, kBetweenProbes) : from - now;
}

std::chrono::nanoseconds Breaker::admit(Monotonic now) {
  const auto left = wait(now);
  if (!open_ || left.count() > 0) return left;
  probing_ = true;
  last_probe_ = now;
  next_probe_ = now + kProbePatience;
  return left;
}

void Breaker::succeeded(Monotonic now) {
  if (open_) *this = Breaker();
  in_a_row_ = 0;
  count(now, false);
}

bool Breaker::failed(Monotonic now, std::uint32_t failures_to_open) {
  ++in_a_row_;
  count(now, true);
  if (open_) {
    ended_unheard();
    return false;
  }
  const bool too_many = outcomes_ >= kOutcomesToJudge && failures_ * 2 >= outcomes_;
  open_ = failures_to_open > 0 && (in_a_row_ >= failures_to_open || too_many);
  if (open_) next_probe_ = now + kBetweenProbes;
  return open_;
}

void Breaker::ended_unheard() {
  if (probing_) next_probe_ = last_probe_ + kBetweenProbes;
  probing_ = false;
}

void Breaker::leave_alone(Monotonic until) { asked_ = std::max(asked_, until); }

Breaker::State Breaker::state() const {
  if (!open_) return State::Closed;
  return probing_ ? State::HalfOpen : State::Open;
}

void Breaker::count(Monotonic now, bool failure) {
  if (now - window_began_ >= kWindow) {
    window_began_ = now;
    outcomes_ = failures_ = 0;
  }
  ++outcomes_;
  if (failure) ++failures_;
}

std::string_view word_of(Breaker::State state) {
  constexpr std::array<std::string_view, 3> kWords = {"closed", "open", "half open"};
  return kWords[static_cast<std::size_t>(state)];
}

}  // namespace naru::gateway
