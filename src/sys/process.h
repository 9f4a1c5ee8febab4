#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sys/fd.h"

namespace naru::sys {

/// What a child is started with. Nothing of ours reaches it that is not named here: environment,
/// descriptors and signal mask are laid out anew.
struct SpawnOptions {
  std::vector<std::string> arguments;    ///< the first is the binary's path; no shell, no search
  std::vector<std::string> environment;  ///< `NAME=value`, all of it
  std::vector<std::pair<int, int>> descriptors = {};  ///< ours → its number; 0–2 else /dev/null
  bool own_session = false;                           ///< setsid: outlives us and our terminal
  bool own_group = true;                              ///< a process group of its own
  bool die_with_parent = false;  ///< SIGKILL when the *thread* that spawns it ends
  int nice = 0;                  ///< added to our own
};

/// How a child ended.
struct Exit {
  int code = 0;              ///< exit status, if it exited
  int signal = 0;            ///< signal that ended it, or 0
  std::string text() const;  ///< `exit 1`, `signal 9`
};

/// A child process. Destroying it does not end the process.
class Child {
 public:
  pid_t pid() const { return pid_; }
  /// Readable once the child has ended; for poll or an event loop.
  int pidfd() const { return pidfd_.get(); }
  /// How it ended, once it has; reaps it.
  std::optional<Exit> ended();
  /// Sends `signal` to the child, or to its whole group. Gone already is no fault.
  void signal(int signal, bool whole_group = true) const;

 private:
  friend Result<Child> spawn(const SpawnOptions& options);
  pid_t pid_ = -1;
  Fd pidfd_;
  bool own_group_ = false;
  std::optional<Exit> exit_;
};

/// Starts a child and returns once its binary runs. Fails: Unavailable, naming the binary and why
/// (not there, not executable, no more processes).
Result<Child> spawn(const SpawnOptions& options);

/// Takes note of children that have ended, in a process that watches none of them any more: each
/// would stay as a zombie otherwise.
void reap_children();

/// All of our environment, as `NAME=value`.
std::vector<std::string> environment();
/// `NAME=value` of each variable of ours that `names` lists and that is set.
std::vector<std::string> environment_of(const std::vector<std::string>& names);

}  // namespace naru::sys
