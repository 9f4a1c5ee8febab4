#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/handler.h"
#include "cli/serve/data_directory.h"
#include "deploy/deployer.h"
#include "gateway/pipeline.h"
#include "registry/registry.h"
#include "registry/watcher.h"

namespace naru::cli {

struct ServeOptions {
  std::vector<std::string> config;  ///< files and folders of resource documents
  std::string data_directory;
  std::string version;
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
  /// Cuts what a drain still waits for. While `drain` runs in another thread.
  void hurry();
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
  void watch_levels();
  Result<void> make_services();

  const ServeOptions options_;
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
  std::atomic<bool> hurried_ = false;
};

}  // namespace naru::cli
