#include "store/schema.h"

#include <string>

namespace naru::store {
namespace {

constexpr long long kApplicationId = 0x6E617275;  // "naru", in the header of the file

constexpr auto kMigrations = std::to_array<Migration>({
    {1,
     "keys, and a number that grows with each change of them",
     {R"(CREATE TABLE keys (
           id {counted key},
           name TEXT NOT NULL,
           hint TEXT NOT NULL,
           hash TEXT NOT NULL UNIQUE,
           created_ns BIGINT NOT NULL,
           expires_ns BIGINT,
           revoked_ns BIGINT,
           models TEXT NOT NULL))",
      "CREATE UNIQUE INDEX keys_live_name ON keys (name) WHERE revoked_ns IS NULL",
      "CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
      "INSERT INTO counters (name, value) VALUES ('keys_revision', 0), ('write_probe', 0)"}},
    {2,
     "the ledger: one row an exchange, in the order of time, with no second index",
     {R"(CREATE TABLE ledger (
           id {number key},
           key_id BIGINT NOT NULL,
           status BIGINT NOT NULL,
           attempts BIGINT NOT NULL,
           stream BIGINT NOT NULL,
           input_tokens BIGINT NOT NULL,
           cache_read_tokens BIGINT NOT NULL,
           cache_write_5m_tokens BIGINT NOT NULL,
           cache_write_1h_tokens BIGINT NOT NULL,
           output_tokens BIGINT NOT NULL,
           reasoning_tokens BIGINT NOT NULL,
           first_token_us BIGINT,
           total_us BIGINT NOT NULL,
           revision BIGINT NOT NULL,
           losses BIGINT NOT NULL,
           model TEXT NOT NULL,
           upstream TEXT NOT NULL,
           upstream_model TEXT NOT NULL,
           dialect TEXT NOT NULL,
           operation TEXT NOT NULL,
           outcome TEXT NOT NULL,
           token_method TEXT NOT NULL,
           rule TEXT NOT NULL,
           client_request_id TEXT NOT NULL))"}},
    {3,
     "facts about the installation, such as the fingerprint of its pepper",
     {"CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)"}},
    {4,
     "answers that are kept, the items of their conversations once each, and which belong to which",
     {R"(CREATE TABLE kept_answers (
           id TEXT NOT NULL,
           key_id BIGINT NOT NULL,
           expires_ns BIGINT NOT NULL,
           bytes BIGINT NOT NULL,
           body TEXT NOT NULL,
           PRIMARY KEY (key_id, id)))",
      "CREATE INDEX kept_answers_expiry ON kept_answers (expires_ns)",
      R"(CREATE TABLE kept_items (
           id TEXT NOT NULL,
           key_id BIGINT NOT NULL,
           body TEXT NOT NULL,
           PRIMARY KEY (key_id, id)))",
      R"(CREATE TABLE kept_order (
           answer_id TEXT NOT NULL,
           key_id BIGINT NOT NULL,
           position BIGINT NOT NULL,
           item_id TEXT NOT NULL,
           PRIMARY KEY (key_id, answer_id, position)))",
      "CREATE INDEX kept_order_items ON kept_order (key_id, item_id)"}},
    {5,
     "what a key may use in a minute and at once; NULL is no limit",
     {"ALTER TABLE keys ADD COLUMN requests_per_minute BIGINT",
      "ALTER TABLE keys ADD COLUMN tokens_per_minute BIGINT",
      "ALTER TABLE keys ADD COLUMN concurrency BIGINT"}},
    {6,
     "the class of a key's calls, where not all can go at once",
     {"ALTER TABLE keys ADD COLUMN priority TEXT NOT NULL DEFAULT 'interactive'"}},
});

/// How SQLite spells the words in braces. Only this column type makes the key the row's own number.
struct Word {
  std::string_view said;
  std::string_view spelt;
};
constexpr auto kSqliteWords = std::to_array<Word>({
    {"{number key}", "INTEGER PRIMARY KEY"},
    {"{counted key}", "INTEGER PRIMARY KEY AUTOINCREMENT"},
});

std::string spell(std::string_view sql) {
  std::string text(sql);
  for (const Word& word : kSqliteWords) {
    const std::size_t at = text.find(word.said);
    if (at != std::string::npos) text.replace(at, word.said.size(), word.spelt);
  }
  return text;
}

long long number(Connection& connection, const std::string& sql) {
  long long value = 0;
  connection.sql() << sql, soci::into(value);
  return value;
}

Result<void> apply(Connection& connection, const Migration& step, const Clock& clock) {
  return connection.transact([&]() -> Result<void> {
    if (step.version == 1) {
      connection.sql() << fmt::format("PRAGMA application_id = {}", kApplicationId);
      connection.sql() << "CREATE TABLE schema_versions (version BIGINT PRIMARY KEY, "
                          "reason TEXT NOT NULL, made_ns BIGINT NOT NULL)";
    }
    for (const std::string_view sql : step.sql)
      if (!sql.empty()) connection.sql() << spell(sql);
    const long long version = step.version;
    const std::string reason(step.reason);
    const long long made = clock.wall_now().time_since_epoch().count();
    connection.sql() << "INSERT INTO schema_versions (version, reason, made_ns) "
                        "VALUES (:version, :reason, :made)",
        soci::use(version), soci::use(reason), soci::use(made);
    return {};
  });
}

}  // namespace

std::span<const Migration> all_migrations() { return kMigrations; }

Result<int> schema_version(Connection& connection) {
  return connection.run([&]() -> Result<int> {
    const bool empty = number(connection, "SELECT COUNT(*) FROM sqlite_master") == 0;
    const long long maker = number(connection, "PRAGMA application_id");
    if (empty && maker == 0) return 0;
    if (maker != kApplicationId)
      return fail(FaultKind::Unavailable,
                  "{} is a database, but none of naru's; give naru a directory of its own",
                  connection.file());
    return static_cast<int>(number(connection, "SELECT MAX(version) FROM schema_versions"));
  });
}

Result<void> check_shared(Connection& connection, std::span<const Migration> steps) {
  NARU_TRY(const int have, schema_version(connection));
  for (const Migration& step : steps)
    if (step.version > have && !step.beside)
      return fail(
          FaultKind::Conflict,
          "step {} of the database's schema ({}) is not for a naru of before that still runs; "
          "stop naru and start this one",
          step.version, step.reason);
  return {};
}

Result<void> migrate(Connection& connection, std::span<const Migration> steps, const Clock& clock) {
  NARU_TRY(const int have, schema_version(connection));
  const int newest = steps.back().version;
  if (have > newest)
    return fail(FaultKind::Unavailable,
                "{} was made by a newer naru (schema {}, this one knows {}); run that one, or "
                "restore a backup of before",
                connection.file(), have, newest);
  for (const Migration& step : steps)
    if (step.version > have) NARU_TRY_VOID(apply(connection, step, clock));
  return {};
}

}  // namespace naru::store
