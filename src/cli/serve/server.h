#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/handler.h"
#include "cli/serve/data_directory.h"
#include "cli/serve/elders.h"
#include "cli/serve/predecessor.h"
#include "cli/serve/successor.h"
#include "cli/serve/upgrades.h"
#include "deploy/deployer.h"
#include "gateway/pipeline.h"
#include "registry/registry.h"
#include "registry/watcher.h"

namespace naru::cli {

struct ServeOptions {
  std::vector<std::string> config;  ///< files and folders of resource documents
  std::string data_directory;
  std::string version;
  Predecessor* predecessor = nullptr;  ///< whose place this one takes; while it starts
  /// Told from any thread that somebody wishes an upgrade; null: there can be none.
  std::function<void()> upgrade_wished = {};
};

/// The whole program as objects, in the order they need each other. Members are destroyed in the
/// reverse of it.
class Server {
 public:
  /// Reads the documents, opens the store, starts loops, engines and listeners.
  /// Fails: InvalidRequest, all problems of the documents, a line each; Unavailable; Conflict.
  static Result<std::unique_ptr<Server>> start(ServeOptions options);
  ~Server();

  std::string data_url() const;
  std::string admin_url() const;
  const AdminToken& token() const { return token_; }

  /// Reads the documents and certificates again.
  void reload();
  void reopen_log();
  /// Tells load balancers, lets calls end within the configured time, stops engines.
  void drain();
  /// Cuts what a drain still waits for. While `drain` or `leave` runs in another thread.
  void hurry();

  /// How an upgrade stands; the wish is taken, and all said, by who looks after the server.
  Upgrades& upgrades() { return upgrades_; }
  /// What a process that is to take our place is given.
  Successor::Legacy legacy();
  /// Another process has taken our place, and the engines with these handles: lets calls end that
  /// run here, within the configured time.
  void leave(const Successor& successor);
  /// None has, after all: what it may have changed in the data directory is set right.
  void upgrade_refused(const std::string& binary, const std::string& why);
  /// Fails: Conflict, with why there can be none now.
  Result<void> wish_upgrade(const admin::UpgradeWish& wish);
  /// The binary that a wish speaks of. Fails: Unavailable.
  Result<std::string> take_named_binary() const;
  /// Whether new connections may still come here.
  bool accepting() const { return data_->accepting() || admin_->accepting(); }
  /// Calls that have not ended.
  std::int64_t calls() const { return metrics_->in_flight(); }
  /// The time that a stop gives calls to end.
  std::chrono::milliseconds drain_time() const;
  /// Whether processes whose place this one took still end calls. Engines are told of the last.
  bool has_elders();
  /// What a newcomer needs next, once every eager engine is ready: the address, a fresh key in
  /// place of the last one, a line to paste. Nullopt while one is still starting. Fails: NoTarget,
  /// when an engine has been given up, saying why, or no model is declared.
  std::optional<Result<std::string>> quickstart();

 private:
  void end_tasks();
  explicit Server(ServeOptions options);
  Result<void> open_state();
  Result<gateway::GatewaySettings> read_settings() const;
  Result<void> open_log(const gateway::LogSettings& settings);
  Result<void> publish();
  void start_loops(const gateway::GatewaySettings& settings);
  Result<void> open_listeners(const gateway::GatewaySettings& settings);
  admin::Context make_admin_context();
  Result<void> publish_addresses();
  Result<void> take_over();
  Result<std::vector<std::string>> wait_for_engines();
  Result<void> begin();
  store::StoreOptions store_options(const gateway::GatewaySettings& settings) const;
  std::expected<std::int64_t, std::vector<Problem>> reload_documents();
  void watch_levels();
  Result<void> make_services();

  ServeOptions options_;
  SystemClock clock_;
  std::unique_ptr<telemetry::Log> log_;
  std::unique_ptr<telemetry::Metrics> metrics_;
  AdminToken token_;
  std::optional<security::KeyHasher> hasher_;
  std::unique_ptr<net::Loops> loops_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<registry::Registry> registry_;
  registry::Endpoints endpoints_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<gateway::Services> services_;
  std::unique_ptr<deploy::Deployer> deployer_;
  std::unique_ptr<gateway::Pipeline> pipeline_;
  std::unique_ptr<admin::Context> admin_context_;
  std::unique_ptr<admin::AdminHandler> admin_handler_;
  std::shared_ptr<net::TlsServer> data_tls_;
  std::shared_ptr<net::TlsServer> admin_tls_;
  std::unique_ptr<net::HttpServer> data_;
  std::unique_ptr<net::HttpServer> admin_;
  std::vector<Address> addresses_;
  std::unique_ptr<registry::Watcher> watcher_;
  Upgrades upgrades_;
  Elders elders_;
  unsigned lane_ = 0;  // of our ids
  std::atomic<bool> hurried_ = false;
};

}  // namespace naru::cli
