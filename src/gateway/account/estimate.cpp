#include "gateway/account/estimate.h"

#include <algorithm>
#include <cmath>
#include <mutex>

namespace naru::gateway {
namespace {

// Bytes of UTF-8 a token of common byte-pair vocabularies covers, before anything is learnt.
constexpr double kAsciiBytes = 4.0;
constexpr double kHangulBytes = 3.6;  // a syllable is three bytes, about 0.8 tokens
constexpr double kCjkBytes = 3.3;
constexpr double kOtherBytes = 3.0;

constexpr std::int64_t kTeachingBytes = 64;  // shorter texts are mostly template, not text
constexpr double kLessonWeight = 0.1;        // of the newest lesson in the running mean
constexpr double kLeastFactor = 0.2;
constexpr double kMostFactor = 5.0;

double plain_tokens(const chat::Tally& text) {
  return static_cast<double>(text.ascii) / kAsciiBytes +
         static_cast<double>(text.hangul) / kHangulBytes +
         static_cast<double>(text.cjk) / kCjkBytes + static_cast<double>(text.other) / kOtherBytes;
}

}  // namespace

Estimator::Factor* Estimator::find(std::string_view upstream_model) const {
  const std::shared_lock lock(mutex_);
  if (const auto found = factors_.find(upstream_model); found != factors_.end())
    return found->second.get();
  return factors_.size() >= kMaxModels ? &shared_ : nullptr;
}

Estimator::Factor& Estimator::make(std::string_view upstream_model) {
  const std::unique_lock lock(mutex_);
  if (factors_.size() >= kMaxModels && !factors_.contains(upstream_model)) return shared_;
  auto& made = factors_[std::string(upstream_model)];
  if (!made) made = std::make_unique<Factor>();
  return *made;
}

std::int64_t Estimator::tokens(std::string_view upstream_model, const chat::Tally& text) const {
  if (text.total() == 0) return 0;
  const Factor* factor = find(upstream_model);
  const double tokens = plain_tokens(text) * (factor == nullptr ? 1.0 : factor->value.load());
  return std::max<std::int64_t>(1, std::llround(tokens));
}

void Estimator::learn(std::string_view upstream_model, const chat::Tally& text,
                      std::int64_t reported) {
  if (text.total() < kTeachingBytes || reported <= 0) return;
  const double lesson =
      std::clamp(static_cast<double>(reported) / plain_tokens(text), kLeastFactor, kMostFactor);
  Factor* const known = find(upstream_model);
  std::atomic<double>& value = (known != nullptr ? *known : make(upstream_model)).value;
  double old = value.load();
  while (!value.compare_exchange_weak(old, old + kLessonWeight * (lesson - old))) {
  }
}

}  // namespace naru::gateway
