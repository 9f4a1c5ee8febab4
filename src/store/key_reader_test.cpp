#include "store/key_reader.h"

#include <gtest/gtest.h>

#include "store/key_table.h"
#include "store/store_for_test.h"

namespace naru::store {
namespace {

using testing::eventually;
using testing::find_key;
using testing::hash_of;
using testing::value;

/// A store, and a second connection that changes keys as another process would.
class KeysOfOthers : public ::testing::Test {
 protected:
  std::string met(unsigned number) {
    const auto found = value(find_key(*store_, hash_of(number)));
    if (!found) return "nobody";
    return found->revoked ? "revoked" : "live";
  }

  SystemClock clock_;
  testing::TemporaryDirectory directory_;
  std::unique_ptr<Store> store_ = testing::open_store(directory_.path(), clock_);
  Connection other_ = value(Connection::open(directory_.path("naru.db"), Durability::ProcessDeath));
};

TEST_F(KeysOfOthers, are_seen_revoked_within_a_second) {
  value(key_table::add(other_, testing::key("theirs", 1)));
  ASSERT_TRUE(eventually([&] { return met(1) == "live"; }));
  value(key_table::revoke(other_, "theirs", clock_.wall_now()));
  const Monotonic revoked = clock_.now();
  EXPECT_TRUE(eventually([&] { return met(1) == "revoked"; }));
  EXPECT_LE(clock_.now() - revoked, std::chrono::seconds(1));
}

TEST_F(KeysOfOthers, are_seen_limited_within_a_second) {
  value(key_table::add(other_, testing::key("theirs", 1)));
  ASSERT_TRUE(eventually([&] { return met(1) == "live"; }));
  value(key_table::change(other_, "theirs", {.limits = {{kKeyLimits[0], 7}}}));
  const Monotonic limited = clock_.now();
  const auto binds = [&] {
    return value(find_key(*store_, hash_of(1)))->limits.requests_per_minute == 7;
  };
  EXPECT_TRUE(eventually(binds));
  EXPECT_LE(clock_.now() - limited, std::chrono::seconds(1));
}

TEST_F(KeysOfOthers, are_seen_although_they_were_unknown_before) {
  ASSERT_EQ(met(1), "nobody");
  value(key_table::add(other_, testing::key("theirs", 1)));
  EXPECT_TRUE(eventually([&] { return met(1) == "live"; }));
}

TEST_F(KeysOfOthers, are_trusted_to_no_cache_while_changes_cannot_be_seen) {
  value(key_table::add(other_, testing::key("theirs", 1)));
  ASSERT_TRUE(eventually([&] { return met(1) == "live"; }));
  other_.sql() << "ALTER TABLE counters RENAME TO counters_away";
  other_.sql() << "UPDATE keys SET revoked_ns = 1";
  EXPECT_TRUE(eventually([&] { return met(1) == "revoked"; })) << "each time from the database";
}

}  // namespace
}  // namespace naru::store
