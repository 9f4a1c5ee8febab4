#pragma once
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "registry/load.h"
#include "registry/published.h"
#include "telemetry/log.h"

namespace naru::registry {

struct RegistryOptions {
  std::span<const Kind> kinds;      ///< as long as the registry lives
  std::vector<std::string> paths;   ///< files and folders of documents
  unsigned loops = 1;               ///< event loops that will pin snapshots
  std::int64_t first_revision = 1;  ///< of the first snapshot; each further one counts up
};

/// Keeps the configuration in force: reads documents, publishes them whole, and leaves the running
/// snapshot in place when there is any problem. Safe from any thread.
class Registry {
 public:
  using Outcome = std::expected<std::int64_t, std::vector<Problem>>;

  /// Reads nothing yet; `reload` does, the first time too. Until it succeeds once, no snapshot is
  /// published. Lifetime: clock and log outlive it.
  Registry(RegistryOptions options, const Clock& clock, telemetry::Log& log);

  /// Reads all documents again. Gives the revision now in force, or all problems. Blocks on files;
  /// not from a loop. One at a time: a second caller waits.
  Outcome reload();
  /// The snapshots requests pin.
  Published<Snapshot>& snapshots() { return published_; }
  /// What was wrong with the documents that were read last; empty if they are in force.
  std::vector<Problem> problems() const;
  /// Every path whose change asks for a reload: what was given, and the files read by it.
  std::vector<std::string> watched() const;
  /// `told` is called with each snapshot after it was published, on the thread that reloads. To be
  /// set before the first reload.
  void on_change(std::function<void(const std::shared_ptr<const Snapshot>&)> told);

 private:
  void tell(const Loaded& loaded, std::int64_t revision);

  const RegistryOptions options_;
  const Clock& clock_;
  telemetry::Log& log_;
  Published<Snapshot> published_;
  std::function<void(const std::shared_ptr<const Snapshot>&)> told_;
  std::mutex reloading_;
  std::int64_t next_revision_;  // under reloading_
  mutable std::mutex mutex_;    // of what follows
  std::vector<Problem> problems_;
  std::vector<std::string> files_;
};

}  // namespace naru::registry
