#include <array>
#include <limits>

#include "store/ledger_table.h"

namespace naru::store::ledger_table {
namespace {

constexpr auto kFirstDay = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);  // id 0

long long ids_a_day() { return first_id_at(WallTime(kFirstDay + std::chrono::days(1))); }

/// `2026-11-23`, so many days after the day of id 0.
std::string day_text(long long days) {
  const std::chrono::year_month_day day(kFirstDay + std::chrono::days(days));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

/// The query's text; of its parts only the numbers of a day are not fixed, and no word of a caller
/// is in it. Each sum is cast since PostgreSQL widens sums of BIGINT.
std::string usage_sql(const UsageQuery& query) {
  constexpr std::array<std::string_view, 7> kSums = {
      "CASE WHEN ledger.outcome = 'ok' THEN 0 ELSE 1 END",
      "ledger.input_tokens",
      "ledger.cache_read_tokens",
      "ledger.cache_write_5m_tokens",
      "ledger.cache_write_1h_tokens",
      "ledger.output_tokens",
      "ledger.reasoning_tokens"};
  std::string sql = "SELECT ";
  sql += query.by_key ? "COALESCE(keys.name, '')" : "CAST('' AS TEXT)";
  sql += query.by_model ? ", ledger.model" : ", CAST('' AS TEXT)";
  sql += query.by_day ? fmt::format(", ledger.id / {}", ids_a_day()) : ", CAST(-1 AS BIGINT)";
  sql += ", COUNT(*)";
  for (const std::string_view sum : kSums) sql += fmt::format(", CAST(SUM({}) AS BIGINT)", sum);
  sql +=
      ", CAST(SUM(CASE WHEN ledger.token_method IN ('engine', 'bytes') THEN 1 ELSE 0 END) "
      "AS BIGINT)"
      ", COALESCE(CAST(SUM(ledger.first_token_us) AS BIGINT) / "
      "NULLIF(COUNT(ledger.first_token_us), 0), 0)"
      ", CAST(SUM(ledger.total_us) AS BIGINT) / COUNT(*) FROM ledger";
  if (query.by_key || !query.key.empty()) sql += " LEFT JOIN keys ON keys.id = ledger.key_id";
  sql += " WHERE ledger.id >= :from AND ledger.id < :until";
  if (!query.key.empty()) sql += " AND keys.name = :key";
  if (!query.model.empty()) sql += " AND ledger.model = :model";
  return sql + " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
}

/// Where one row of the answer is put.
struct Into {
  UsageRow row;
  std::array<long long, 11> numbers{};  // day, exchanges, failed, six of tokens, estimated, …
  long long mean_total = 0;

  UsageRow take() const {
    UsageRow made = row;
    const auto& n = numbers;
    if (n[0] >= 0) made.day = day_text(n[0]);
    made.exchanges = n[1];
    made.failed = n[2];
    made.tokens = {.input = n[3],
                   .cache_read = n[4],
                   .cache_write_5m = n[5],
                   .cache_write_1h = n[6],
                   .output = n[7],
                   .reasoning = n[8]};
    made.estimated = n[9];
    made.mean_first_token_us = n[10];
    made.mean_total_us = mean_total;
    return made;
  }
};

void bind(soci::statement& statement, Into& into) {
  statement.exchange(soci::into(into.row.key));
  statement.exchange(soci::into(into.row.model));
  for (long long& number : into.numbers) statement.exchange(soci::into(number));
  statement.exchange(soci::into(into.mean_total));
}

}  // namespace

Result<std::vector<UsageRow>> usage(Connection& connection, const UsageQuery& query) {
  return connection.run([&]() -> Result<std::vector<UsageRow>> {
    const long long from = query.from ? first_id_at(*query.from) : 0;
    const long long until =
        query.until ? first_id_at(*query.until) : std::numeric_limits<long long>::max();
    Into into;
    soci::statement statement(connection.sql());
    bind(statement, into);
    statement.exchange(soci::use(from));
    statement.exchange(soci::use(until));
    if (!query.key.empty()) statement.exchange(soci::use(query.key));
    if (!query.model.empty()) statement.exchange(soci::use(query.model));
    statement.alloc();
    statement.prepare(usage_sql(query));
    statement.define_and_bind();
    statement.execute();
    std::vector<UsageRow> rows;
    while (statement.fetch()) rows.push_back(into.take());
    return rows;
  });
}

}  // namespace naru::store::ledger_table
