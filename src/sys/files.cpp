#include "sys/files.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <concepts>
#include <filesystem>
#include <system_error>

namespace naru::sys {
namespace {

constexpr std::size_t kChunkBytes = 64 << 10;

std::unexpected<Fault> cannot(std::string_view what, const std::string& path, int error) {
  return fail(FaultKind::Unavailable, "cannot {} {}: {}", what, path, error_text(error));
}

Result<void> write_all(const Fd& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

void sync_directory_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  const Fd directory(
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.is_open()) ::fsync(directory.get());
}

/// Waits until there is something to read, or the end.
Result<void> wait_to_read(const Fd& file, const std::string& path) {
  pollfd watched{.fd = file.get(), .events = POLLIN, .revents = 0};
  constexpr std::chrono::milliseconds kMost = kPipePatience;
  const int ready = ::poll(&watched, 1, static_cast<int>(kMost.count()));
  if (ready < 0 && errno != EINTR) return cannot("read", path, errno);
  if (ready == 0)
    return fail(FaultKind::Unavailable, "cannot read {}: nothing came for {} s", path,
                kPipePatience.count());
  return {};
}

/// Writes `bytes` beside `path`, hands the file to `last`, which gives 0 if all is well, and
/// renames it to `path`; or leaves nothing behind.
template <std::invocable<Fd&> Last>
Result<void> write_fresh(const std::string& path, std::string_view bytes, mode_t mode, Last last) {
  const std::string fresh = fmt::format("{}.new.{}", path, ::getpid());
  ::unlink(fresh.c_str());
  Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file.is_open()) return cannot("write", fresh, errno);
  Result<void> written = write_all(file, bytes, fresh);
  if (written && ::fsync(file.get()) != 0) written = cannot("sync", fresh, errno);
  if (written && last(file) != 0) written = cannot("lock", fresh, errno);
  file.reset();
  if (written && ::rename(fresh.c_str(), path.c_str()) != 0)
    written = cannot("replace", path, errno);
  if (!written) {
    ::unlink(fresh.c_str());
    return written;
  }
  sync_directory_of(path);
  return {};
}

}  // namespace

std::string error_text(int error) { return std::generic_category().message(error); }

Result<void> make_directory(const std::string& named, mode_t mode) {
  std::string path = named;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();  // else it is its own parent
  std::error_code error;
  const auto parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return cannot("make the directory", parent, error.value());
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    return cannot("make the directory", path, errno);
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) return cannot("look at", path, errno);
  if (!S_ISDIR(facts.st_mode)) return fail(FaultKind::Unavailable, "{} is not a directory", path);
  if (facts.st_uid != ::geteuid())
    return fail(FaultKind::Unavailable, "{} belongs to another user; run naru as that user", path);
  if ((facts.st_mode & 0777 & ~mode) != 0)
    return fail(FaultKind::Unavailable,
                "the directory {} is open to others (mode {:03o}); run chmod {:03o} {}", path,
                facts.st_mode & 0777, mode, path);
  return {};
}

Result<std::string> read_file(const std::string& path, std::size_t limit_bytes, Pipes pipes) {
  // Opening a pipe that has no writer would wait for one.
  const Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open()) return cannot("read", path, errno);
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0) return cannot("read", path, errno);
  const bool regular = S_ISREG(facts.st_mode);
  if (!regular && (pipes == Pipes::Refuse || S_ISDIR(facts.st_mode)))
    return fail(FaultKind::Unavailable, "cannot read {}: it is no regular file", path);
  std::string bytes;
  std::array<char, kChunkBytes> chunk;
  while (true) {
    if (!regular) NARU_TRY_VOID(wait_to_read(file, path));
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return cannot("read", path, errno);
    if (got == 0) return bytes;
    bytes.append(chunk.data(), static_cast<std::size_t>(got));
    if (bytes.size() > limit_bytes)
      return fail(FaultKind::TooLarge, "{} exceeds {} bytes", path, limit_bytes);
  }
}

Result<void> write_file(const std::string& path, std::string_view bytes, mode_t mode) {
  return write_fresh(path, bytes, mode, [](Fd&) { return 0; });
}

Result<Fd> write_locked_file(const std::string& path, std::string_view bytes, mode_t mode) {
  Fd held;
  NARU_TRY_VOID(write_fresh(path, bytes, mode, [&](Fd& file) {
    held = std::move(file);
    return ::flock(held.get(), LOCK_EX | LOCK_NB);
  }));
  return held;
}

bool is_locked(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  return file.is_open() && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::string self_path() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string() : path.string();
}

}  // namespace naru::sys
