#include "sys/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

namespace naru::sys {
namespace {

class FilesTest : public testing::Test {
 protected:
  FilesTest() {
    std::string name = (std::filesystem::temp_directory_path() / "naru-files-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~FilesTest() override { std::filesystem::remove_all(directory_); }
  static mode_t mode_of(const std::string& path) {
    struct stat facts{};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0);
    return facts.st_mode & 0777;
  }
  std::string directory_;
};

TEST_F(FilesTest, makes_a_directory_that_is_closed_to_others) {
  const std::string path = directory_ + "/a/b";
  ASSERT_TRUE(make_directory(path, 0700));
  EXPECT_EQ(mode_of(path), 0700U);
  EXPECT_TRUE(make_directory(path, 0700)) << "it is there";
  EXPECT_TRUE(make_directory(directory_ + "/c/", 0700));
  EXPECT_EQ(mode_of(directory_ + "/c"), 0700U);
}

TEST_F(FilesTest, leaves_a_directory_that_others_may_enter_as_it_is_and_refuses_it) {
  const std::string path = directory_ + "/open";
  ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
  ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  const auto made = make_directory(path, 0700);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().detail,
            fmt::format("the directory {0} is open to others (mode 755); run chmod 700 {0}", path));
  EXPECT_EQ(mode_of(path), 0755U);
}

TEST_F(FilesTest, replaces_a_file_whole_and_with_its_mode) {
  const std::string path = directory_ + "/f";
  ASSERT_TRUE(write_file(path, "one", 0600));
  ASSERT_TRUE(write_file(path, "two", 0600));
  EXPECT_EQ(read_file(path, 100).value(), "two");
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

TEST_F(FilesTest, keeps_the_old_file_when_the_new_one_cannot_be_written) {
  const std::string path = directory_ + "/missing/f";
  const auto written = write_file(path, "x", 0600);
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().detail.find("No such file or directory"), std::string::npos);
}

TEST_F(FilesTest, bounds_what_it_reads) {
  const std::string path = directory_ + "/f";
  ASSERT_TRUE(write_file(path, std::string(101, 'x'), 0600));
  EXPECT_EQ(read_file(path, 100).error().kind, FaultKind::TooLarge);
}

TEST_F(FilesTest, refuses_a_pipe_that_nobody_writes_to_instead_of_waiting) {
  const std::string path = directory_ + "/pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(read_file(path, 100).error().detail,
            fmt::format("cannot read {}: it is no regular file", path));
}

TEST_F(FilesTest, reads_a_pipe_to_its_end_when_told_to_wait) {
  const std::string path = directory_ + "/pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::jthread writer([&] {
    const Fd end(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(::write(end.get(), "one ", 4), 4);
    ASSERT_EQ(::write(end.get(), "two", 3), 3);
  });
  EXPECT_EQ(read_file(path, 100, Pipes::Wait).value(), "one two");
  EXPECT_EQ(read_file("/dev/null", 100, Pipes::Wait).value(), "");
}

TEST_F(FilesTest, keeps_a_file_locked_until_it_lets_go) {
  const std::string path = directory_ + "/f";
  EXPECT_FALSE(is_locked(path)) << "not there";
  {
    const auto held = write_locked_file(path, "here", 0600);
    ASSERT_TRUE(held);
    EXPECT_TRUE(is_locked(path));
    EXPECT_TRUE(is_locked(path)) << "asking changes nothing";
    EXPECT_EQ(read_file(path, 100).value(), "here");
  }
  EXPECT_FALSE(is_locked(path));
}

}  // namespace
}  // namespace naru::sys
