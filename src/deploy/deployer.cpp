#include "deploy/deployer.h"

#include <algorithm>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "driver/driver.h"
#include "net/handoff.h"

namespace naru::deploy {
namespace {

/// One deployment that is looked after: its engine, and the task that runs it.
struct Running {
  std::shared_ptr<const driver::DeploymentSpec> spec;
  std::unique_ptr<driver::Engine> engine;
  bool ended = false;
};

/// Works on a loop and thread of its own; everything private to it is touched there only, but for
/// what `mutex_` guards.
class LocalDeployer final : public Deployer {
 public:
  LocalDeployer(DeployerOptions options, registry::Endpoints& endpoints, const Clock& clock,
                telemetry::Log& log, telemetry::Metrics& metrics)
      : endpoints_(endpoints),
        metrics_(metrics),
        loop_(0, clock, log),
        resolver_(net::Resolver::make(1, clock)),
        client_(net::HttpClient::make(loop_, *resolver_)),
        context_{.loop = loop_,
                 .client = *client_,
                 .endpoints = endpoints,
                 .log = log,
                 .data_directory = std::move(options.data_directory),
                 .self_binary = std::move(options.self_binary),
                 .default_engine = std::move(options.default_engine),
                 .changed =
                     [this](const std::string& name, registry::Phase phase) {
                       if (phase == registry::Phase::Backoff || phase == registry::Phase::Failed)
                         metrics_.engine_restarted(name);
                     }},
        tasks_(std::make_unique<net::TaskGroup>(loop_)),
        stopper_(std::make_unique<net::TaskGroup>(loop_)) {
    if (options.handed_over) {
      context_.attach_only = context_.shared = true;
      context_.handed_over = *std::move(options.handed_over);
    }
    endpoints_.on_wake([this](const std::string& name) {
      loop_.post([this, name] {
        if (const auto found = running_.find(name); found != running_.end())
          found->second->engine->wake();
      });
    });
    thread_ = std::jthread([this] { loop_.run(); });
  }

  ~LocalDeployer() override {
    stop(loop_.clock().now());
    endpoints_.on_wake(nullptr);
    loop_.stop();
    thread_.join();
    loop_.poll();  // what was about to end, ends
  }

  void apply(std::shared_ptr<const driver::Deployments> declared) override {
    // Known to requests at once, so that none finds a declared deployment missing.
    for (const auto& [name, spec] : declared->by_name)
      if (endpoints_.find(name) == nullptr) endpoints_.set(name, {.reason = "not started"});
    loop_.post([this, declared] {
      declared_ = declared;
      reconcile();
    });
  }

  std::vector<DeploymentStatus> status() const override;
  void stop(Monotonic by) override;
  void take_charge() override;
  void alone() override {
    loop_.post([this] { context_.shared = false; });
  }
  void leave(std::vector<std::string> taken) override;

 private:
  void reconcile();
  bool may_start(const driver::DeploymentSpec& spec) const;
  void start(const std::string& name, std::shared_ptr<const driver::DeploymentSpec> spec);
  static net::Task<void> look_after(LocalDeployer& self, std::string name,
                                    std::shared_ptr<Running> running);
  static net::Task<void> end_all(LocalDeployer& self, Monotonic by,
                                 std::shared_ptr<std::promise<void>> done);
  std::vector<DeploymentStatus> status_here() const;

  registry::Endpoints& endpoints_;
  telemetry::Metrics& metrics_;
  mutable net::Loop loop_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<net::HttpClient> client_;
  driver::EngineContext context_;
  std::unique_ptr<net::TaskGroup> tasks_;    // one for each engine
  std::unique_ptr<net::TaskGroup> stopper_;  // waits for them
  std::shared_ptr<const driver::Deployments> declared_ =
      std::make_shared<const driver::Deployments>();
  std::map<std::string, std::shared_ptr<Running>> running_;
  bool stopped_ = false;  // nothing is started any more
  bool stopping_ = false;
  std::jthread thread_;
};

/// Starts what is declared and does not run; stops what runs and is not declared so. A changed
/// deployment is stopped first and started again when it has ended.
void LocalDeployer::reconcile() {
  if (stopped_) return;
  for (const auto& [name, running] : running_) {
    const auto wanted = declared_->by_name.find(name);
    if (wanted == declared_->by_name.end() || *wanted->second != *running->spec)
      running->engine->stop();
  }
  for (const auto& [name, spec] : declared_->by_name)
    if (!running_.contains(name) && may_start(*spec)) start(name, spec);
}

bool LocalDeployer::may_start(const driver::DeploymentSpec& spec) const {
  return !context_.attach_only ||
         context_.handed_over.contains(driver::engine_handle(context_, spec));
}

void LocalDeployer::take_charge() {
  loop_.post([this] {
    context_.attach_only = false;
    reconcile();
  });
}

void LocalDeployer::leave(std::vector<std::string> taken) {
  loop_.post([this, taken = std::move(taken)] {
    stopped_ = true;
    for (const auto& [name, running] : running_) {
      const std::string handle = running->engine->status().handle;
      if (!handle.empty() && std::ranges::find(taken, handle) == taken.end()) {
        running->engine->stop();
        continue;
      }
      running->engine->leave();
      // No call that comes here yet is to wait for an engine that only the other one would start.
      if (handle.empty())
        endpoints_.set(name, {.phase = registry::Phase::Failed,
                              .reason = "another process of naru has taken over; try again"});
    }
  });
}

void LocalDeployer::start(const std::string& name,
                          std::shared_ptr<const driver::DeploymentSpec> spec) {
  auto running = std::make_shared<Running>();
  running->spec = spec;
  running->engine = driver::make_process_engine(context_, std::move(spec));
  running_[name] = running;
  tasks_->spawn(look_after(*this, name, running));
}

/// Lifetime: the deployer joins its tasks before it goes.
net::Task<void> LocalDeployer::look_after(LocalDeployer& self, std::string name,
                                          std::shared_ptr<Running> running) {
  co_await running->engine->run({.stop = &self.tasks_->stop()});
  self.running_.erase(name);
  if (!self.declared_->by_name.contains(name)) self.endpoints_.remove(name);
  self.reconcile();
}

/// Lifetime: the deployer waits for `done`.
net::Task<void> LocalDeployer::end_all(LocalDeployer& self, Monotonic by,
                                       std::shared_ptr<std::promise<void>> done) {
  self.stopped_ = true;
  // Another naru is in charge, still: they are its engines.
  const bool borrowed = self.context_.attach_only;
  for (const auto& [name, running] : self.running_)
    borrowed ? running->engine->leave() : running->engine->stop();
  // What has not ended by then is left to its holder, which ends it within seconds.
  co_await self.tasks_->join({.deadline = by});
  done->set_value();
}

void LocalDeployer::stop(Monotonic by) {
  auto done = std::make_shared<std::promise<void>>();
  auto ended = done->get_future();
  loop_.post([this, by, done] {
    if (std::exchange(stopping_, true)) return done->set_value();
    stopper_->spawn(end_all(*this, by, done));
  });
  ended.wait();
}

std::vector<DeploymentStatus> LocalDeployer::status_here() const {
  std::vector<DeploymentStatus> all;
  for (const auto& [name, running] : running_) {
    const driver::EngineStatus engine = running->engine->status();
    all.push_back({.name = name,
                   .phase = engine.phase,
                   .reason = engine.reason,
                   .pid = engine.pid,
                   .restarts = engine.restarts,
                   .in_flight = context_.endpoints.load(name)->in_flight.load(),
                   .slots = engine.slots,
                   .context = engine.context,
                   .model_file = running->spec->weights,
                   .architecture = engine.architecture,
                   .log = {engine.log.begin(), engine.log.end()},
                   .handle = engine.handle,
                   .taken_over = engine.phase == registry::Phase::Ready ||
                                 (!engine.proven && !engine.handle.empty())});
  }
  return all;
}

std::vector<DeploymentStatus> LocalDeployer::status() const {
  std::promise<std::vector<DeploymentStatus>> promise;
  auto future = promise.get_future();
  loop_.post([this, &promise] { promise.set_value(status_here()); });
  return future.get();
}

}  // namespace

std::unique_ptr<Deployer> Deployer::make(DeployerOptions options, registry::Endpoints& endpoints,
                                         const Clock& clock, telemetry::Log& log,
                                         telemetry::Metrics& metrics) {
  return std::make_unique<LocalDeployer>(std::move(options), endpoints, clock, log, metrics);
}

}  // namespace naru::deploy
