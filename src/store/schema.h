#pragma once
#include <array>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "store/connection.h"

namespace naru::store {

/// One step of the schema. Steps are never changed once released; a new one is added behind.
struct Migration {
  int version;              ///< 1, 2, 3, …
  std::string_view reason;  ///< for whoever reads `schema_versions`
  /// Statements in order; empty ones are skipped. `{number key}` stands for a key the writer gives,
  /// `{counted key}` for one the database counts: the two words SQLite and PostgreSQL spell apart.
  std::array<std::string_view, 5> sql;
  /// A naru that knows the steps before alone can go on with the database after this one: its
  /// statements mean the same, and what it writes is whole. Else an upgrade without a stop is
  /// refused.
  bool beside = false;
};

/// All steps, oldest first.
std::span<const Migration> all_migrations();

/// Brings the database to the last of `steps`, each step a transaction of its own.
/// Fails: Unavailable when a newer naru made the database, or it is none of naru's.
Result<void> migrate(Connection& connection, std::span<const Migration> steps, const Clock& clock);

/// Whether the steps that are to come leave alone who uses the database meanwhile.
/// Fails: Conflict, saying that naru must be stopped for the upgrade; else as `schema_version`.
Result<void> check_shared(Connection& connection, std::span<const Migration> steps);

/// The version the database has; 0 for an empty one.
/// Fails: Unavailable when it is none of naru's.
Result<int> schema_version(Connection& connection);

}  // namespace naru::store
