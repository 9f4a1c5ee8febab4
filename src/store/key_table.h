#pragma once
#include <string>
#include <vector>

#include "store/connection.h"
#include "store/rows.h"

/// The table `keys`. Each change also moves the keys' revision, in the same transaction.
namespace naru::store::key_table {

/// Gives the row with its id. Fails: InvalidRequest (no name), Conflict (a live key has it).
Result<KeyRow> add(Connection& connection, KeyRow row);
Result<std::vector<KeyRow>> list(Connection& connection);
/// The live key of that name, else of that id. Fails: InvalidRequest when there is none.
Result<KeyRow> revoke(Connection& connection, const std::string& name_or_id, WallTime now);
/// Changes the key `revoke` would find. Fails: likewise.
Result<KeyRow> change(Connection& connection, const std::string& name_or_id,
                      const KeyChange& change);
Result<std::optional<KeyRow>> find(Connection& connection, const security::KeyHash& hash);
/// A number that grew if any key has changed since.
Result<std::int64_t> revision(Connection& connection);
/// Remembers the fingerprint when there is none or no key; else fails (Unavailable) if it differs.
Result<void> check_pepper(Connection& connection, const std::string& fingerprint);

}  // namespace naru::store::key_table
