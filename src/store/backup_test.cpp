#include "store/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "store/connection.h"
#include "store/schema.h"
#include "store/store_for_test.h"

namespace naru::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::value;

class Backup : public ::testing::Test {
 protected:
  std::unique_ptr<Store> open() { return testing::open_store(data_, clock_); }
  void make_backup_of_three_rows() {
    const auto store = open();
    EXPECT_TRUE(testing::append_all(*store, testing::rows(1, 3)).empty());
    value(store->add_key(testing::key("team-a", 1)));
    ASSERT_TRUE(store->backup(backup_));
  }
  std::string restore_fault() const {
    const auto restored = Store::restore(backup_, data_);
    return restored ? "" : restored.error().detail;
  }
  std::size_t rows_in_ledger() { return value(open()->recent(100)).size(); }
  /// Names in the data directory that start so.
  std::vector<std::string> names(std::string_view start) const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(data_))
      if (entry.path().filename().string().starts_with(start))
        found.push_back(entry.path().filename());
    return found;
  }

  testing::TemporaryDirectory outer_;
  std::string data_ = outer_.path("data");
  std::string backup_ = outer_.path("naru-backup.db");
  ManualClock clock_;
};

TEST_F(Backup, of_a_store_in_use_holds_all_that_was_written_before) {
  const auto store = open();
  for (ExchangeId id = 1; id <= 50; ++id) EXPECT_TRUE(testing::append(*store, testing::row(id)));
  ASSERT_TRUE(store->backup(backup_));
  EXPECT_TRUE(testing::append(*store, testing::row(51)));
  Connection copy = value(Connection::open_to_read(backup_));
  long long count = 0;
  copy.sql() << "SELECT COUNT(*) FROM ledger", soci::into(count);
  EXPECT_EQ(count, 50);
}

TEST_F(Backup, is_for_its_owner_alone_and_writes_over_nothing) {
  make_backup_of_three_rows();
  struct stat info{};
  ASSERT_EQ(::stat(backup_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  const auto again = open()->backup(backup_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, FaultKind::Conflict);
}

TEST_F(Backup, leaves_nothing_behind_where_it_cannot_be_made) {
  const auto made = open()->backup(outer_.path("none/backup.db"));
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().detail, HasSubstr("none/backup.db cannot be made: No such file"));
}

TEST_F(Backup, comes_back_into_an_empty_directory) {
  make_backup_of_three_rows();
  fs::remove_all(data_);
  EXPECT_EQ(restore_fault(), "");
  const auto store = open();
  EXPECT_EQ(value(store->recent(100)).size(), 3U);
  EXPECT_EQ(value(store->list_keys()).at(0).name, "team-a");
}

TEST_F(Backup, takes_the_place_of_a_database_that_is_kept_beside_it) {
  make_backup_of_three_rows();
  EXPECT_TRUE(testing::append_all(*open(), testing::rows(10, 5)).empty());
  EXPECT_EQ(restore_fault(), "");
  EXPECT_EQ(rows_in_ledger(), 3U);
  const auto kept = names("naru.db.before-restore-");
  ASSERT_EQ(kept.size(), 1U);
  fs::rename(data_ + "/" + kept[0], data_ + "/naru.db");
  EXPECT_EQ(rows_in_ledger(), 8U);
}

TEST_F(Backup, takes_no_rows_from_the_log_of_a_database_that_died) {
  make_backup_of_three_rows();
  {
    const auto store = open();  // its log, as it is while it runs
    EXPECT_TRUE(testing::append_all(*store, testing::rows(10, 5)).empty());
    fs::copy(data_ + "/naru.db-wal", outer_.path("log"));
    fs::copy(data_ + "/naru.db", outer_.path("database"));
  }
  fs::rename(outer_.path("database"), data_ + "/naru.db");
  fs::rename(outer_.path("log"), data_ + "/naru.db-wal");
  EXPECT_EQ(restore_fault(), "");
  EXPECT_EQ(rows_in_ledger(), 3U);
  const auto kept = names("naru.db.before-restore-");
  ASSERT_EQ(kept.size(), 1U) << "what its log held is in the database";
  fs::rename(data_ + "/" + kept[0], data_ + "/naru.db");
  EXPECT_EQ(rows_in_ledger(), 8U);
}

TEST_F(Backup, takes_the_place_of_a_database_whose_log_cannot_be_emptied_and_keeps_that) {
  make_backup_of_three_rows();
  EXPECT_TRUE(testing::append(*open(), testing::row(10)).has_value());
  Connection reader = value(Connection::open_to_read(data_ + "/naru.db"));
  long long count = 0;
  reader.sql() << "BEGIN";  // as an sqlite3 left open in another terminal
  reader.sql() << "SELECT COUNT(*) FROM ledger", soci::into(count);
  EXPECT_TRUE(testing::append(*open(), testing::row(11)).has_value());
  EXPECT_EQ(restore_fault(), "");
  EXPECT_EQ(rows_in_ledger(), 3U);
  const auto kept = names("naru.db.before-restore-");
  EXPECT_TRUE(std::ranges::any_of(kept, [](const auto& name) { return name.ends_with("-wal"); }));
}

TEST_F(Backup, comes_back_below_folders_that_are_not_there) {
  make_backup_of_three_rows();
  data_ = outer_.path("a/b/data");
  EXPECT_EQ(restore_fault(), "");
  EXPECT_EQ(rows_in_ledger(), 3U);
}

TEST_F(Backup, restored_by_root_belongs_to_the_owner_of_the_directory) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root makes files for others";
  constexpr uid_t kOther = 65534;
  make_backup_of_three_rows();
  fs::remove_all(data_);
  fs::create_directory(data_);
  ::chmod(data_.c_str(), 0700);
  ASSERT_EQ(::chown(data_.c_str(), kOther, kOther), 0);
  EXPECT_EQ(restore_fault(), "");
  for (const char* name : {"naru.db", "naru.lock"}) {
    struct stat info{};
    ASSERT_EQ(::stat((data_ + "/" + name).c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, kOther) << name;
  }
}

TEST_F(Backup, that_was_cut_is_refused_by_its_own_name) {
  make_backup_of_three_rows();
  fs::resize_file(backup_, 5000);
  EXPECT_EQ(restore_fault(), backup_ +
                                 " is no backup that this naru can use: it is damaged, cut short "
                                 "or no database; use another backup");
}

TEST_F(Backup, keeps_each_old_database_when_restored_twice) {
  make_backup_of_three_rows();
  EXPECT_EQ(restore_fault(), "");
  EXPECT_EQ(restore_fault(), "");
  EXPECT_EQ(names("naru.db.before-restore-").size(), 2U);
}

TEST_F(Backup, is_not_restored_under_a_running_naru) {
  make_backup_of_three_rows();
  const auto running = open();
  EXPECT_THAT(restore_fault(), StartsWith("another naru (pid "));
}

TEST_F(Backup, that_is_damaged_is_refused_and_nothing_changes) {
  make_backup_of_three_rows();
  {
    std::fstream file(backup_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);  // the first page behind the header's
    file << std::string(4096, 'x');
  }
  EXPECT_THAT(restore_fault(), HasSubstr(backup_ + " is "));
  EXPECT_EQ(rows_in_ledger(), 3U);
  EXPECT_TRUE(names("naru.db.").empty()) << "neither a copy nor an old one";
}

TEST_F(Backup, that_is_none_is_refused) {
  make_backup_of_three_rows();
  for (const std::string text : {"", "no database at all"}) {
    std::ofstream(backup_, std::ios::trunc) << text;
    EXPECT_THAT(restore_fault(), HasSubstr("is no backup that this naru can use"));
  }
  fs::remove(backup_);
  EXPECT_THAT(restore_fault(), HasSubstr("No such file"));
}

TEST_F(Backup, of_a_newer_naru_is_refused) {
  make_backup_of_three_rows();
  {
    Connection copy = value(Connection::open(backup_, Durability::ProcessDeath));
    copy.sql() << "INSERT INTO schema_versions VALUES (99, 'of tomorrow', 0)";
  }
  EXPECT_THAT(restore_fault(), HasSubstr("its schema is 99"));
}

}  // namespace
}  // namespace naru::store
