#include "sys/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "sys/files.h"

namespace naru::sys {
namespace {

constexpr int kExecFailed = 127;

/// All the child needs, laid out before the fork: after it nothing may allocate.
struct Layout {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::vector<std::pair<int, int>> descriptors;
  int first_free = 3;  // above all target numbers
  pid_t parent = 0;
  int report = -1;  // errno goes here when exec fails; closed by a successful exec
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

[[noreturn]] void give_up(int report) {
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(report, &error, sizeof error);
  ::_exit(kExecFailed);
}

/// Moves every descriptor to its number without one treading on another.
void place_descriptors(Layout& layout) {
  for (auto& [ours, its] : layout.descriptors) {
    ours = ::fcntl(ours, F_DUPFD, layout.first_free);
    if (ours < 0) give_up(layout.report);
  }
  layout.report = ::fcntl(layout.report, F_DUPFD_CLOEXEC, layout.first_free);
  const int null = ::open("/dev/null", O_RDWR);
  for (int number = 0; number < 3; ++number)
    if (null != number) ::dup2(null, number);
  for (const auto& [ours, its] : layout.descriptors)
    if (::dup2(ours, its) < 0) give_up(layout.report);
}

/// Everything but what it was given and the report, which exec closes.
void close_others(const Layout& layout) {
  const auto last = static_cast<unsigned>(layout.report);
  const auto first = static_cast<unsigned>(layout.first_free);
  if (first < last) ::syscall(SYS_close_range, first, last - 1, 0);
  ::syscall(SYS_close_range, last + 1, ~0U, 0);
}

void reset_signals() {
  for (int number = 1; number < 32; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become(const SpawnOptions& options, Layout& layout) {
  if (options.own_session)
    ::setsid();
  else if (options.own_group)
    ::setpgid(0, 0);
  place_descriptors(layout);
  close_others(layout);
  reset_signals();
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (options.nice != 0) {
    [[maybe_unused]] const int now = ::nice(options.nice);
  }
  if (options.die_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != layout.parent) ::_exit(kExecFailed);  // it died before the line above
  }
  ::execve(layout.arguments[0], layout.arguments.data(), layout.environment.data());
  give_up(layout.report);
}

Layout lay_out(const SpawnOptions& options, int report) {
  Layout layout{.arguments = pointers(options.arguments),
                .environment = pointers(options.environment),
                .descriptors = options.descriptors,
                .parent = ::getpid(),
                .report = report};
  for (const auto& [ours, its] : options.descriptors)
    layout.first_free = std::max(layout.first_free, its + 1);
  return layout;
}

}  // namespace

std::string Exit::text() const {
  return signal != 0 ? fmt::format("signal {}", signal) : fmt::format("exit {}", code);
}

Result<Child> spawn(const SpawnOptions& options) {
  const std::string& binary = options.arguments.at(0);
  std::array<int, 2> report{};
  if (::pipe2(report.data(), O_CLOEXEC) != 0)
    return fail(FaultKind::Unavailable, "cannot start {}: {}", binary, error_text(errno));
  const Fd read_end(report[0]);
  Fd write_end(report[1]);
  Layout layout = lay_out(options, write_end.get());
  Child child;
  child.pid_ = ::fork();
  if (child.pid_ == 0) become(options, layout);
  if (child.pid_ < 0)
    return fail(FaultKind::Unavailable, "cannot start {}: {}", binary, error_text(errno));
  write_end.reset();
  child.own_group_ = options.own_group || options.own_session;
  child.pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0)));
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(read_end.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof error) {
    ::waitpid(child.pid_, nullptr, 0);
    return fail(FaultKind::Unavailable, "cannot start {}: {}", binary, error_text(error));
  }
  return child;
}

std::optional<Exit> Child::ended() {
  if (exit_ || pid_ < 0) return exit_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  exit_ =
      WIFSIGNALED(status) ? Exit{.signal = WTERMSIG(status)} : Exit{.code = WEXITSTATUS(status)};
  return exit_;
}

void Child::signal(int signal, bool whole_group) const {
  if (pid_ <= 0 || exit_) return;
  ::kill(whole_group && own_group_ ? -pid_ : pid_, signal);
}

void reap_children() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

std::vector<std::string> environment() {
  std::vector<std::string> lines;
  for (char** line = environ; *line != nullptr; ++line) lines.emplace_back(*line);
  return lines;
}

std::vector<std::string> environment_of(const std::vector<std::string>& names) {
  std::vector<std::string> lines;
  for (const std::string& name : names)
    if (const char* value = std::getenv(name.c_str()))
      lines.push_back(fmt::format("{}={}", name, value));
  return lines;
}

}  // namespace naru::sys
