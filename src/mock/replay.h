#pragma once
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "mock/answer.h"

namespace naru::mock {

/// An answer rendered once, for many requests that differ only by their id.
struct Prepared {
  Answer answer;
  std::vector<std::size_t> ids = {};  ///< where the id stands in the body, in order
};

/// Renders for any id. Of a compressed body the id cannot be changed any more.
Prepared prepare(const Ask& ask, const Plan& plan);

/// Prepared answers, found again by what they answer; the oldest give way. Safe from any thread.
class Shelf {
 public:
  static constexpr std::size_t kMostAnswers = 64;
  static constexpr std::size_t kMostBytes = 128 << 20;  ///< of bodies; a larger one is not kept

  std::shared_ptr<const Prepared> take(const Ask& ask, const Plan& plan);
  std::size_t size() const;

 private:
  struct Kept {
    Ask ask;
    Plan plan;
    std::shared_ptr<const Prepared> prepared;
    std::size_t bytes;
  };
  mutable std::mutex lock_;
  std::deque<Kept> kept_;  // the newest in front
  std::size_t bytes_ = 0;
};

/// One playing of a prepared answer, under an id as long as those of random_id("").
class Replay {
 public:
  Replay(std::shared_ptr<const Prepared> prepared, std::string id)
      : prepared_(std::move(prepared)), id_(std::move(id)) {}

  const Answer& answer() const { return prepared_->answer; }
  std::vector<net::Header> headers() const;
  /// The next write, or null at the end of the pieces. Lifetime: `bytes` stays until the next one.
  const Piece* next();
  std::string_view bytes() const { return bytes_; }

 private:
  std::shared_ptr<const Prepared> prepared_;
  std::string id_;
  std::string room_;
  std::string_view bytes_;
  std::size_t piece_ = 0;
  std::size_t at_ = 0;  // bytes of the body so far
  std::size_t id_at_ = 0;
};

/// How much longer a plan lets each wait be; the same seed gives the same waits.
class Pace {
 public:
  Pace(const Plan& plan, std::uint64_t seed);
  std::chrono::microseconds of(std::chrono::microseconds wait);

 private:
  Rng rng_;
  std::chrono::microseconds jitter_;
  double spread_;  // sigma of the log-normal
};

}  // namespace naru::mock
