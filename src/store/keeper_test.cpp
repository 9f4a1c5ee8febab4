#include "store/keeper.h"

#include <gtest/gtest.h>

#include <fstream>

#include "store/ledger_table.h"
#include "store/schema.h"
#include "store/store_for_test.h"

namespace naru::store {
namespace {

using testing::eventually;
using testing::value;

class Keeping : public ::testing::Test {
 protected:
  Connection open() { return value(Connection::open(file_, Durability::ProcessDeath)); }
  SharedConnection writing() {
    EXPECT_TRUE(directory_.make_database());
    Connection made = open();
    EXPECT_TRUE(migrate(made, all_migrations(), SystemClock{}));
    return SharedConnection(std::move(made));
  }
  void write_a_row() {
    EXPECT_TRUE(writing_.with([this](Connection&) {
      insert_.add(testing::row(++last_));
      return insert_.write();
    }));
  }
  /// How often the log has begun anew. Source: SQLite's file format, section 4.1.
  int log_begun() const {
    std::ifstream log(file_ + "-wal", std::ios::binary);
    log.seekg(12);
    int number = 0;
    for (int i = 0; i < 4; ++i) number = number * 256 + log.get();
    return number;
  }

  testing::TemporaryDirectory outer_;
  DataDirectory directory_ = value(DataDirectory::hold(outer_.path("data")));
  std::string file_ = directory_.database();
  SharedConnection writing_{writing()};
  LedgerInsert insert_ = value(writing_.with(&LedgerInsert::prepare));
  ExchangeId last_ = 0;
  ManualClock clock_;
  Health writes_;
  Health room_;
  Keeper keeper_{open(), Keeper::Charge{.clock = clock_,
                                        .writing = writing_,
                                        .directory = directory_,
                                        .writes = writes_,
                                        .room = room_,
                                        .least_free_bytes = 0,
                                        .log = telemetry::null_log()}};
};

TEST_F(Keeping, lets_the_log_begin_anew_although_rows_never_pause) {
  write_a_row();
  const int before = log_begun();
  EXPECT_TRUE(eventually([&] {
    for (int i = 0; i < 100; ++i) write_a_row();
    return log_begun() > before + 1;
  }));
}

TEST_F(Keeping, leaves_the_log_to_a_long_reading_and_carries_it_over_after) {
  Connection reader = open();
  reader.sql() << "BEGIN";
  long long rows = 0;
  reader.sql() << "SELECT COUNT(*) FROM ledger", soci::into(rows);
  write_a_row();
  const int before = log_begun();
  for (int i = 0; i < 2 * Keeper::kMostPages; ++i) write_a_row();
  EXPECT_EQ(log_begun(), before);
  reader.sql() << "SELECT COUNT(*) FROM ledger", soci::into(rows);
  EXPECT_EQ(rows, 0) << "it sees what was there when it began";
  reader.sql() << "COMMIT";
  EXPECT_TRUE(eventually([&] {
    for (int i = 0; i < 100; ++i) write_a_row();
    return log_begun() > before;
  }));
}

TEST_F(Keeping, makes_ill_writes_well_by_a_try_of_its_own) {
  writes_.ill({.kind = FaultKind::Unavailable, .detail = "no room"});
  EXPECT_TRUE(eventually([&] { return writes_.check().has_value(); }));
}

TEST_F(Keeping, tries_nothing_when_the_disk_is_lost) {
  writes_.lost({.kind = FaultKind::Unavailable, .detail = "the disk fails"});
  EXPECT_FALSE(writes_.well());
  EXPECT_FALSE(writes_.ill({.kind = FaultKind::Unavailable, .detail = "no room"}));
  EXPECT_EQ(writes_.check().error().detail, "the disk fails");
}

}  // namespace
}  // namespace naru::store
