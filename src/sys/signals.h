#pragma once
#include <chrono>
#include <initializer_list>
#include <memory>

namespace naru::sys {

/// Holds back signals for this thread and all it starts later, so that they are taken by `wait` and
/// interrupt nobody. To be made in main before any thread. SIGPIPE and SIGXFSZ are
/// ignored.
class Signals {
 public:
  explicit Signals(std::initializer_list<int> numbers);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();  ///< lets them through again
  /// Waits for the next one and gives its number, or 0 after `most` without any.
  int wait(std::chrono::milliseconds most);

 private:
  struct Mask;
  std::unique_ptr<Mask> mask_;
};

}  // namespace naru::sys
