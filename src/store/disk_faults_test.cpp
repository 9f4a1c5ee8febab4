// What the store does when the disk refuses: SQLite's own seam for system calls makes writes fail,
// and this program's fdatasync stands in for the C library's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "store/connection.h"
#include "store/store_for_test.h"

namespace {

std::atomic<int> write_fault{0};  // errno for each write of SQLite; 0: none
std::atomic<int> sync_fault{0};

ssize_t faulty_pwrite(int fd, const void* bytes, std::size_t count, off_t at) {
  const int fault = write_fault;
  if (fault == 0) return ::pwrite(fd, bytes, count, at);
  errno = fault;
  return -1;
}
ssize_t faulty_write(int fd, const void* bytes, std::size_t count) {
  const int fault = write_fault;
  if (fault == 0) return ::write(fd, bytes, count);
  errno = fault;
  return -1;
}

}  // namespace

extern "C" int fdatasync(int fd) {
  const int fault = sync_fault;
  if (fault == 0) return static_cast<int>(::syscall(SYS_fdatasync, fd));
  errno = fault;
  return -1;
}

namespace naru::store {
namespace {

using testing::append;
using testing::eventually;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::row;
using testing::value;

class DiskFaults : public ::testing::Test {
 protected:
  DiskFaults() {
    set("write", reinterpret_cast<Call>(&faulty_write));
    set("pwrite", reinterpret_cast<Call>(&faulty_pwrite));
    set("pwrite64", reinterpret_cast<Call>(&faulty_pwrite));
    store_ = testing::open_store(directory_.path(), clock_);
  }
  ~DiskFaults() override {
    write_fault = 0;
    sync_fault = 0;
    store_.reset();
    for (const char* name : {"write", "pwrite", "pwrite64"}) set(name, nullptr);
  }

  std::string fault_of(const Result<void>& result) {
    if (result) return "";
    EXPECT_EQ(result.error().kind, FaultKind::Unavailable);
    return result.error().detail;
  }
  std::size_t rows() { return value(store_->recent(1000)).size(); }

  testing::TemporaryDirectory directory_;
  SystemClock clock_;
  std::unique_ptr<Store> store_;

 private:
  using Call = sqlite_api::sqlite3_syscall_ptr;
  static void set(const char* name, Call call) {
    sqlite_api::sqlite3_vfs* disk = sqlite_api::sqlite3_vfs_find(nullptr);
    disk->xSetSystemCall(disk, name, call);
  }
};

TEST_F(DiskFaults, refuse_every_waiting_row_when_the_disk_is_full) {
  ASSERT_TRUE(append(*store_, row(1)));
  write_fault = ENOSPC;
  const auto faults = testing::append_all(*store_, testing::rows(10, 20));
  EXPECT_EQ(faults.size(), 20U);
  EXPECT_THAT(faults.at(0).detail, HasSubstr("no room to write"));
  EXPECT_THAT(fault_of(store_->ready()), HasSubstr("no room to write"));
  EXPECT_EQ(rows(), 1U);
}

TEST_F(DiskFaults, end_with_the_next_row_once_there_is_room) {
  for (const int fault : {ENOSPC, EDQUOT, EFBIG}) {
    write_fault = fault;
    EXPECT_FALSE(append(*store_, row(fault)));
    EXPECT_FALSE(store_->ready());
    write_fault = 0;
    EXPECT_TRUE(append(*store_, row(fault)));
    EXPECT_TRUE(store_->ready());
  }
  EXPECT_EQ(rows(), 3U);
}

TEST_F(DiskFaults, end_without_a_row_too_once_there_is_room) {
  write_fault = ENOSPC;
  EXPECT_FALSE(append(*store_, row(1)));
  write_fault = 0;
  EXPECT_TRUE(eventually([&] { return store_->ready().has_value(); }));
}

TEST_F(DiskFaults, last_until_a_restart_when_the_disk_itself_fails) {
  ASSERT_TRUE(append(*store_, row(1)));
  write_fault = EIO;
  EXPECT_THAT(fault_of(append(*store_, row(2))), HasSubstr("mend it, then restart naru"));
  write_fault = 0;
  EXPECT_FALSE(append(*store_, row(3)));
  EXPECT_FALSE(store_->ready());
  store_.reset();
  store_ = testing::open_store(directory_.path(), clock_);
  EXPECT_TRUE(append(*store_, row(4)));
  EXPECT_EQ(rows(), 2U);
}

TEST_F(DiskFaults, last_until_a_restart_when_a_sync_fails_for_want_of_room_too) {
  for (const int fault : {EIO, ENOSPC}) {
    sync_fault = fault;
    EXPECT_FALSE(append(*store_, row(fault)));
    sync_fault = 0;
    EXPECT_FALSE(append(*store_, row(fault + 1000)));
    EXPECT_FALSE(store_->ready());
    store_.reset();
    store_ = testing::open_store(directory_.path(), clock_);
  }
}

TEST_F(DiskFaults, are_told_when_a_key_cannot_be_kept) {
  write_fault = ENOSPC;
  const auto added = store_->add_key(testing::key("team-a", 1));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().kind, FaultKind::Unavailable);
  write_fault = 0;
  EXPECT_THAT(value(store_->list_keys()), IsEmpty());
  EXPECT_TRUE(store_->add_key(testing::key("team-a", 1)));
}

TEST_F(DiskFaults, leave_no_half_backup) {
  ASSERT_TRUE(append(*store_, row(1)));
  write_fault = ENOSPC;
  const auto made = store_->backup(directory_.path("backup.db"));
  EXPECT_FALSE(made);
  EXPECT_FALSE(std::filesystem::exists(directory_.path("backup.db")));
}

TEST(OtherLocks, are_waited_for_no_longer_than_their_time_and_then_named) {
  const testing::TemporaryDirectory directory;
  const SystemClock clock;
  const auto store = testing::open_store(directory.path(), clock);
  Connection other = value(Connection::open(directory.path("naru.db"), Durability::ProcessDeath));
  other.sql() << "BEGIN IMMEDIATE";
  const auto refused = append(*store, row(1));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("locked by another program"));
  EXPECT_FALSE(store->ready());
  other.sql() << "ROLLBACK";
  EXPECT_TRUE(append(*store, row(2)));
  EXPECT_TRUE(store->ready());
}

}  // namespace
}  // namespace naru::store
