#include "net/loop.h"

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>

#include "base/check.h"
#include "net/handoff.h"
#include "net/wake.h"

namespace naru::net {
namespace asio = boost::asio;
using telemetry::field;

struct Loop::Impl {
  using Alarm = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>,
                                           asio::io_context::executor_type>;

  Impl(unsigned number, const Clock& time, telemetry::Log& sink)
      : index(number), clock(time), log(sink), timers(time), context(1), alarm(context) {
    timers.on_earlier([](void* self) { static_cast<Impl*>(self)->arm(); }, this);
  }
  ~Impl() {
    // A coroutine that still waits owns itself through its Wake; the context destroys the others.
    while (waits != nullptr) waits->end(false);
  }

  /// Sets the one timer of the operating system to the first deadline.
  void arm() {
    if (!running || firing) return;
    const Monotonic due = timers.next_due();
    if (due == Monotonic::max()) return;
    alarm.expires_after(std::max(due - clock.now(), std::chrono::nanoseconds::zero()));
    alarm.async_wait([this](boost::system::error_code error) {
      if (!error) fire_due();
    });
  }

  void fire_due() {
    firing = true;
    timers.advance();
    firing = false;
    arm();
  }

  const unsigned index;
  const Clock& clock;
  telemetry::Log& log;
  Rng rng;
  Timers timers;
  Wake* waits = nullptr;
  std::atomic<bool> running = false;
  bool firing = false;
  asio::io_context context;
  Alarm alarm;
};

Loop::Loop(unsigned index, const Clock& clock, telemetry::Log& log)
    : impl_(std::make_unique<Impl>(index, clock, log)) {}
Loop::~Loop() = default;

unsigned Loop::index() const { return impl_->index; }
const Clock& Loop::clock() const { return impl_->clock; }
Timers& Loop::timers() { return impl_->timers; }
Rng& Loop::rng() { return impl_->rng; }
telemetry::Log& Loop::log() { return impl_->log; }
asio::io_context& Loop::context() { return impl_->context; }
bool Loop::running() const { return impl_->running; }

void Loop::post(std::function<void()> work) { asio::post(impl_->context, std::move(work)); }

void Loop::run() {
  const auto work = asio::make_work_guard(impl_->context);
  impl_->running = true;
  impl_->arm();
  while (!impl_->context.stopped()) {
    try {
      impl_->context.run();
    } catch (const BrokenInvariant& broken) {
      impl_->log.error("loop.broken", {field("why", broken.what())});
    }
  }
  impl_->running = false;
}

bool Loop::poll() {
  const bool due = timers().next_due() <= clock().now();
  timers().advance();
  impl_->context.restart();
  return impl_->context.poll() > 0 || due;
}

void Loop::stop() { impl_->context.stop(); }

Task<Result<void>> Loop::sleep(std::chrono::nanoseconds length, Until until) {
  Stop over;
  Timers::Timer timer(timers(), [](void* word) { static_cast<Stop*>(word)->fire(); }, &over);
  timer.set(clock().now() + length);
  co_return co_await wait(*this, over, until);
}

void Wake::link() {
  Wake*& first = loop_.impl_->waits;
  before_ = nullptr;
  next_ = first;
  if (first != nullptr) first->before_ = this;
  first = this;
}

void Wake::unlink() {
  if (next_ != nullptr) next_->before_ = before_;
  if (before_ != nullptr) before_->next_ = next_;
  if (loop_.impl_->waits == this) loop_.impl_->waits = next_;
}

struct TaskGroup::Impl {
  explicit Impl(Loop& owner) : loop(owner), ended(owner) {}
  void end(const std::exception_ptr& thrown) {
    if (thrown) report(thrown);
    if (--running == 0) ended.wake();
  }
  void report(const std::exception_ptr& thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& broken) {
      loop.log().error("task.broken", {field("why", broken.what())});
    }
  }

  Loop& loop;
  std::size_t running = 0;
  Stop stop;
  Wake ended;
};

TaskGroup::TaskGroup(Loop& loop) : impl_(std::make_shared<Impl>(loop)) {}
TaskGroup::~TaskGroup() {
  if (impl_->running > 0)
    impl_->loop.log().error("task.abandoned", {field("count", impl_->running)});
}

void TaskGroup::spawn(Task<void> task) {
  ++impl_->running;
  asio::co_spawn(impl_->loop.context().get_executor(), std::move(task),
                 [impl = impl_](const std::exception_ptr& thrown) { impl->end(thrown); });
}

std::size_t TaskGroup::running() const { return impl_->running; }
Stop& TaskGroup::stop() { return impl_->stop; }

Task<void> TaskGroup::join(Until until) {
  const auto impl = impl_;
  UntilGuard guard(
      impl->loop, until, [](void* stop) { static_cast<Stop*>(stop)->fire(); }, &impl->stop);
  if (guard.ended()) impl->stop.fire();
  while (impl->running > 0) co_await impl->ended.wait();
}

Loops::Loops(unsigned count, const Clock& clock, telemetry::Log& log) {
  for (unsigned i = 0; i < count; ++i) loops_.push_back(std::make_unique<Loop>(i, clock, log));
}

Loops::~Loops() { stop(); }

void Loops::start() {
  for (const auto& loop : loops_) {
    threads_.emplace_back([&runs = *loop] { runs.run(); });
    const std::string name = fmt::format("naru-loop-{}", loop->index());
    pthread_setname_np(threads_.back().native_handle(), name.c_str());
  }
}

void Loops::stop() {
  for (const auto& loop : loops_) loop->stop();
  threads_.clear();
}

unsigned Loops::count() const { return static_cast<unsigned>(loops_.size()); }
Loop& Loops::at(unsigned index) { return *loops_.at(index); }

namespace {

/// Lifetime: the caller's loop and place outlive the run.
Task<void> run_to_end(std::function<Task<void>(Loop&)> make, Loop& loop,
                      std::exception_ptr& thrown) {
  try {
    co_await make(loop);
  } catch (...) {
    thrown = std::current_exception();
  }
  loop.stop();
}

}  // namespace

void run_task(std::function<Task<void>(Loop&)> make, const Clock& clock, telemetry::Log& log) {
  Loop loop(0, clock, log);
  std::exception_ptr thrown;
  TaskGroup group(loop);
  group.spawn(run_to_end(std::move(make), loop, thrown));
  loop.run();
  loop.poll();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace naru::net
