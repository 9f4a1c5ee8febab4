#pragma once
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/rng.h"
#include "net/task.h"
#include "net/timers.h"
#include "net/until.h"
#include "telemetry/log.h"

namespace naru::net {

/// One event loop: one thread, its own connections, pools, timers and chance. Nothing of it is
/// touched from another thread but `post`.
class Loop {
 public:
  Loop(unsigned index, const Clock& clock, telemetry::Log& log);
  ~Loop();
  Loop(const Loop&) = delete;

  unsigned index() const;
  const Clock& clock() const;
  Timers& timers();
  Rng& rng();
  telemetry::Log& log();
  boost::asio::io_context& context();

  /// Runs `work` on this loop soon; from any thread.
  void post(std::function<void()> work);
  /// Runs until `stop`; blocks. Tests with a ManualClock call `poll` instead.
  void run();
  /// Runs what is ready and fires due timers; gives whether anything ran.
  bool poll();
  void stop();           ///< from any thread
  bool running() const;  ///< some thread is within `run`; from any thread
  /// Waits for `length`, or what ends `until`.
  Task<Result<void>> sleep(std::chrono::nanoseconds length, Until until);

 private:
  friend class Wake;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Tasks that are joined before their owner goes. A BrokenInvariant ends its task alone, logged.
class TaskGroup {
 public:
  explicit TaskGroup(Loop& loop);
  ~TaskGroup();  ///< every task must have ended
  /// Starts `task` on the loop; called on the loop.
  void spawn(Task<void> task);
  std::size_t running() const;
  /// Fires when the group is to end; pass it on in each task's Until.
  Stop& stop();
  /// Waits until all tasks have ended; fires `stop` at `until`'s deadline and waits on.
  Task<void> join(Until until);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// The loops of a process: one thread each.
class Loops {
 public:
  Loops(unsigned count, const Clock& clock, telemetry::Log& log);
  ~Loops();  ///< stops and joins
  void start();
  void stop();
  unsigned count() const;
  Loop& at(unsigned index);

 private:
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::jthread> threads_;
};

/// Runs one task on a loop of its own in this thread, to its end; for command-line verbs and tests.
void run_task(std::function<Task<void>(Loop&)> make, const Clock& clock, telemetry::Log& log);

}  // namespace naru::net
