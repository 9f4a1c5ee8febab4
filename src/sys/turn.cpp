#include "sys/turn.h"

#include <fcntl.h>

#include <cerrno>
#include <thread>

#include "sys/files.h"

namespace naru::sys {
namespace {

constexpr std::chrono::milliseconds kLook{1};

/// Gives whether it was done.
bool set_lock(int fd, short type) {
  struct flock byte{.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1, .l_pid = 0};
  return ::fcntl(fd, F_OFD_SETLK, &byte) == 0;
}

}  // namespace

Result<Turn> Turn::open(const std::string& lock_file) {
  Fd fd(::open(lock_file.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.is_open())
    return fail(FaultKind::Unavailable, "{} cannot be opened: {}", lock_file, error_text(errno));
  return Turn(std::move(fd));
}

Turn::Held::~Held() {
  if (fd_ >= 0) set_lock(fd_, F_UNLCK);
}

Turn::Held Turn::take() const {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (!set_lock(fd_.get(), F_WRLCK)) {
    if ((errno != EAGAIN && errno != EACCES) || std::chrono::steady_clock::now() >= give_up)
      return Held(-1);
    std::this_thread::sleep_for(kLook);
  }
  return Held(fd_.get());
}

}  // namespace naru::sys
