#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>

#include "net/loop.h"
#include "telemetry/log.h"

namespace naru::net::testing {

/// A loop in the test's own thread, which runs as far as it is told to.
class TestLoop {
 public:
  /// Real time a test may take before it is given up: no test waits for it to pass.
  static constexpr std::chrono::seconds kPatience{60};

  explicit TestLoop(const Clock& clock) : loop_(0, clock, telemetry::null_log()), tasks_(loop_) {}
  ~TestLoop() {
    tasks_.stop().fire();
    settle_until([this] { return tasks_.running() == 0; });
  }

  Loop& operator*() { return loop_; }
  Loop* operator->() { return &loop_; }
  Stop& stop() { return tasks_.stop(); }

  /// Starts `task`; its value will stand in what is given.
  template <class T>
  std::shared_ptr<std::optional<T>> start(Task<T> task) {
    auto place = std::make_shared<std::optional<T>>();
    tasks_.spawn(keep(std::move(task), place));
    return place;
  }
  void start(Task<void> task) { tasks_.spawn(std::move(task)); }

  /// Runs `task` to its end.
  template <class T>
  T run(Task<T> task) {
    const auto place = start(std::move(task));
    settle_until([&place] { return place->has_value(); });
    return std::move(place->value());
  }

  /// Runs what is ready.
  void settle() {
    while (loop_.poll()) {
    }
  }
  /// Runs until `holds` does.
  template <class Predicate>
  void settle_until(Predicate holds) {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
      loop_.poll();
      if (std::chrono::steady_clock::now() < give_up) continue;
      ADD_FAILURE() << "the loop has not come to that in time";
      return;
    }
  }

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::shared_ptr<std::optional<T>> place) {
    place->emplace(co_await std::move(task));
  }

  Loop loop_;
  TaskGroup tasks_;
};

}  // namespace naru::net::testing
