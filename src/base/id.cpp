#include "base/id.h"

#include <algorithm>

namespace naru {
namespace {

constexpr std::int64_t kEpochMs = 1'704'067'200'000;  // 2024-01-01T00:00:00Z
constexpr int kCountBits = 21;
constexpr int kLaneShift = 18;
static_assert(IdMaker::kLanes == 1U << (kCountBits - kLaneShift));
constexpr std::int64_t kMostMs = (std::int64_t{1} << 42) - 1;
constexpr std::string_view kCrockford = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::string_view kLetters =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kRequestPrefix = "req_";
constexpr std::size_t kRequestDigits = 13;

}  // namespace

IdMaker::IdMaker(const Clock& clock, ExchangeId after, unsigned lane)
    : clock_(clock), lane_(std::int64_t{lane % kLanes} << kLaneShift), last_(after) {
  // Should the clock have been set back, the ids right behind those of another lane are its own.
  constexpr std::int64_t kLaneBits = std::int64_t{kLanes - 1} << kLaneShift;
  if ((after & kLaneBits) != lane_) last_ = (((after >> kCountBits) + 1) << kCountBits | lane_) - 1;
}

ExchangeId IdMaker::next() {
  const auto wall =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall_now().time_since_epoch());
  const std::int64_t base = ((wall.count() - kEpochMs) << kCountBits) | lane_;
  std::int64_t last = last_.load(std::memory_order_relaxed);
  std::int64_t id = 0;
  do {
    id = base > last ? base : last + 1;
  } while (!last_.compare_exchange_weak(last, id, std::memory_order_relaxed));
  return id;
}

WallTime wall_time_of(ExchangeId id) {
  return WallTime(std::chrono::milliseconds((id >> kCountBits) + kEpochMs));
}

ExchangeId first_id_at(WallTime time) {
  const auto wall = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  return std::clamp(wall.count() - kEpochMs, std::int64_t{0}, kMostMs) << kCountBits;
}

std::string request_id(ExchangeId id) {
  std::string text(kRequestPrefix);
  for (int shift = 60; shift >= 0; shift -= 5)
    text.push_back(kCrockford[static_cast<std::size_t>(id >> shift) & 31]);
  return text;
}

std::optional<ExchangeId> find_exchange_id(std::string_view request_id) {
  if (!request_id.starts_with(kRequestPrefix)) return std::nullopt;
  request_id.remove_prefix(kRequestPrefix.size());
  if (request_id.size() != kRequestDigits || request_id[0] > '7') return std::nullopt;
  ExchangeId id = 0;
  for (const char c : request_id) {
    const std::size_t digit = kCrockford.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    id = (id << 5) | static_cast<ExchangeId>(digit);
  }
  return id;
}

std::string random_id(std::string_view prefix, Rng& rng) {
  std::string text(prefix);
  for (int i = 0; i < 24; ++i) text.push_back(kLetters[rng.below(kLetters.size())]);
  return text;
}

}  // namespace naru
