#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fault.h"

namespace naru::gateway {

/// What recent calls say about each upstream. One that fails several times in a row, or says how
/// long it wants to be left alone, cools down and is tried last. Safe from any thread.
class Health {
 public:
  static constexpr int kFailuresToCool = 3;  ///< in a row
  static constexpr std::chrono::seconds kFirstCooling{5};
  static constexpr std::chrono::seconds kMostCooling{60};

  explicit Health(const Clock& clock) : clock_(clock) {}

  /// Until when `upstream` cools; nullopt when it does not.
  std::optional<Monotonic> cooling(std::string_view upstream) const;
  void succeeded(std::string_view upstream);
  /// Counts faults of the upstream itself; a request it rightly refused is none.
  void failed(std::string_view upstream, const Fault& fault);

  struct State {
    int failures = 0;  ///< in a row
    int coolings = 0;  ///< in a row, each twice as long
    Monotonic until{};
    std::string last_fault;  ///< word of its kind
  };
  /// For people: what is known of `upstream`.
  State state(std::string_view upstream) const;

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, State, std::less<>> states_;
};

}  // namespace naru::gateway
