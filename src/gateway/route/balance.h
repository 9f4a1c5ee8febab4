#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/rng.h"

/// How calls are spread over the targets of one tier. Pure: what is known of each comes in as plain
/// data, an order to try them in goes out. Each order has every target once. Weights mean capacity
/// in every rule: twice the weight, twice the calls.
namespace naru::gateway {

/// What a model's `balance` may say.
enum class Balance : std::uint8_t { Weight, LeastOutstanding, PeakEwma, Prefix };
/// As in documents and in the ledger.
std::string_view word_of(Balance balance);

/// What a rule knows of one target.
struct Standing {
  std::uint32_t weight = 1;            ///< more than 0
  std::uint32_t outstanding = 0;       ///< calls under way there
  std::uint32_t slots = 0;             ///< calls it computes at once; 0: not known
  bool asleep = false;                 ///< an engine that would have to be loaded first
  std::optional<double> delay_s = {};  ///< how long it lets a call wait; nullopt: not known yet
  std::uint64_t place = 0;             ///< from its name, by `place_of`
};

/// Whether it would begin with a call at once, as far as we know.
bool has_room(const Standing& standing);

/// By chance in proportion to weight.
std::vector<std::size_t> order_by_weight(std::span<const Standing> standings, Rng& rng);

/// First those with room; then by calls under way for their weight, the fewest first; of equals by
/// chance.
std::vector<std::size_t> order_by_outstanding(std::span<const Standing> standings, Rng& rng);

/// Two are drawn by weight, and the one where a call costs less goes first; the other competes with
/// the next that is drawn, and so on.
std::vector<std::size_t> order_by_delay(std::span<const Standing> standings, Rng& rng);
/// What a further call costs there: the delay once for it and for each call under way, for its
/// weight. Nothing where the delay is not known, so that it becomes known, but by one call at a
/// time: while that is under way, more than anywhere where it is known.
double cost_of(const Standing& standing);

/// Where conversations stay: by rendezvous hashing of `key`, so that one target more or less moves
/// its own share alone. First those with room, of these first those that are within their share.
/// Source: Thaler and Ravishankar 1998; Mirrokni, Thorup and Zadimoghaddam 2016 (bounded loads).
std::vector<std::size_t> order_by_prefix(std::span<const Standing> standings, std::uint64_t key);
/// The target `key` belongs to, whatever is under way. `standings` is not empty.
std::size_t home_of(std::span<const Standing> standings, std::uint64_t key);
/// How many calls a target of that weight may have, of `calls` at targets of `weights` in all: a
/// quarter more than its part, but `kSmallShare` always, since few calls are no crowd.
std::uint64_t share_of(std::uint64_t calls, std::uint32_t weight, std::uint64_t weights);
inline constexpr std::uint64_t kSmallShare = 4;

/// The same for a name in every process.
std::uint64_t place_of(std::string_view name);

}  // namespace naru::gateway
