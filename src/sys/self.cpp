#include "sys/self.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

namespace naru::sys {

void keep_standard_descriptors() {
  // open gives the lowest number that is free, and all below this one are taken.
  for (int number = 0; number < 3; ++number) {
    if (::fcntl(number, F_GETFD) >= 0 || errno != EBADF) continue;
    const int flags = number == STDOUT_FILENO ? O_RDONLY : O_RDWR;
    [[maybe_unused]] const int opened = ::open("/dev/null", flags);
  }
}

void forbid_inspection() { ::prctl(PR_SET_DUMPABLE, 0); }

}  // namespace naru::sys
