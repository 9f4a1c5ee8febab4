#include "sys/self.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>

namespace naru::sys {
namespace {

/// Closes all three, mends that, and exits with 0 if a file opened now takes no place of theirs.
[[noreturn]] void start_with_closed_descriptors() {
  for (const int number : {0, 1, 2}) ::close(number);
  keep_standard_descriptors();
  const int next = ::open("/dev/zero", O_RDONLY);
  const bool told = ::write(1, "x", 1) < 0 && ::write(2, "x", 1) == 1;
  std::_Exit(next > 2 && told ? 0 : 1);
}

[[noreturn]] void start_with_open_descriptors() {
  const int before = ::dup(2);
  ::close(before);
  keep_standard_descriptors();
  std::_Exit(::dup(2) == before ? 0 : 1);
}

[[noreturn]] void forbid_and_look() {
  forbid_inspection();
  std::_Exit(::prctl(PR_GET_DUMPABLE));
}

TEST(Self, puts_nothing_in_the_place_of_a_closed_stdout) {
  EXPECT_EXIT(start_with_closed_descriptors(), ::testing::ExitedWithCode(0), "");
}

TEST(Self, opens_nothing_where_all_are_open) {
  EXPECT_EXIT(start_with_open_descriptors(), ::testing::ExitedWithCode(0), "");
}

TEST(Self, cannot_be_looked_into_once_told_so) {
  EXPECT_EXIT(forbid_and_look(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace naru::sys
