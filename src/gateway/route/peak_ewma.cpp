#include "gateway/route/peak_ewma.h"

#include <algorithm>
#include <cmath>

namespace naru::gateway {
namespace {

double seconds(std::chrono::nanoseconds length) {
  return std::chrono::duration<double>(length).count();
}

/// How much of what was known so long ago still counts.
double kept_after(std::chrono::nanoseconds length) {
  return std::exp(-seconds(length) / seconds(PeakEwma::kDecay));
}

}  // namespace

void PeakEwma::asked(Monotonic now) { asked_ = now; }

void PeakEwma::answered(std::chrono::nanoseconds took, Monotonic now) {
  const double sample = seconds(took);
  const double kept = known_ ? kept_after(now - heard_) : 0;
  value_ = std::max(sample, value_ * kept + sample * (1 - kept));  // a peak counts in full
  known_ = true;
  heard_ = now;
}

void PeakEwma::failed(std::chrono::nanoseconds took, Monotonic now) {
  const double counts = std::clamp(2 * value_, seconds(kLeastOfFailed), seconds(kMostOfFailed));
  value_ = std::max(counts, seconds(took));
  known_ = true;
  heard_ = now;
}

void PeakEwma::given_up(std::chrono::nanoseconds waited, Monotonic now) {
  if (seconds(waited) > (known_ ? value_ : seconds(kLeastOfFailed))) answered(waited, now);
}

std::optional<double> PeakEwma::delay_s(Monotonic now) const {
  if (!known_) return std::nullopt;
  return value_ * kept_after(now - std::max(heard_, asked_));
}

}  // namespace naru::gateway
