#include "sys/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

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
  ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  ASSERT_TRUE(make_directory(path, 0700));
  EXPECT_EQ(mode_of(path), 0700U);
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

}  // namespace
}  // namespace naru::sys
