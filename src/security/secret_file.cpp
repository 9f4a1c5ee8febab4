#include "security/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "security/random.h"

namespace naru::security {
namespace {

constexpr std::size_t kNameLetters = 8;  // of the file beside, so that two makers do not meet

/// An open file that closes itself.
class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Fault> os_fault(const std::string& file, std::string_view verb) {
  return fail(FaultKind::Unavailable, "{} cannot be {}: {}", file, verb, std::strerror(errno));
}

Result<void> check_mode(const std::string& file, const struct stat& info) {
  if (!S_ISREG(info.st_mode))
    return fail(FaultKind::Unavailable, "{} is no plain file; give the path of one", file);
  if ((info.st_mode & 077) != 0)
    return fail(FaultKind::Unavailable, "{} is open to others (mode {:03o}); run chmod 600 {}",
                file, info.st_mode & 0777, file);
  if (info.st_uid != geteuid() && geteuid() != 0)
    return fail(FaultKind::Unavailable, "{} belongs to user {}, not to {} who runs naru", file,
                info.st_uid, geteuid());
  return {};
}

Result<void> write_whole(const File& to, const std::string& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(to.fd(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return os_fault(file, "written");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (::fsync(to.fd()) != 0) return os_fault(file, "written to disk");
  return {};
}

std::string directory_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : file.substr(0, slash);
}

std::string random_name() { return std::string(random_token("").reveal().substr(0, kNameLetters)); }

/// Writes beside `file` first and links it into place: nobody ever reads half a secret, and of two
/// who make one at once the second finds the first's.
Result<void> make(const std::string& file, std::size_t bytes) {
  const std::string fresh = fmt::format("{}.{}", file, random_name());
  {
    const File to(fresh, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (to.fd() < 0) return os_fault(file, "made");
    const Secret secret(random_bytes(bytes));
    if (auto done = write_whole(to, file, secret.reveal()); !done) {
      ::unlink(fresh.c_str());
      return done;
    }
  }
  const bool linked = ::link(fresh.c_str(), file.c_str()) == 0 || errno == EEXIST;
  const int why = errno;
  ::unlink(fresh.c_str());
  errno = why;
  if (!linked) return os_fault(file, "made");
  const File directory(directory_of(file), O_RDONLY | O_DIRECTORY);
  if (directory.fd() < 0 || ::fsync(directory.fd()) != 0) return os_fault(file, "kept on disk");
  return {};
}

Result<Secret> read_open(const File& from, const std::string& file, std::size_t most_bytes) {
  struct stat info{};
  if (::fstat(from.fd(), &info) != 0) return os_fault(file, "read");
  NARU_TRY_VOID(check_mode(file, info));
  std::string bytes(most_bytes + 1, '\0');
  std::size_t have = 0;
  for (;;) {
    const ssize_t got = ::read(from.fd(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_fault(file, "read");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
    if (have > most_bytes)
      return fail(FaultKind::Unavailable, "{} is longer than {} bytes", file, most_bytes);
  }
  bytes.resize(have);
  return Secret(std::move(bytes));
}

}  // namespace

Result<Secret> read_secret(const std::string& file, std::size_t most_bytes) {
  const File from(file, O_RDONLY | O_NONBLOCK);
  if (from.fd() < 0) return os_fault(file, "read");
  return read_open(from, file, most_bytes);
}

Result<Secret> read_or_make_secret(const std::string& file, std::size_t bytes,
                                   std::size_t most_bytes) {
  if (::access(file.c_str(), F_OK) != 0 && errno == ENOENT) NARU_TRY_VOID(make(file, bytes));
  return read_secret(file, most_bytes);
}

}  // namespace naru::security
