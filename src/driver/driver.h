#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "driver/deployment.h"
#include "net/http/client.h"
#include "registry/endpoints.h"

/// Where engines run. Each way has a folder; all answer to this interface and one contract test.
namespace naru::driver {

/// What is known of one engine.
struct EngineStatus {
  registry::Phase phase = registry::Phase::Stopped;
  std::string reason;
  int pid = 0;
  std::uint64_t restarts = 0;
  std::uint32_t slots = 0;
  std::uint32_t context = 0;  ///< tokens a slot
  std::string architecture;
  std::deque<std::string> log;
  std::string handle;   ///< what another naru on the directory finds this very engine by
  bool proven = false;  ///< it was taken over from a naru for which it served
};

/// One engine that is kept as it is declared. Belongs to one loop; only `wake` may come from it at
/// any time.
class Engine {
 public:
  virtual ~Engine() = default;
  /// Looks after the engine until `stop` has been called and it has ended, or until `until.stop`
  /// (then it is left to its holder). Lifetime: this outlives the task.
  virtual net::Task<void> run(net::Until until) = 0;
  virtual void wake() = 0;  ///< a call wants it
  virtual void stop() = 0;  ///< drain, end
  /// Lets go of the engine, which runs on: another naru is attached to it.
  virtual void leave() = 0;
  virtual EngineStatus status() const = 0;
};

/// What an engine works with. Lifetime: outlives every engine.
struct EngineContext {
  net::Loop& loop;
  net::HttpClient& client;
  registry::Endpoints& endpoints;
  telemetry::Log& log;
  std::string data_directory;
  std::string self_binary;
  std::string default_engine;
  std::function<void(const std::string& name, registry::Phase phase)> changed;  ///< for metrics

  // While a naru takes the place of another. Touched on the loop alone.
  std::map<std::string, bool> handed_over = {};  ///< handles of its engines; whether they serve
  bool attach_only = false;                      ///< it is in charge still: nothing is started
  bool shared = false;                           ///< its calls may be under way at any engine
};

/// The handle of an engine of that deployment, whether or not one runs; empty if there can be none.
std::string engine_handle(const EngineContext& context, const DeploymentSpec& spec);

/// An engine in a child process, under a holder (`process/`).
std::unique_ptr<Engine> make_process_engine(EngineContext& context,
                                            std::shared_ptr<const DeploymentSpec> spec);

}  // namespace naru::driver
