#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/rng.h"

namespace naru {

/// Number of an exchange, and key of its ledger row: 63 bits, ordered by time. 42 bits of
/// milliseconds since 2024, 21 bits that count up within a millisecond, from its process's lane.
using ExchangeId = std::int64_t;

/// Gives ids that never repeat in this process and sort by time; safe from any thread.
class IdMaker {
 public:
  /// All ids come behind `after`: the last one in the ledger, so that a wall clock that was set
  /// back over a restart gives none twice.
  /// Processes that write one ledger at the same time have lanes of their own (0 to `kLanes` - 1),
  /// and so no id in common.
  explicit IdMaker(const Clock& clock, ExchangeId after = 0, unsigned lane = 0);
  static constexpr unsigned kLanes = 8;  ///< a quarter of a million ids in a millisecond each
  ExchangeId next();

 private:
  const Clock& clock_;
  const std::int64_t lane_;  // the first number of a millisecond
  std::atomic<std::int64_t> last_;
};

/// The millisecond in which an id was made.
WallTime wall_time_of(ExchangeId id);
/// Ids made at `time` (to the millisecond) or later are not below this one. Times outside of what
/// an id can say give the nearest that it can.
ExchangeId first_id_at(WallTime time);

/// `req_` and thirteen characters of Crockford's base 32: what a client sees and an operator looks
/// up.
std::string request_id(ExchangeId id);
/// The id of such a text; nullopt if it is not one.
std::optional<ExchangeId> find_exchange_id(std::string_view request_id);
/// `prefix` and 24 random letters and digits, as providers' ids look (`msg_…`, `chatcmpl-…`).
std::string random_id(std::string_view prefix, Rng& rng);

}  // namespace naru
