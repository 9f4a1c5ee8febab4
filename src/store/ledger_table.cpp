#include "store/ledger_table.h"

#include <fmt/ranges.h>

namespace naru::store {
namespace {

using Numbers = std::array<long long, LedgerInsert::kNumbers>;
using Texts = std::array<std::string, LedgerInsert::kTexts>;

constexpr std::size_t kFirstToken = 10;  // the one number that may be missing
constexpr std::array<std::string_view, LedgerInsert::kNumbers + LedgerInsert::kTexts> kColumns = {
    "id",
    "key_id",
    "status",
    "attempts",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "first_token_us",
    "total_us",
    "revision",
    "losses",
    "stream",
    "model",
    "upstream",
    "upstream_model",
    "dialect",
    "operation",
    "outcome",
    "token_method",
    "rule",
    "client_request_id",
};
static_assert(kColumns[kFirstToken] == "first_token_us");

Numbers numbers_of(const LedgerRow& row) {
  return {row.id,
          row.key_id,
          row.status,
          row.attempts,
          row.tokens.input,
          row.tokens.cache_read,
          row.tokens.cache_write_5m,
          row.tokens.cache_write_1h,
          row.tokens.output,
          row.tokens.reasoning,
          row.first_token_us.value_or(0),
          row.total_us,
          row.revision,
          row.losses,
          row.stream ? 1 : 0};
}

std::array<std::string_view, LedgerInsert::kTexts> texts_of(const LedgerRow& row) {
  return {row.model,   row.upstream,        row.upstream_model, row.dialect,          row.operation,
          row.outcome, word_of(row.method), row.rule,           row.client_request_id};
}

LedgerRow row_of(const Numbers& n, const Texts& t, bool has_first_token) {
  LedgerRow row{.id = n[0],
                .key_id = n[1],
                .model = t[0],
                .upstream = t[1],
                .upstream_model = t[2],
                .dialect = t[3],
                .operation = t[4],
                .outcome = t[5],
                .status = static_cast<int>(n[2]),
                .attempts = static_cast<int>(n[3]),
                .stream = n[14] != 0,
                .tokens = {.input = n[4],
                           .cache_read = n[5],
                           .cache_write_5m = n[6],
                           .cache_write_1h = n[7],
                           .output = n[8],
                           .reasoning = n[9]},
                .method = token_method(t[6]),
                .total_us = n[11],
                .revision = n[12],
                .rule = t[7],
                .client_request_id = t[8],
                .losses = static_cast<int>(n[13])};
  if (has_first_token) row.first_token_us = n[kFirstToken];
  return row;
}

std::string insert_sql() {
  return fmt::format("INSERT INTO ledger ({}) VALUES (:{})", fmt::join(kColumns, ", "),
                     fmt::join(kColumns, ", :"));
}

/// Rows of the ledger with `rest` behind the SELECT, which binds `number` once.
Result<std::vector<LedgerRow>> select(Connection& connection, std::string_view rest,
                                      long long number) {
  return connection.run([&]() -> Result<std::vector<LedgerRow>> {
    Numbers numbers{};
    Texts texts;
    soci::indicator has_first_token = soci::i_ok;
    soci::statement query(connection.sql());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (i == kFirstToken)
        query.exchange(soci::into(numbers[i], has_first_token));
      else
        query.exchange(soci::into(numbers[i]));
    }
    for (std::string& text : texts) query.exchange(soci::into(text));
    query.exchange(soci::use(number));
    query.alloc();
    query.prepare(fmt::format("SELECT {} FROM ledger {}", fmt::join(kColumns, ", "), rest));
    query.define_and_bind();
    query.execute();
    std::vector<LedgerRow> rows;
    while (query.fetch()) rows.push_back(row_of(numbers, texts, has_first_token == soci::i_ok));
    return rows;
  });
}

}  // namespace

LedgerInsert::Bound::Bound(Connection& connection)
    : begin(connection.sql().prepare << "BEGIN IMMEDIATE"),
      insert(connection.sql()),
      commit(connection.sql().prepare << "COMMIT") {
  clear();
  add({});  // SOCI wants a row to bind against
  insert.alloc();
  insert.prepare(insert_sql());
  for (std::size_t i = 0; i < kNumbers; ++i) {
    if (i == kFirstToken)
      insert.exchange(soci::use(numbers[i], has_first_token));
    else
      insert.exchange(soci::use(numbers[i]));
  }
  for (auto& column : texts) insert.exchange(soci::use(column));
  insert.define_and_bind();
  clear();
}

void LedgerInsert::Bound::clear() {
  for (auto& column : numbers) column.clear();
  for (auto& column : texts) column.clear();
  has_first_token.clear();
}

void LedgerInsert::Bound::add(const LedgerRow& row) {
  const Numbers number = numbers_of(row);
  for (std::size_t i = 0; i < kNumbers; ++i) numbers[i].push_back(number[i]);
  const auto text = texts_of(row);
  for (std::size_t i = 0; i < kTexts; ++i) texts[i].emplace_back(text[i]);
  has_first_token.push_back(row.first_token_us ? soci::i_ok : soci::i_null);
}

Result<LedgerInsert> LedgerInsert::prepare(Connection& connection) {
  return connection.run([&]() -> Result<LedgerInsert> {
    return LedgerInsert(connection, std::make_unique<Bound>(connection));
  });
}

Result<void> LedgerInsert::write() {
  if (bound_->has_first_token.empty()) return {};
  auto done = connection_->run([&]() -> Result<void> {
    {
      const sys::Turn::Held mine = connection_->turn();
      bound_->begin.execute(true);
    }
    bound_->insert.execute(true);
    bound_->commit.execute(true);
    return {};
  });
  if (!done) connection_->roll_back();
  bound_->clear();
  return done;
}

namespace ledger_table {

Result<std::vector<LedgerRow>> recent(Connection& connection, std::size_t most) {
  return select(connection, "ORDER BY id DESC LIMIT :most", static_cast<long long>(most));
}

Result<std::optional<LedgerRow>> find(Connection& connection, ExchangeId id) {
  NARU_TRY(auto rows, select(connection, "WHERE id = :id", id));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

Result<ExchangeId> last_id(Connection& connection) {
  return connection.run([&]() -> Result<ExchangeId> {
    long long last = 0;
    connection.sql() << "SELECT COALESCE(MAX(id), 0) FROM ledger", soci::into(last);
    return last;
  });
}

}  // namespace ledger_table
}  // namespace naru::store
