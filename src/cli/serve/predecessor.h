#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/serve/elders.h"
#include "cli/serve/handover.h"
#include "sys/channel.h"

namespace naru::cli {

/// The naru whose place this process is to take, at the other end of its channel.
class Predecessor {
 public:
  /// The one that started this process; null if none did. To be called once, before any thread:
  /// the variable is taken out of the environment, and stderr is its own from then on.
  /// Fails: InvalidRequest; Unavailable, when it is gone.
  static Result<std::unique_ptr<Predecessor>> of_environment();

  const Handover& handover() const { return handover_; }
  /// Its engines by handle, and whether they serve.
  const std::map<std::string, bool>& engines() const { return engines_; }
  /// Fails: Unavailable, when it is gone or wants us no more.
  Result<void> check() const;
  /// Says that all is prepared, and which engines are attached to, and waits for its word to take
  /// its place. Fails: Unavailable, when that does not come.
  Result<void> wait_for_go(const std::string& version, const std::vector<std::string>& taken);
  void refuse(const std::string& why);
  /// Says that we serve. From here on it is an elder, as are those that it knows.
  void serving(Elders& elders);

 private:
  explicit Predecessor(Handover handover);
  Result<Message> hear(std::string_view word);
  Result<void> hear_hello();
  const Handover handover_;
  sys::Channel channel_;
  admin::Elder itself_;
  std::map<std::string, bool> engines_;
  std::vector<admin::Elder> elders_;
};

}  // namespace naru::cli
