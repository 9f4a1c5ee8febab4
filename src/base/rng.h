#pragma once
#include <cstdint>
#include <random>
#include <span>

namespace naru {

/// Where chance comes from: weights, jitter, ids. Not for secrets (`security/random.h`).
class Rng {
 public:
  /// Seeded by the operating system, or by `seed` for a run that can be repeated.
  Rng() : engine_(std::random_device{}()) {}
  explicit Rng(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t next() { return engine_(); }
  /// Evenly in [0, bound); `bound` > 0.
  std::uint64_t below(std::uint64_t bound) {
    return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(engine_);
  }
  /// Evenly in [0, 1).
  double fraction() { return std::uniform_real_distribution<double>(0.0, 1.0)(engine_); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace naru
