#include "driver/process/instance.h"

#include <algorithm>
#include <cmath>

namespace naru::driver {

using namespace std::chrono_literals;

namespace {
constexpr std::string_view kSilent = "it does not answer";
}  // namespace

void Instance::enter(Stage stage, Monotonic now, std::string reason) {
  stage_ = stage;
  since_ = now;
  reason_ = std::move(reason);
  kill_sent_ = false;
}

Act Instance::start(const Observation& seen) {
  enter(Stage::Loading, seen.now, "loading");
  active_ = seen.now;
  misses_ = 0;
  killed_for_.clear();
  return Act::Spawn;
}

Act Instance::crash(const Observation& seen, const std::string& why) {
  if (stage_ == Stage::Ready && seen.now - since_ >= kCrashWindow) backoffs_ = 0;
  crashes_.push_back(seen.now);
  while (seen.now - crashes_.front() > kCrashWindow) crashes_.pop_front();
  ++restarts_;
  if (seen.refused_for_good || static_cast<int>(crashes_.size()) >= kCrashesToFail) {
    enter(Stage::Failed, seen.now, why);
    return Act::Nothing;
  }
  const auto doubled = kFirstBackoff * std::pow(2.0, backoffs_++);
  const auto capped = std::min<std::chrono::duration<double>>(doubled, kMostBackoff);
  const double jitter = 0.8 + 0.4 * rng_.fraction();
  retry_at_ = seen.now + std::chrono::duration_cast<Monotonic::duration>(capped * jitter);
  enter(Stage::Backoff, seen.now, why);
  return Act::Nothing;
}

Act Instance::when_loading(const Observation& seen) {
  if (seen.output || seen.health == Health::Loading) active_ = seen.now;
  if (stage_ == Stage::Loading && seen.health == Health::Ok) {
    enter(Stage::Warming, seen.now, "warming up");
    return Act::Warm;
  }
  if (stage_ == Stage::Warming && seen.warmed) {
    if (*seen.warmed) {
      enter(Stage::Ready, seen.now, "");
      progressed_ = seen.now;
      return Act::Nothing;
    }
    return kill(seen, "it generates nothing");
  }
  if (seen.now - active_ >= spec_->load_timeout) return kill(seen, "no progress in loading");
  return Act::Nothing;
}

bool Instance::is_stuck(const Observation& seen) {
  if (!seen.progress) {
    if (seen.in_flight == 0) progressed_ = seen.now;  // nobody looks between calls
    return false;
  }
  const bool moved = seen.progress->decoded != progress_.decoded || seen.progress->processing == 0;
  progress_ = *seen.progress;
  if (moved) progressed_ = seen.now;
  return seen.now - progressed_ >= kStuck;
}

bool Instance::is_idle_too_long(const Observation& seen) const {
  if (spec_->idle_unload == 0ms || seen.in_flight > 0 || seen.waiting > 0) return false;
  return seen.now - std::max(since_, seen.last_used.value_or(since_)) >= spec_->idle_unload;
}

Act Instance::when_ready(const Observation& seen) {
  if (seen.stop || is_idle_too_long(seen)) {
    enter(Stage::Draining, seen.now, seen.stop ? "stopping" : "unloading: no calls");
    return when_draining(seen);
  }
  if (seen.health == Health::Ok) misses_ = 0;
  if (seen.health == Health::Unreachable) ++misses_;
  if (misses_ >= kMissesToKill) return kill(seen, std::string(kSilent));
  if (is_stuck(seen)) return kill(seen, "it makes no progress");
  return Act::Nothing;
}

/// From here no call is sent to it, whenever it ends.
Act Instance::kill(const Observation& seen, std::string why) {
  if (stage_ == Stage::Ready && seen.now - since_ >= kCrashWindow) backoffs_ = 0;
  killed_for_ = why;
  enter(Stage::Killing, seen.now, std::move(why));
  return Act::Kill;
}

Act Instance::when_killed(const Observation& seen) {
  if (seen.now - since_ < kKillPatience || std::exchange(kill_sent_, true)) return Act::Nothing;
  return Act::GiveUp;
}

Act Instance::when_draining(const Observation& seen) {
  const bool empty = seen.in_flight == 0;
  if (!empty && seen.now - since_ < spec_->drain) return Act::Nothing;
  enter(Stage::Stopping, seen.now, reason_);
  return Act::Terminate;
}

Act Instance::observe(const Observation& seen) {
  if (seen.refused) return crash(seen, *seen.refused);
  if (seen.exited) {
    if (stage_ == Stage::Stopping || seen.stop) {
      enter(Stage::Stopped, seen.now, "stopped");
      return Act::Nothing;
    }
    return crash(seen, killed_for_.empty() ? *seen.exited : killed_for_);
  }
  switch (stage_) {
    case Stage::Stopped:
      return seen.wanted && !seen.stop ? start(seen) : Act::Nothing;
    case Stage::Loading:
    case Stage::Warming:
      if (!seen.stop) return when_loading(seen);
      enter(Stage::Stopping, seen.now, "stopping");
      return Act::Terminate;
    case Stage::Ready:
      return when_ready(seen);
    case Stage::Draining:
      return when_draining(seen);
    case Stage::Stopping:
      if (seen.now - since_ >= kStopPatience + kKillPatience) return Act::GiveUp;
      if (seen.now - since_ < kStopPatience || std::exchange(kill_sent_, true)) return Act::Nothing;
      return Act::Kill;
    case Stage::Killing:
      return when_killed(seen);
    case Stage::Backoff:
      if (seen.stop) enter(Stage::Stopped, seen.now, "stopped");
      if (seen.stop || seen.now < retry_at_) return Act::Nothing;
      if (seen.wanted) return start(seen);
      enter(Stage::Stopped, seen.now, reason_);
      return Act::Nothing;
    case Stage::Failed:
      if (seen.stop) enter(Stage::Stopped, seen.now, "stopped");
      return Act::Nothing;
  }
  return Act::Nothing;
}

registry::Phase Instance::phase() const {
  switch (stage_) {
    case Stage::Stopped:
      return registry::Phase::Stopped;
    case Stage::Loading:
    case Stage::Warming:
      return registry::Phase::Starting;
    case Stage::Ready:
      return is_silent() ? registry::Phase::Backoff : registry::Phase::Ready;
    case Stage::Draining:
    case Stage::Stopping:
      return registry::Phase::Draining;
    case Stage::Killing:
    case Stage::Backoff:
      return registry::Phase::Backoff;
    case Stage::Failed:
      return registry::Phase::Failed;
  }
  return registry::Phase::Failed;
}

std::string_view Instance::reason() const { return is_silent() ? kSilent : reason_; }

std::chrono::milliseconds Instance::look_again() const {
  switch (stage_) {
    case Stage::Loading:
    case Stage::Warming:
      return 100ms;
    case Stage::Stopped:
    case Stage::Failed:
      return 1'000ms;
    case Stage::Ready:
      return 1'000ms;
    case Stage::Draining:
    case Stage::Stopping:
    case Stage::Killing:
    case Stage::Backoff:
      return 100ms;
  }
  return 1'000ms;
}

}  // namespace naru::driver
