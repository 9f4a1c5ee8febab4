#include "store/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "store/store_for_test.h"

namespace naru::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::value;

class DataDirectoryTest : public ::testing::Test {
 protected:
  static std::string fault(const std::string& path) {
    const auto held = DataDirectory::hold(path);
    return held ? "" : held.error().detail;
  }
  std::string open_fault(const std::string& path) {
    const auto store = Store::open({.directory = path}, clock_, telemetry::null_log());
    EXPECT_TRUE(store || store.error().kind == FaultKind::Unavailable);
    return store ? "" : store.error().detail;
  }
  static unsigned mode(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }

  testing::TemporaryDirectory outer_;
  std::string path_ = outer_.path("data");
  SystemClock clock_;
};

TEST_F(DataDirectoryTest, and_all_in_it_is_for_its_owner_alone) {
  const auto store = testing::open_store(path_, clock_);
  ASSERT_TRUE(testing::append(*store, testing::row(1)));
  EXPECT_EQ(mode(path_), 0700U);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(path_)) {
    EXPECT_EQ(mode(entry.path()), 0600U) << entry.path();
    names.push_back(entry.path().filename());
  }
  EXPECT_THAT(
      names, ::testing::UnorderedElementsAre("naru.db", "naru.db-wal", "naru.db-shm", "naru.lock"));
}

TEST_F(DataDirectoryTest, open_to_others_is_refused) {
  fs::create_directory(path_);
  for (const unsigned others : {0750U, 0701U, 0777U}) {
    ::chmod(path_.c_str(), others);
    EXPECT_THAT(fault(path_), HasSubstr("run chmod 700 " + path_));
  }
}

TEST_F(DataDirectoryTest, whose_lock_leads_elsewhere_is_refused) {
  fs::create_directory(path_);
  ::chmod(path_.c_str(), 0700);
  const std::string other = outer_.path("other");
  std::ofstream(other) << "text of another";
  fs::create_symlink(other, path_ + "/naru.lock");
  EXPECT_THAT(fault(path_), HasSubstr("naru.lock cannot be opened"));
  EXPECT_EQ(fs::file_size(other), 15U);
}

TEST_F(DataDirectoryTest, that_is_a_file_or_lies_nowhere_is_refused) {
  std::ofstream(path_) << "text";
  EXPECT_THAT(fault(path_), HasSubstr("is no directory"));
  EXPECT_THAT(fault(outer_.path("none/data")), HasSubstr("cannot be made: No such file"));
}

TEST_F(DataDirectoryTest, is_held_by_one_alone_and_says_by_whom) {
  {
    const auto first = testing::open_store(path_, clock_);
    EXPECT_EQ(open_fault(path_), fmt::format("another naru (pid {}) uses {}; stop it or choose "
                                             "another directory",
                                             ::getpid(), path_));
  }
  EXPECT_EQ(open_fault(path_), "") << "free again";
}

TEST_F(DataDirectoryTest, with_a_damaged_database_is_refused_with_the_remedy) {
  fs::create_directory(path_);
  ::chmod(path_.c_str(), 0700);
  std::ofstream(path_ + "/naru.db") << std::string(8192, 'x');
  EXPECT_THAT(open_fault(path_), HasSubstr("restore a backup with naru restore"));
}

TEST_F(DataDirectoryTest, with_blanks_and_equal_signs_in_its_name_works) {
  EXPECT_EQ(open_fault(outer_.path("my data=1 'x'")), "");
  EXPECT_THAT(open_fault(outer_.path("my\"data")), HasSubstr("double quote"));
}

TEST_F(DataDirectoryTest, refuses_new_work_while_its_disk_is_nearly_full) {
  const auto store = Store::open({.directory = path_, .least_free_bytes = std::uint64_t{1} << 60},
                                 clock_, telemetry::null_log());
  ASSERT_TRUE(store);
  const auto ready = (*store)->ready();
  ASSERT_FALSE(ready);
  EXPECT_EQ(ready.error().kind, FaultKind::Unavailable);
  EXPECT_THAT(ready.error().detail, HasSubstr("free some disk space"));
  EXPECT_TRUE(testing::append(**store, testing::row(1))) << "what runs is still recorded";
}

}  // namespace
}  // namespace naru::store
