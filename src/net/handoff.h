#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "net/loop.h"

namespace naru::net {

/// A place where another thread lays one value for a waiting coroutine. Copies share the place; the
/// first value counts, later ones are dropped, as is one nobody waits for any more.
template <class T>
class Handoff {
 public:
  explicit Handoff(Loop& loop) : state_(std::make_shared<State>(loop)) {}

  /// From any thread.
  void give(T value) const {
    auto state = state_;
    {
      const std::lock_guard lock(state->mutex);
      if (state->value) return;
      state->value.emplace(std::move(value));
    }
    state->loop.post([state] { state->arrived.fire(); });
  }

  /// On the loop, once. Fails as `until` says; the value, when it comes later, is dropped.
  Task<Result<T>> take(Until until) {
    auto state = state_;
    auto woken = co_await wait(state->loop, state->arrived, until);
    const std::lock_guard lock(state->mutex);
    if (state->value) co_return std::move(*state->value);
    co_return fail(woken.error());
  }

 private:
  struct State {
    explicit State(Loop& owner) : loop(owner) {}
    Loop& loop;
    Stop arrived;
    std::mutex mutex;
    std::optional<T> value;
  };
  std::shared_ptr<State> state_;
};

/// Waits on the loop until `word` is fired, or what ends `until`. Lifetime: caller keeps both.
Task<Result<void>> wait(Loop& loop, Stop& word, Until until);

}  // namespace naru::net
