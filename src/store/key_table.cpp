#include "store/key_table.h"

#include <charconv>

#include "base/json.h"
#include "base/json_writer.h"

namespace naru::store::key_table {
namespace {

constexpr std::size_t kMostNameBytes = 128;
constexpr long long kNone = -1;  // in place of NULL on the way out of the database

std::string models_text(const std::vector<std::string>& models) {
  std::string text;
  json::Writer out(text);
  out.array();
  for (const std::string& model : models) out.text(model);
  out.end_array();
  return text;
}

Result<std::vector<std::string>> models_of(const std::string& text) {
  NARU_TRY(const json::Tree tree, json::Tree::parse(text));
  std::vector<std::string> models;
  for (const json::ValueView model : tree.root()) models.emplace_back(model.text());
  return models;
}

long long nanos(WallTime time) { return time.time_since_epoch().count(); }

std::optional<WallTime> time_of(long long nanos_or_none) {
  if (nanos_or_none == kNone) return std::nullopt;
  return WallTime(std::chrono::nanoseconds(nanos_or_none));
}

int digit_of(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

security::KeyHash hash_of(const std::string& hex) {
  security::KeyHash hash{};
  for (std::size_t i = 0; i < hash.size() && 2 * i + 1 < hex.size(); ++i)
    hash[i] = static_cast<std::uint8_t>(digit_of(hex[2 * i]) * 16 + digit_of(hex[2 * i + 1]));
  return hash;
}

/// Where one row of the answer is put.
struct Columns {
  long long id = 0;
  std::string name, hint, hash;
  long long created = 0, expires = kNone, revoked = kNone;
  std::string models;
  std::array<long long, kKeyLimits.size()> limits = {};
  std::string priority;

  static constexpr std::string_view kSelect =
      "SELECT id, name, hint, hash, created_ns, COALESCE(expires_ns, -1), "
      "COALESCE(revoked_ns, -1), models, COALESCE(requests_per_minute, -1), "
      "COALESCE(tokens_per_minute, -1), COALESCE(concurrency, -1), priority "
      "FROM keys ";

  void bind(soci::statement& query) {
    query.exchange(soci::into(id));
    for (std::string* text : {&name, &hint, &hash}) query.exchange(soci::into(*text));
    for (long long* time : {&created, &expires, &revoked}) query.exchange(soci::into(*time));
    query.exchange(soci::into(models));
    for (long long& limit : limits) query.exchange(soci::into(limit));
    query.exchange(soci::into(priority));
  }

  Result<KeyRow> row() const {
    NARU_TRY(auto allowed, models_of(models));
    KeyLimits may_use;
    for (std::size_t i = 0; i < limits.size(); ++i)
      if (limits[i] != kNone) may_use.*kKeyLimits[i].place = limits[i];
    return KeyRow{.id = id,
                  .name = name,
                  .hint = hint,
                  .hash = hash_of(hash),
                  .created = WallTime(std::chrono::nanoseconds(created)),
                  .expires = time_of(expires),
                  .revoked = time_of(revoked),
                  .models = std::move(allowed),
                  .limits = may_use,
                  .priority = find_priority(priority).value_or(Priority::Interactive)};
  }
};

/// Rows of `SELECT … FROM keys` with `rest` behind it, which may bind `text` once.
Result<std::vector<KeyRow>> select(Connection& connection, std::string_view rest,
                                   const std::string* text = nullptr) {
  return connection.run([&]() -> Result<std::vector<KeyRow>> {
    Columns at;
    soci::statement query(connection.sql());
    at.bind(query);
    if (text != nullptr) query.exchange(soci::use(*text));
    query.alloc();
    query.prepare(std::string(Columns::kSelect).append(rest));
    query.define_and_bind();
    query.execute();
    std::vector<KeyRow> rows;
    while (query.fetch()) {
      NARU_TRY(KeyRow row, at.row());
      rows.push_back(std::move(row));
    }
    return rows;
  });
}

void count_change(Connection& connection) {
  connection.sql() << "UPDATE counters SET value = value + 1 WHERE name = 'keys_revision'";
}

/// What may change of a key.
void write_changeable(Connection& connection, long long id, const KeyRow& row) {
  std::array<long long, kKeyLimits.size()> values = {};
  std::array<soci::indicator, kKeyLimits.size()> present = {};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& limit = row.limits.*kKeyLimits[i].place;
    values[i] = limit.value_or(0);
    present[i] = limit ? soci::i_ok : soci::i_null;
  }
  const std::string priority(word_of(row.priority));
  connection.sql() << "UPDATE keys SET requests_per_minute = :requests, "
                      "tokens_per_minute = :tokens, concurrency = :concurrency, "
                      "priority = :priority WHERE id = :id",
      soci::use(values[0], present[0]), soci::use(values[1], present[1]),
      soci::use(values[2], present[2]), soci::use(priority), soci::use(id);
}

Result<void> check_name(Connection& connection, const std::string& name) {
  if (name.empty() || name.size() > kMostNameBytes)
    return fail(FaultKind::InvalidRequest, "a key's name has 1 to {} bytes, this one has {}",
                kMostNameBytes, name.size());
  NARU_TRY(const auto same, select(connection, "WHERE name = :name AND revoked_ns IS NULL", &name));
  if (!same.empty())
    return fail(FaultKind::Conflict,
                "a live key is named '{}'; revoke it first or choose another name", name);
  return {};
}

Result<KeyRow> live(Connection& connection, const std::string& name_or_id) {
  NARU_TRY(auto rows, select(connection, "WHERE name = :name AND revoked_ns IS NULL", &name_or_id));
  if (rows.empty()) {
    NARU_TRY(rows, select(connection, "WHERE CAST(id AS TEXT) = :id AND revoked_ns IS NULL",
                          &name_or_id));
  }
  if (rows.empty())
    return fail(FaultKind::InvalidRequest,
                "no live key has the name or id '{}'; list them with naru keys list", name_or_id);
  return std::move(rows.front());
}

}  // namespace

Result<KeyRow> add(Connection& connection, KeyRow row) {
  return connection.transact([&]() -> Result<KeyRow> {
    NARU_TRY_VOID(check_name(connection, row.name));
    const std::string hash = security::to_hex(row.hash);
    const std::string models = models_text(row.models);
    const long long created = nanos(row.created);
    const long long expires = row.expires ? nanos(*row.expires) : 0;
    soci::indicator has_expiry = row.expires ? soci::i_ok : soci::i_null;
    long long id = 0;
    connection.sql() << "INSERT INTO keys (name, hint, hash, created_ns, expires_ns, models) "
                        "VALUES (:name, :hint, :hash, :created, :expires, :models) RETURNING id",
        soci::use(row.name), soci::use(row.hint), soci::use(hash), soci::use(created),
        soci::use(expires, has_expiry), soci::use(models), soci::into(id);
    write_changeable(connection, id, row);
    count_change(connection);
    row.id = id;
    return row;
  });
}

Result<std::vector<KeyRow>> list(Connection& connection) {
  return select(connection, "ORDER BY id");
}

Result<KeyRow> revoke(Connection& connection, const std::string& name_or_id, WallTime now) {
  return connection.transact([&]() -> Result<KeyRow> {
    NARU_TRY(KeyRow row, live(connection, name_or_id));
    const long long revoked = nanos(now);
    const long long id = row.id;
    connection.sql() << "UPDATE keys SET revoked_ns = :revoked WHERE id = :id", soci::use(revoked),
        soci::use(id);
    count_change(connection);
    row.revoked = now;
    return row;
  });
}

Result<KeyRow> change(Connection& connection, const std::string& name_or_id,
                      const KeyChange& change) {
  return connection.transact([&]() -> Result<KeyRow> {
    NARU_TRY(KeyRow row, live(connection, name_or_id));
    for (const KeyLimitChange& each : change.limits) row.limits.*each.limit.place = each.to;
    row.priority = change.priority.value_or(row.priority);
    write_changeable(connection, row.id, row);
    count_change(connection);
    return row;
  });
}

Result<std::optional<KeyRow>> find(Connection& connection, const security::KeyHash& hash) {
  const std::string hex = security::to_hex(hash);
  NARU_TRY(auto rows, select(connection, "WHERE hash = :hash", &hex));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

Result<std::int64_t> revision(Connection& connection) {
  return connection.run([&]() -> Result<std::int64_t> {
    long long value = 0;
    connection.sql() << "SELECT value FROM counters WHERE name = 'keys_revision'",
        soci::into(value);
    return value;
  });
}

Result<void> check_pepper(Connection& connection, const std::string& fingerprint) {
  return connection.transact([&]() -> Result<void> {
    std::string known;
    long long keys = 0;
    connection.sql() << "SELECT COUNT(*) FROM keys", soci::into(keys);
    connection.sql() << "SELECT value FROM facts WHERE name = 'pepper_fingerprint'",
        soci::into(known);
    if (known == fingerprint) return {};
    if (keys > 0 && !known.empty())
      return fail(FaultKind::Unavailable,
                  "the {} keys in {} were hashed under another pepper; put its file back, or start "
                  "with an empty data directory",
                  keys, connection.file());
    connection.sql() << "INSERT INTO facts (name, value) VALUES ('pepper_fingerprint', :value) "
                        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        soci::use(fingerprint);
    return {};
  });
}

}  // namespace naru::store::key_table
