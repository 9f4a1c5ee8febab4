#include "store/answer_table.h"

namespace naru::store::answer_table {
namespace {

long long nanos(WallTime time) { return time.time_since_epoch().count(); }

/// Items that stand in no answer any more, of one key.
void drop_loose_items(Connection& connection, long long key) {
  connection.sql() << "DELETE FROM kept_items WHERE key_id = :key AND NOT EXISTS "
                      "(SELECT 1 FROM kept_order o WHERE o.key_id = kept_items.key_id "
                      "AND o.item_id = kept_items.id)",
      soci::use(key);
}

void drop_answer(Connection& connection, long long key, const std::string& id) {
  connection.sql() << "DELETE FROM kept_order WHERE answer_id = :id AND key_id = :key",
      soci::use(id), soci::use(key);
  connection.sql() << "DELETE FROM kept_answers WHERE id = :id AND key_id = :key", soci::use(id),
      soci::use(key);
}

void put_item(Connection& connection, long long key, const KeptItem& item) {
  connection.sql() << "INSERT INTO kept_items (id, key_id, body) VALUES (:id, :key, :body) "
                      "ON CONFLICT (key_id, id) DO UPDATE SET body = excluded.body",
      soci::use(item.id), soci::use(key), soci::use(item.body);
}

void put_order(Connection& connection, long long key, const KeptAnswer& answer) {
  long long position = 0;
  std::string item;
  soci::statement put(connection.sql());
  put.exchange(soci::use(answer.id));
  put.exchange(soci::use(key));
  put.exchange(soci::use(position));
  put.exchange(soci::use(item));
  put.alloc();
  put.prepare(
      "INSERT INTO kept_order (answer_id, key_id, position, item_id) "
      "VALUES (:answer, :key, :position, :item)");
  put.define_and_bind();
  for (const std::string& id : answer.item_ids) {
    item = id;
    put.execute(true);
    ++position;
  }
}

/// The live answer without its items.
std::optional<KeptAnswer> find_bare(Connection& connection, long long key, const std::string& id,
                                    WallTime now) {
  KeptAnswer answer{.id = id, .key_id = key};
  long long expires = 0;
  connection.sql() << "SELECT expires_ns, body FROM kept_answers WHERE id = :id AND key_id = :key",
      soci::use(id), soci::use(key), soci::into(expires), soci::into(answer.body);
  if (!connection.sql().got_data() || expires <= nanos(now)) return std::nullopt;
  answer.expires = WallTime(std::chrono::nanoseconds(expires));
  return answer;
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
  while (query.fetch()) {
    answer.item_ids.push_back(item.id);
    answer.items.push_back(item);
  }
}

}  // namespace

Result<void> keep(Connection& connection, const KeptAnswer& answer) {
  return connection.transact([&]() -> Result<void> {
    const long long key = answer.key_id;
    const long long expires = nanos(answer.expires);
    drop_answer(connection, key, answer.id);
    connection.sql() << "INSERT INTO kept_answers (id, key_id, expires_ns, body) "
                        "VALUES (:id, :key, :expires, :body)",
        soci::use(answer.id), soci::use(key), soci::use(expires), soci::use(answer.body);
    for (const KeptItem& item : answer.items) put_item(connection, key, item);
    put_order(connection, key, answer);
    return {};
  });
}

Result<std::optional<KeptAnswer>> find(Connection& connection, std::int64_t key_id,
                                       const std::string& id, WallTime now) {
  return connection.run([&]() -> Result<std::optional<KeptAnswer>> {
    std::optional<KeptAnswer> answer = find_bare(connection, key_id, id, now);
    if (answer) read_items(connection, *answer);
    return answer;
  });
}

Result<std::vector<KeptItem>> find_items(Connection& connection, std::int64_t key_id,
                                         const std::vector<std::string>& ids, WallTime now) {
  return connection.run([&]() -> Result<std::vector<KeptItem>> {
    const long long key = key_id;
    const long long time = nanos(now);
    std::vector<KeptItem> found;
    for (const std::string& id : ids) {
      KeptItem item{.id = id, .body = {}};
      connection.sql() << "SELECT i.body FROM kept_items i WHERE i.id = :id AND i.key_id = :key "
                          "AND EXISTS (SELECT 1 FROM kept_order o JOIN kept_answers a "
                          "ON a.id = o.answer_id AND a.key_id = o.key_id "
                          "WHERE o.item_id = i.id AND o.key_id = i.key_id "
                          "AND a.expires_ns > :now)",
          soci::use(id), soci::use(key), soci::use(time), soci::into(item.body);
      if (connection.sql().got_data()) found.push_back(std::move(item));
    }
    return found;
  });
}

Result<bool> forget(Connection& connection, std::int64_t key_id, const std::string& id) {
  return connection.transact([&]() -> Result<bool> {
    const long long key = key_id;
    long long there = 0;
    connection.sql() << "SELECT COUNT(*) FROM kept_answers WHERE id = :id AND key_id = :key",
        soci::use(id), soci::use(key), soci::into(there);
    drop_answer(connection, key, id);
    drop_loose_items(connection, key);
    return there > 0;
  });
}

Result<void> forget_expired(Connection& connection, WallTime now, std::int64_t most) {
  struct Expired {
    std::string id;
    long long key = 0;
  };
  return connection.transact([&]() -> Result<void> {
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
    for (const Expired& one : expired) drop_loose_items(connection, one.key);
    return {};
  });
}

}  // namespace naru::store::answer_table
