#pragma once
#include <array>
#include <span>
#include <string>
#include <vector>

#include "store/connection.h"
#include "store/rows.h"

namespace naru::store {

/// Writes rows of the ledger by one prepared statement. Belongs to its connection.
class LedgerInsert {
 public:
  /// Lifetime: `connection` outlives it.
  static Result<LedgerInsert> prepare(Connection& connection);
  /// Notes a row for the next `write`.
  void add(const LedgerRow& row) { bound_->add(row); }
  /// All rows that were noted in one transaction, or none; either way they are noted no more.
  /// Fails: Conflict when the ledger has one of the ids already; Unavailable; the connection's
  /// `trouble()` says more.
  Result<void> write();

  static constexpr std::size_t kNumbers = 15;
  static constexpr std::size_t kTexts = 9;

 private:
  /// The bound columns; the statement keeps their addresses, so they never move.
  struct Bound {
    explicit Bound(Connection& connection);
    void clear();
    void add(const LedgerRow& row);
    std::array<std::vector<long long>, kNumbers> numbers;
    std::array<std::vector<std::string>, kTexts> texts;
    std::vector<soci::indicator> has_first_token;
    soci::statement begin;
    soci::statement insert;
    soci::statement commit;
  };
  LedgerInsert(Connection& connection, std::unique_ptr<Bound> bound)
      : connection_(&connection), bound_(std::move(bound)) {}

  Connection* connection_;
  std::unique_ptr<Bound> bound_;
};

/// Reading the ledger.
namespace ledger_table {
/// Newest first.
Result<std::vector<LedgerRow>> recent(Connection& connection, std::size_t most);
Result<std::optional<LedgerRow>> find(Connection& connection, ExchangeId id);
/// The highest id; 0 if the ledger is empty.
Result<ExchangeId> last_id(Connection& connection);
/// Sums, grouped and filtered as `query` says, in the order of key, model, day.
Result<std::vector<UsageRow>> usage(Connection& connection, const UsageQuery& query);
}  // namespace ledger_table

}  // namespace naru::store
