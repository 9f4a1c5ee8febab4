#include "sys/self.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "sys/files.h"

namespace naru::sys {

void keep_standard_descriptors() {
  // open gives the lowest number that is free, and all below this one are taken.
  for (int number = 0; number < 3; ++number) {
    if (::fcntl(number, F_GETFD) >= 0 || errno != EBADF) continue;
    const int flags = number == STDOUT_FILENO ? O_RDONLY : O_RDWR;
    [[maybe_unused]] const int opened = ::open("/dev/null", flags);
  }
}

std::string start_path() {
  // What execve was given; a shell has found it in its PATH before. Source: getauxval(3).
  const auto* given = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  std::error_code error;
  const auto path = std::filesystem::absolute(given == nullptr ? "" : given, error);
  // A script's `#!`, or a program begun by descriptor, is not found by that name.
  if (!error && std::filesystem::equivalent(path, "/proc/self/exe", error)) return path.string();
  return self_path();
}

void forbid_inspection() { ::prctl(PR_SET_DUMPABLE, 0); }

}  // namespace naru::sys
