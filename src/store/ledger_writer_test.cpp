#include "store/ledger_writer.h"

#include <gtest/gtest.h>

#include <fstream>

#include "store/schema.h"
#include "store/store_for_test.h"

namespace naru::store {
namespace {

using testing::eventually;
using testing::value;

/// A writer over a connection of its own, whose commits are counted.
class LedgerWriting : public ::testing::Test {
 protected:
  LedgerWriting() {
    connection_.with([this](Connection& connection) {
      sqlite_api::sqlite3_commit_hook(connection.handle(), &LedgerWriting::count, this);
    });
  }

  static Connection fresh(const std::string& file) {
    std::ofstream(file, std::ios::app).flush();
    Connection made = value(Connection::open(file, Durability::ProcessDeath));
    EXPECT_TRUE(migrate(made, all_migrations(), SystemClock{}));
    return made;
  }
  static int count(void* self) {
    ++static_cast<LedgerWriting*>(self)->commits_;
    return 0;
  }
  /// Whether it was taken. Nobody waits for the answer.
  bool push(ExchangeId id) {
    LedgerWriter::Waiting waiting{.row = testing::row(id),
                                  .written = net::Handoff<Result<void>>(loop_)};
    return writer_.push(waiting);
  }
  std::size_t rows() {
    return connection_.with([](Connection& connection) {
      return value(ledger_table::recent(connection, 10'000)).size();
    });
  }

  testing::TemporaryDirectory directory_;
  SystemClock clock_;
  net::Loop loop_{0, clock_, telemetry::null_log()};
  std::atomic<int> commits_{0};
  Health health_;
  SharedConnection connection_{fresh(directory_.path("naru.db"))};
  LedgerWriter writer_{connection_, value(connection_.with(&LedgerInsert::prepare)), 100, health_,
                       telemetry::null_log()};
};

TEST_F(LedgerWriting, commits_at_once_what_queued_during_the_last_commit) {
  connection_.with([&](Connection&) {
    for (ExchangeId id = 1; id <= 100; ++id) EXPECT_TRUE(push(id));
  });
  ASSERT_TRUE(eventually([&] { return writer_.waiting() == 0; }));
  EXPECT_EQ(rows(), 100U);
  EXPECT_LE(commits_, 2) << "the rows it had taken, and all that came after";
}

TEST_F(LedgerWriting, takes_no_more_than_its_bound) {
  connection_.with([&](Connection&) {
    ASSERT_TRUE(push(1));
    std::size_t taken = 1;
    for (ExchangeId id = 2; id <= 500; ++id) taken += push(id) ? 1 : 0;
    EXPECT_GE(taken, 100U);
    EXPECT_LE(taken, 200U) << "the queue's bound, and what the writer had taken from it";
  });
}

TEST_F(LedgerWriting, writes_what_is_queued_before_it_ends) {
  const std::string file = directory_.path("other.db");
  SharedConnection other(fresh(file));
  {
    LedgerWriter writer(other, value(other.with(&LedgerInsert::prepare)), 100, health_,
                        telemetry::null_log());
    for (ExchangeId id = 1; id <= 50; ++id) {
      LedgerWriter::Waiting waiting{.row = testing::row(id),
                                    .written = net::Handoff<Result<void>>(loop_)};
      ASSERT_TRUE(writer.push(waiting));
    }
  }
  EXPECT_EQ(other.with([](Connection& at) { return value(ledger_table::recent(at, 100)).size(); }),
            50U);
}

TEST_F(LedgerWriting, writes_batches_of_any_size_one_after_another) {
  ExchangeId id = 0;
  for (const int size : {1, 7, 2, 64, 1}) {
    for (int i = 0; i < size; ++i) ASSERT_TRUE(push(++id));
    ASSERT_TRUE(eventually([&] { return writer_.waiting() == 0; }));
  }
  EXPECT_EQ(rows(), 75U);
}

}  // namespace
}  // namespace naru::store
