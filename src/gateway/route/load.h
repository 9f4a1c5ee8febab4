#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "gateway/route/peak_ewma.h"

namespace naru::gateway {

/// Calls wait for different things: the first content of a stream, or a whole answer. Each kind is
/// measured by itself.
enum class Wait : std::uint8_t { FirstContent, WholeAnswer };

/// What is measured of one place that calls go to. Safe from any thread.
class Load {
 public:
  /// One call under way; destroying it ends it.
  class [[nodiscard]] Lease {
   public:
    /// A call goes there.
    Lease(std::shared_ptr<Load> load, Wait wait, Monotonic now);
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { end(); }
    /// What came of it, `took` after it was sent: an answer, or a fault that counts as
    /// `kReactions` says.
    void heard(const Result<void>& outcome, std::chrono::nanoseconds took, Monotonic now);

   private:
    void end();

    std::shared_ptr<Load> load_;
    Wait wait_;
  };

  std::uint32_t outstanding() const { return outstanding_.load(std::memory_order_relaxed); }
  /// In seconds, of calls that wait for the same; before there was one, of the others.
  std::optional<double> delay_s(Wait wait, Monotonic now) const;

 private:
  std::atomic<std::uint32_t> outstanding_{0};
  mutable std::mutex mutex_;
  std::array<PeakEwma, 2> delays_;  // by Wait
};

/// The loads of all places, by name. Safe from any thread.
class Loads {
 public:
  /// Beyond so many, those nobody uses are forgotten: models come and go with documents.
  static constexpr std::size_t kMostIdle = 4096;

  /// Made if there is none.
  std::shared_ptr<Load> find(std::string_view place);
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Load>, std::less<>> loads_;
};

}  // namespace naru::gateway
