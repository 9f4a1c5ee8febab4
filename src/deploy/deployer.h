#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "driver/deployment.h"
#include "registry/endpoints.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace naru::deploy {

struct DeployerOptions {
  std::string data_directory;  ///< state files and sockets of engines live below it
  std::string self_binary;     ///< runs again as the holder of an engine
  std::string default_engine;  ///< llama-server to use where a deployment names none; may be empty
  /// Engines of the naru whose place this one takes, and whether they serve; until `take_charge`
  /// they are attached to, and no other is started.
  std::optional<std::map<std::string, bool>> handed_over = {};
};

/// What is known of one deployment, for people.
struct DeploymentStatus {
  std::string name;
  registry::Phase phase = registry::Phase::Stopped;
  std::string reason;          ///< why it is not ready, or what it does
  int pid = 0;                 ///< of the engine; 0: none
  std::uint64_t restarts = 0;  ///< since naru started
  std::uint32_t in_flight = 0;
  std::uint32_t slots = 0;
  std::uint32_t context = 0;  ///< tokens a slot, as the engine says
  std::string model_file;
  std::string architecture;
  std::vector<std::string> log;  ///< last lines of the engine's output
  std::string handle;            ///< what another naru finds this engine by; empty: none runs
  bool taken_over = false;       ///< of those handed over: as far here as it was there
};

/// Makes what runs equal to what is declared: starts, restarts, drains and stops engines, and tells
/// the rest of naru by `Endpoints`. Works on a thread of its own.
class Deployer {
 public:
  static std::unique_ptr<Deployer> make(DeployerOptions options, registry::Endpoints& endpoints,
                                        const Clock& clock, telemetry::Log& log,
                                        telemetry::Metrics& metrics);
  virtual ~Deployer() = default;  ///< as `stop` with no time to drain
  /// From now on these are declared. From any thread; returns at once.
  virtual void apply(std::shared_ptr<const driver::Deployments> declared) = 0;
  virtual std::vector<DeploymentStatus> status() const = 0;
  /// Drains and stops all engines. Blocks until `by` at most; not from a loop.
  virtual void stop(Monotonic by) = 0;
  /// Engines are this naru's alone to start and to end from now on.
  virtual void take_charge() = 0;
  /// No calls of another naru are under way at them any more.
  virtual void alone() = 0;
  /// Lets go of the engines with these handles, since another naru is in charge of them; drains and
  /// stops the others. What requests know of them stays. From any thread; returns at once.
  virtual void leave(std::vector<std::string> taken) = 0;
};

}  // namespace naru::deploy
