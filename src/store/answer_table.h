#pragma once
#include <string>
#include <vector>

#include "store/connection.h"
#include "store/rows.h"

/// The tables `kept_answers`, `kept_items` and, which of these belong to which, `kept_order`.
namespace naru::store::answer_table {

/// What one key may have kept at a time, each answer counted with its whole conversation; beyond
/// it the oldest go.
inline constexpr std::int64_t kMostAnswers = 10'000;
inline constexpr std::int64_t kMostBytes = std::int64_t{4} << 30;

/// All or nothing. Fails: Conflict, when the key has an answer of that id, whose readers keep it.
Result<void> keep(Connection& connection, const KeptAnswer& answer);
/// What an answer holds of memory, with its items.
std::uint64_t bytes_of(const KeptAnswer& answer);
/// With all its items; nullopt if there is none, or only one that has expired. Fails: TooLarge,
/// before it is read, when it holds more than `most_bytes`.
Result<std::optional<KeptAnswer>> find(Connection& connection, std::int64_t key_id,
                                       const std::string& id, WallTime now,
                                       std::uint64_t most_bytes);
/// Those of `ids` that are there and live, in no order. Fails: TooLarge, once they hold more than
/// `most_bytes`.
Result<std::vector<KeptItem>> find_items(Connection& connection, std::int64_t key_id,
                                         const std::vector<std::string>& ids, WallTime now,
                                         std::uint64_t most_bytes);
/// Gives whether it was there. Items that no other answer needs go with it.
Result<bool> forget(Connection& connection, std::int64_t key_id, const std::string& id,
                    WallTime now);
/// At most `most` of those that have expired; gives how many.
Result<std::int64_t> forget_expired(Connection& connection, WallTime now, std::int64_t most);

}  // namespace naru::store::answer_table
