#include "store/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace naru::store {
namespace {

Result<void> make_private(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(FaultKind::Unavailable, "the data directory {} cannot be made: {}", path,
                std::strerror(errno));
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return fail(FaultKind::Unavailable, "{} is no directory; give the data a directory", path);
  if ((info.st_mode & 077) != 0)
    return fail(FaultKind::Unavailable,
                "the data directory {} is open to others (mode {:03o}); run chmod 700 {}", path,
                info.st_mode & 0777, path);
  return {};
}

/// Who wrote itself into the lock file; `?` if that cannot be read.
std::string holder(int lock) {
  char text[24] = {};
  const ssize_t got = ::pread(lock, text, sizeof text - 1, 0);
  const std::string_view pid(text, got > 0 ? static_cast<std::size_t>(got) : 0);
  return pid.empty() ? "?" : std::string(pid.substr(0, pid.find('\n')));
}

}  // namespace

Result<DataDirectory> DataDirectory::hold(const std::string& path) {
  NARU_TRY_VOID(make_private(path));
  const std::string file = path + "/naru.lock";
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (lock < 0)
    return fail(FaultKind::Unavailable, "{} cannot be opened: {}", file, std::strerror(errno));
  DataDirectory held(path, lock);  // closes it on every way out
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return fail(FaultKind::Unavailable,
                  "another naru (pid {}) uses {}; stop it or choose another directory",
                  holder(lock), path);
    return fail(FaultKind::Unavailable, "{} cannot be locked: {}", file, std::strerror(errno));
  }
  NARU_TRY_VOID(held.sign());
  NARU_TRY_VOID(give_to_owner(held, file));
  return held;
}

Result<DataDirectory> DataDirectory::share(const std::string& path, int lock) {
  DataDirectory held(path, lock);
  const std::string file = held.lock_file();
  struct stat named{};
  struct stat given{};
  if (::stat(file.c_str(), &named) != 0 || ::fstat(lock, &given) != 0 ||
      named.st_dev != given.st_dev || named.st_ino != given.st_ino)
    return fail(FaultKind::Unavailable, "the lock that was handed over is not that of {}", path);
  return held;
}

Result<void> DataDirectory::sign() const {
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock_, 0) == 0 &&
      ::pwrite(lock_, pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size()))
    return {};
  return fail(FaultKind::Unavailable, "{} cannot be written: {}", lock_file(),
              std::strerror(errno));
}

Result<void> give_to_owner(const DataDirectory& directory, const std::string& file) {
  struct stat owner{};
  if (::geteuid() != 0) return {};
  if (::stat(directory.path().c_str(), &owner) == 0 &&
      ::lchown(file.c_str(), owner.st_uid, owner.st_gid) == 0)
    return {};
  return fail(FaultKind::Unavailable, "{} cannot be given to the owner of {}: {}", file,
              directory.path(), std::strerror(errno));
}

DataDirectory::DataDirectory(DataDirectory&& from) noexcept
    : path_(std::move(from.path_)), lock_(std::exchange(from.lock_, -1)) {}

DataDirectory::~DataDirectory() { leave(); }

void DataDirectory::leave() {
  if (lock_ >= 0) ::close(lock_);
  lock_ = -1;
}

Result<void> DataDirectory::make_database() const {
  const int fd = ::open(database().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail(FaultKind::Unavailable, "{} cannot be opened: {}", database(),
                std::strerror(errno));
  ::close(fd);
  return give_to_owner(*this, database());
}

std::optional<std::uint64_t> DataDirectory::free_bytes() const {
  struct statvfs disk{};
  if (::statvfs(path_.c_str(), &disk) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

Result<void> sync_to_disk(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int why = errno;
  if (fd >= 0) ::close(fd);
  if (!synced)
    return fail(FaultKind::Unavailable, "{} cannot be written to disk: {}", path,
                std::strerror(why));
  return {};
}

}  // namespace naru::store
