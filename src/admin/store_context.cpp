#include "admin/store_context.h"

#include "provider/upstream.h"

namespace naru::admin {
namespace {

/// Runs no engine.
class NoEngines final : public deploy::Deployer {
 public:
  void apply(std::shared_ptr<const driver::Deployments>) override {}
  std::vector<deploy::DeploymentStatus> status() const override { return {}; }
  void stop(Monotonic) override {}
  void take_charge() override {}
  void alone() override {}
  void leave(std::vector<std::string>) override {}
};

std::shared_ptr<const registry::Snapshot> no_documents() {
  auto snapshot = std::make_shared<registry::Snapshot>(0);
  snapshot->put(std::make_shared<const gateway::Models>(
      std::vector<std::shared_ptr<const gateway::ModelSpec>>()));
  snapshot->put(std::make_shared<const provider::Upstreams>(provider::Upstreams::Map()));
  snapshot->put(std::make_shared<const gateway::GatewaySettings>());
  return snapshot;
}

}  // namespace

struct StoreContext::Parts {
  Parts(std::unique_ptr<const Clock> time, std::unique_ptr<store::Store> opened,
        security::KeyHasher keyed, std::string version)
      : owned_clock(std::move(time)),
        store(std::move(opened)),
        hasher(std::move(keyed)),
        metrics({.version = version, .started = clock.wall_now()}),
        services{.clock = clock,
                 .log = telemetry::null_log(),
                 .metrics = metrics,
                 .store = *store,
                 .hasher = hasher,
                 .snapshots = snapshots,
                 .endpoints = endpoints,
                 .clients = {},
                 .groups = {}},
        context{.services = services,
                .deployer = deployer,
                .reload = [] { return std::unexpected(std::vector<Problem>()); },
                .problems = [] { return std::vector<Problem>(); },
                .token = {},
                .version = std::move(version),
                .started = clock.wall_now()} {}

  std::unique_ptr<const Clock> owned_clock;
  const Clock& clock = *owned_clock;
  std::unique_ptr<store::Store> store;
  security::KeyHasher hasher;
  telemetry::Metrics metrics;
  registry::Published<registry::Snapshot> snapshots{1, no_documents()};
  registry::Endpoints endpoints;
  NoEngines deployer;
  gateway::Services services;
  Context context;
};

Result<std::unique_ptr<StoreContext>> StoreContext::open(const std::string& directory,
                                                         const std::string& version) {
  auto clock = std::make_unique<const SystemClock>();
  NARU_TRY(auto opened,
           store::Store::open({.directory = directory}, *clock, telemetry::null_log()));
  NARU_TRY(auto hasher, security::KeyHasher::open(directory + "/pepper"));
  NARU_TRY_VOID(opened->check_pepper(hasher.fingerprint()));
  return std::unique_ptr<StoreContext>(new StoreContext(
      std::make_unique<Parts>(std::move(clock), std::move(opened), std::move(hasher), version)));
}

StoreContext::StoreContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
StoreContext::~StoreContext() = default;
Context& StoreContext::context() { return parts_->context; }

}  // namespace naru::admin
