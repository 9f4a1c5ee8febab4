#include "store/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "store/key_table.h"
#include "store/store_for_test.h"

namespace naru::store {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryDirectory;
using testing::value;

class Schema : public ::testing::Test {
 protected:
  Connection open() {
    std::ofstream(file_, std::ios::app).flush();
    return value(Connection::open(file_, Durability::ProcessDeath));
  }
  void migrate_to(Connection& connection, int version) {
    const auto steps = all_migrations().first(static_cast<std::size_t>(version));
    const auto done = migrate(connection, steps, clock_);
    ASSERT_TRUE(done) << done.error().detail;
  }
  int newest() const { return all_migrations().back().version; }

  TemporaryDirectory directory_;
  std::string file_ = directory_.path("naru.db");
  ManualClock clock_;
};

TEST_F(Schema, counts_its_steps_from_one) {
  int expected = 0;
  for (const Migration& step : all_migrations()) {
    EXPECT_EQ(step.version, ++expected);
    EXPECT_FALSE(step.reason.empty());
  }
}

TEST_F(Schema, of_an_empty_file_is_0_and_becomes_the_newest) {
  Connection connection = open();
  EXPECT_EQ(value(schema_version(connection)), 0);
  migrate_to(connection, newest());
  EXPECT_EQ(value(schema_version(connection)), newest());
}

TEST_F(Schema, stays_when_it_is_the_newest_already) {
  Connection connection = open();
  migrate_to(connection, newest());
  clock_.advance(std::chrono::hours(1));
  migrate_to(connection, newest());
  EXPECT_EQ(value(schema_version(connection)), newest());
}

TEST_F(Schema, is_shared_with_a_naru_of_before_only_as_far_as_its_steps_say) {
  Connection connection = open();
  migrate_to(connection, newest());
  std::vector<Migration> steps(all_migrations().begin(), all_migrations().end());
  EXPECT_TRUE(check_shared(connection, steps));
  steps.push_back({.version = newest() + 1, .reason = "harmless", .sql = {}, .beside = true});
  EXPECT_TRUE(check_shared(connection, steps));
  steps.push_back({.version = newest() + 2, .reason = "renames a column", .sql = {}});
  const auto refused = check_shared(connection, steps);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("(renames a column)"));
  EXPECT_THAT(refused.error().detail, HasSubstr("stop naru"));
}

TEST_F(Schema, of_earlier_versions_keeps_its_keys_on_the_way_up_and_limits_none) {
  Connection connection = open();
  for (const int version : {1, 4}) {
    migrate_to(connection, version);
    const security::KeyHash hash = testing::hash_of(static_cast<unsigned>(version));
    const std::string hex = security::to_hex(hash);
    const std::string name = fmt::format("of {}", version);
    connection.sql() << "INSERT INTO keys (name, hint, hash, created_ns, models) "
                        "VALUES (:name, 'abcd', :hash, 1, '[]')",
        soci::use(name), soci::use(hex);
  }
  migrate_to(connection, newest());
  for (const int version : {1, 4}) {
    const auto key =
        value(key_table::find(connection, testing::hash_of(static_cast<unsigned>(version))));
    ASSERT_TRUE(key);
    EXPECT_EQ(key->name, fmt::format("of {}", version));
    EXPECT_EQ(key->limits, KeyLimits{});
  }
}

TEST_F(Schema, of_a_newer_naru_is_refused) {
  Connection connection = open();
  migrate_to(connection, newest());
  connection.sql() << "INSERT INTO schema_versions VALUES (99, 'of tomorrow', 0)";
  const auto refused = migrate(connection, all_migrations(), clock_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, FaultKind::Unavailable);
  EXPECT_THAT(refused.error().detail, HasSubstr("made by a newer naru (schema 99, this one knows"));
}

TEST_F(Schema, of_another_program_is_refused_and_left_alone) {
  Connection connection = open();
  connection.sql() << "CREATE TABLE theirs (x BIGINT)";
  const auto refused = migrate(connection, all_migrations(), clock_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("none of naru's"));
}

TEST_F(Schema, takes_a_step_wholly_or_not_at_all) {
  Connection connection = open();
  migrate_to(connection, 1);
  const std::array<Migration, 2> steps = {
      all_migrations()[0],
      {2, "breaks half way", {"CREATE TABLE half (x BIGINT)", "CREATE TABLE half (x BIGINT)"}}};
  EXPECT_FALSE(migrate(connection, steps, clock_));
  EXPECT_EQ(value(schema_version(connection)), 1);
  migrate_to(connection, newest());
}

}  // namespace
}  // namespace naru::store
