#include "store/answer_table.h"

namespace naru::store::answer_table {
namespace {

long long nanos(WallTime time) { return time.time_since_epoch().count(); }

/// The answer, and what no other answer needs of its conversation.
void drop_answer(Connection& connection, long long key, const std::string& id) {
  connection.sql() << "DELETE FROM kept_items WHERE key_id = :key AND id IN "
                      "(SELECT item_id FROM kept_order WHERE key_id = :key2 AND answer_id = :id) "
                      "AND NOT EXISTS (SELECT 1 FROM kept_order o "
                      "WHERE o.key_id = kept_items.key_id AND o.item_id = kept_items.id "
                      "AND o.answer_id <> :id2)",
      soci::use(key, "key"), soci::use(key, "key2"), soci::use(id, "id"), soci::use(id, "id2");
  connection.sql() << "DELETE FROM kept_order WHERE key_id = :key AND answer_id = :id",
      soci::use(key), soci::use(id);
  connection.sql() << "DELETE FROM kept_answers WHERE key_id = :key AND id = :id", soci::use(key),
      soci::use(id);
}

/// Ids are their makers': where another item has it already, this one is kept under a further name.
std::string put_item(Connection& connection, long long key, const KeptItem& item) {
  std::string id = item.id;
  for (int copy = 2;; ++copy) {
    std::string body;
    connection.sql() << "SELECT body FROM kept_items WHERE key_id = :key AND id = :id",
        soci::use(key), soci::use(id), soci::into(body);
    if (!connection.sql().got_data()) break;
    if (body == item.body) return id;
    id = fmt::format("{}~{}", item.id, copy);
  }
  connection.sql() << "INSERT INTO kept_items (id, key_id, body) VALUES (:id, :key, :body)",
      soci::use(id), soci::use(key), soci::use(item.body);
  return id;
}

void put_items(Connection& connection, const KeptAnswer& answer) {
  const long long key = answer.key_id;
  long long position = 0;
  for (const KeptItem& item : answer.items) {
    const std::string id = put_item(connection, key, item);
    connection.sql() << "INSERT INTO kept_order (answer_id, key_id, position, item_id) "
                        "VALUES (:answer, :key, :position, :item)",
        soci::use(answer.id), soci::use(key), soci::use(position), soci::use(id);
    ++position;
  }
}

std::unexpected<Fault> too_large(std::uint64_t bytes, std::uint64_t most_bytes) {
  return fail(FaultKind::TooLarge, "what is kept holds {} bytes; at most {} are asked for", bytes,
              most_bytes);
}

/// What one key may have kept at a time; its oldest answers go first.
void make_room(Connection& connection, long long key, long long bytes) {
  for (;;) {
    long long count = 0;
    long long held = 0;
    std::string oldest;
    connection.sql() << "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM kept_answers "
                        "WHERE key_id = :key",
        soci::use(key), soci::into(count), soci::into(held);
    if (count == 0 || (count < kMostAnswers && held + bytes <= kMostBytes)) return;
    connection.sql() << "SELECT id FROM kept_answers WHERE key_id = :key "
                        "ORDER BY expires_ns LIMIT 1",
        soci::use(key), soci::into(oldest);
    drop_answer(connection, key, oldest);
  }
}

/// What is written of a live answer beside what it says.
struct Label {
  long long expires = 0;
  long long bytes = 0;
};
std::optional<Label> find_label(Connection& connection, long long key, const std::string& id,
                                WallTime now) {
  Label label;
  connection.sql() << "SELECT expires_ns, bytes FROM kept_answers WHERE id = :id AND key_id = :key",
      soci::use(id), soci::use(key), soci::into(label.expires), soci::into(label.bytes);
  if (!connection.sql().got_data() || label.expires <= nanos(now)) return std::nullopt;
  return label;
}

void read_body(Connection& connection, KeptAnswer& answer) {
  const long long key = answer.key_id;
  connection.sql() << "SELECT body FROM kept_answers WHERE id = :id AND key_id = :key",
      soci::use(answer.id), soci::use(key), soci::into(answer.body);
}

void read_items(Connection& connection, KeptAnswer& answer) {
  const long long key = answer.key_id;
  KeptItem item;
  soci::statement query(connection.sql());
  query.exchange(soci::into(item.id));
  query.exchange(soci::into(item.body));
  query.exchange(soci::use(answer.id));
  query.exchange(soci::use(key));
  query.alloc();
  query.prepare(
      "SELECT i.id, i.body FROM kept_order o JOIN kept_items i "
      "ON i.key_id = o.key_id AND i.id = o.item_id "
      "WHERE o.answer_id = :answer AND o.key_id = :key ORDER BY o.position");
  query.define_and_bind();
  query.execute();
  while (query.fetch()) answer.items.push_back(item);
}

}  // namespace

std::uint64_t bytes_of(const KeptAnswer& answer) {
  std::uint64_t bytes = answer.body.size();
  for (const KeptItem& item : answer.items) bytes += item.body.size();
  return bytes;
}

Result<void> keep(Connection& connection, const KeptAnswer& answer) {
  return connection.transact([&]() -> Result<void> {
    const long long key = answer.key_id;
    const long long expires = nanos(answer.expires);
    const auto bytes = static_cast<long long>(bytes_of(answer));
    std::string there;
    connection.sql() << "SELECT id FROM kept_answers WHERE id = :id AND key_id = :key",
        soci::use(answer.id), soci::use(key), soci::into(there);
    if (connection.sql().got_data())
      return fail(FaultKind::Conflict, "an answer of the id '{}' is kept already", answer.id);
    make_room(connection, key, bytes);
    connection.sql() << "INSERT INTO kept_answers (id, key_id, expires_ns, bytes, body) "
                        "VALUES (:id, :key, :expires, :bytes, :body)",
        soci::use(answer.id), soci::use(key), soci::use(expires), soci::use(bytes),
        soci::use(answer.body);
    put_items(connection, answer);
    return {};
  });
}

Result<std::optional<KeptAnswer>> find(Connection& connection, std::int64_t key_id,
                                       const std::string& id, WallTime now,
                                       std::uint64_t most_bytes) {
  // As one reading: what it finds of the answer and of its items is of one moment.
  return connection.run([&]() -> Result<std::optional<KeptAnswer>> {
    soci::transaction moment(connection.sql());
    const std::optional<Label> label = find_label(connection, key_id, id, now);
    if (!label) return std::nullopt;
    const auto bytes = static_cast<std::uint64_t>(label->bytes);
    if (bytes > most_bytes) return too_large(bytes, most_bytes);
    KeptAnswer answer{.id = id, .key_id = key_id};
    answer.expires = WallTime(std::chrono::nanoseconds(label->expires));
    read_body(connection, answer);
    read_items(connection, answer);
    return answer;
  });
}

Result<std::vector<KeptItem>> find_items(Connection& connection, std::int64_t key_id,
                                         const std::vector<std::string>& ids, WallTime now,
                                         std::uint64_t most_bytes) {
  return connection.run([&]() -> Result<std::vector<KeptItem>> {
    const long long key = key_id;
    const long long time = nanos(now);
    std::vector<KeptItem> found;
    std::uint64_t bytes = 0;
    for (const std::string& id : ids) {
      KeptItem item{.id = id, .body = {}};
      connection.sql() << "SELECT i.body FROM kept_items i WHERE i.id = :id AND i.key_id = :key "
                          "AND EXISTS (SELECT 1 FROM kept_order o JOIN kept_answers a "
                          "ON a.id = o.answer_id AND a.key_id = o.key_id "
                          "WHERE o.item_id = i.id AND o.key_id = i.key_id "
                          "AND a.expires_ns > :now)",
          soci::use(id), soci::use(key), soci::use(time), soci::into(item.body);
      if (!connection.sql().got_data()) continue;
      bytes += item.body.size();
      if (bytes > most_bytes) return too_large(bytes, most_bytes);
      found.push_back(std::move(item));
    }
    return found;
  });
}

Result<bool> forget(Connection& connection, std::int64_t key_id, const std::string& id,
                    WallTime now) {
  return connection.transact([&]() -> Result<bool> {
    const long long key = key_id;
    const bool there = find_label(connection, key, id, now).has_value();
    drop_answer(connection, key, id);
    return there;
  });
}

Result<std::int64_t> forget_expired(Connection& connection, WallTime now, std::int64_t most) {
  struct Expired {
    std::string id;
    long long key = 0;
  };
  return connection.transact([&]() -> Result<std::int64_t> {
    const long long time = nanos(now);
    const long long limit = most;
    std::vector<Expired> expired;
    {
      Expired one;
      soci::statement query(connection.sql());
      query.exchange(soci::into(one.id));
      query.exchange(soci::into(one.key));
      query.exchange(soci::use(time));
      query.exchange(soci::use(limit));
      query.alloc();
      query.prepare(
          "SELECT id, key_id FROM kept_answers WHERE expires_ns <= :now "
          "ORDER BY expires_ns LIMIT :most");
      query.define_and_bind();
      query.execute();
      while (query.fetch()) expired.push_back(one);
    }
    for (const Expired& one : expired) drop_answer(connection, one.key, one.id);
    return static_cast<std::int64_t>(expired.size());
  });
}

}  // namespace naru::store::answer_table
