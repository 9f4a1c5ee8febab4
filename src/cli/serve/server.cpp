#include "cli/serve/server.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <future>
#include <thread>

#include "base/settings/report.h"
#include "cli/kinds.h"
#include "registry/files.h"
#include "sys/files.h"
#include "sys/notify.h"

namespace naru::cli {
namespace {

constexpr unsigned kResolverThreads = 4;
constexpr std::chrono::seconds kEnginesEnd{15};  // after calls have ended
constexpr std::chrono::seconds kEnginesEndSoon{2};
constexpr std::chrono::seconds kAdminEnds{2};
constexpr std::chrono::milliseconds kEngineLook{20};
constexpr std::chrono::milliseconds kEldersLook{20};
constexpr std::chrono::seconds kEldersEnd{3};  // behind their time: they tell their clients

std::string url_of(const net::HttpServer& server, bool tls) {
  return fmt::format("{}://{}", tls ? "https" : "http", server.address());
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

/// $NARU_ENGINE, else a llama-server that stands beside naru; empty for none.
std::string usual_engine() {
  if (auto named = variable("NARU_ENGINE"); !named.empty()) return named;
  const std::string self = sys::self_path();
  const std::string beside = self.substr(0, self.rfind('/') + 1) + "llama-server";
  return ::access(beside.c_str(), X_OK) == 0 ? beside : std::string();
}

Fault fault_of(const std::vector<Problem>& problems) {
  std::string lines;
  for (const Problem& problem : problems) lines += settings::write_problem(problem) + "\n";
  if (!lines.empty()) lines.pop_back();
  return {.kind = FaultKind::InvalidRequest, .detail = std::move(lines)};
}

/// Revisions go on counting where the last run stopped, since ledger rows name them.
std::string revision_file(const std::string& directory) { return directory + "/revision"; }
std::int64_t last_revision(const std::string& directory) {
  const auto text = sys::read_file(revision_file(directory), 64);
  std::int64_t last = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), last);
  return last;
}

Result<net::ListenOptions> listen_options(const gateway::ListenerSettings& listener,
                                          const gateway::LimitSettings& limits) {
  const std::size_t colon = listener.listen.rfind(':');
  net::ListenOptions options{.host = listener.listen.substr(0, colon),
                             .max_head_bytes = limits.head_bytes,
                             .max_connections = limits.connections,
                             .head_timeout = limits.head_timeout,
                             .idle_timeout = limits.idle_timeout};
  if (options.host.starts_with('[') && options.host.ends_with(']'))
    options.host = options.host.substr(1, options.host.size() - 2);
  const std::string_view port = std::string_view(listener.listen).substr(colon + 1);
  std::from_chars(port.data(), port.data() + port.size(), options.port);
  if (!listener.tls.certificate.empty()) {
    NARU_TRY(options.tls, net::TlsServer::load(listener.tls.certificate, listener.tls.key));
  }
  return options;
}

/// Takes out of `sockets` those that listen where `wanted` says, whatever listener they were of.
std::vector<int> take_sockets(std::map<std::string, std::vector<int>, std::less<>>& sockets,
                              std::string_view listener, const net::ListenOptions& wanted) {
  auto fits = [&](const auto& group) {
    return !group.second.empty() &&
           net::listens_at(group.second.front(), wanted.host, wanted.port) &&
           (wanted.port != 0 || group.first == listener);
  };
  const auto found = std::ranges::find_if(sockets, fits);
  if (found == sockets.end()) return {};
  return std::move(sockets.extract(found).mapped());
}

telemetry::LogOptions log_options(const gateway::LogSettings& settings) {
  telemetry::LogOptions options;
  options.level = telemetry::find_level(settings.level).value_or(telemetry::Level::Info);
  const bool people = settings.file.empty() && ::isatty(STDERR_FILENO) == 1;
  if (settings.format == gateway::LogFormat::Pretty ||
      (settings.format == gateway::LogFormat::Auto && people))
    options.form = telemetry::LineForm::Pretty;
  return options;
}

}  // namespace

Server::Server(ServeOptions options) : options_(std::move(options)) {}

namespace {

/// Tells once `group` has no task left. Lifetime: all outlive that.
void tell_when_ended(net::Loop& loop, net::TaskGroup& group, std::promise<void>& ended) {
  loop.post([&] {
    if (group.running() == 0) return ended.set_value();
    tell_when_ended(loop, group, ended);
  });
}

}  // namespace

/// Ends what no connection waits for: answers whose last bytes are read after the client has them.
void Server::end_tasks() {
  if (services_ == nullptr) return;
  for (unsigned i = 0; i < services_->groups.size(); ++i) {
    net::Loop& loop = loops_->at(i);
    net::TaskGroup& group = *services_->groups[i];
    if (!loop.running()) continue;
    loop.post([&group] { group.stop().fire(); });
    std::promise<void> ended;
    tell_when_ended(loop, group, ended);
    ended.get_future().wait();
  }
}

Server::~Server() {
  watcher_.reset();
  end_tasks();
  if (loops_) loops_->stop();
}

Result<gateway::GatewaySettings> Server::read_settings() const {
  const registry::Loaded loaded = registry::load(all_kinds(), options_.config, {});
  if (loaded.snapshot == nullptr) return fail(fault_of(loaded.problems));
  return loaded.snapshot->get<gateway::GatewaySettings>();
}

store::StoreOptions Server::store_options(const gateway::GatewaySettings& settings) const {
  return {.lock = options_.predecessor == nullptr ? -1 : options_.predecessor->handover().lock,
          .directory = options_.data_directory,
          .power_safe = settings.power_safe_ledger};
}

Result<void> Server::open_log(const gateway::LogSettings& settings) {
  NARU_TRY(log_, telemetry::Log::open(settings.file, log_options(settings), clock_));
  return {};
}

Result<void> Server::open_state() {
  NARU_TRY(token_, open_admin_token(options_.data_directory));
  NARU_TRY(hasher_, security::KeyHasher::open(options_.data_directory + "/pepper"));
  return {};
}

void Server::start_loops(const gateway::GatewaySettings& settings) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  loops_ = std::make_unique<net::Loops>(settings.loops > 0 ? settings.loops : cores, clock_, *log_);
  resolver_ = net::Resolver::make(kResolverThreads, clock_);
  registry_ = std::make_unique<registry::Registry>(
      registry::RegistryOptions{.kinds = kinds_to_reload(),
                                .paths = options_.config,
                                .loops = loops_->count(),
                                .first_revision = last_revision(options_.data_directory) + 1},
      clock_, *log_);
}

Result<void> Server::make_services() {
  NARU_TRY(const ExchangeId last, store_->last_exchange());
  services_.reset(new gateway::Services{.clock = clock_,
                                        .log = *log_,
                                        .metrics = *metrics_,
                                        .store = *store_,
                                        .hasher = *hasher_,
                                        .snapshots = registry_->snapshots(),
                                        .endpoints = endpoints_,
                                        .clients = {},
                                        .groups = {},
                                        .ids = IdMaker(clock_, last, lane_)});
  for (unsigned i = 0; i < loops_->count(); ++i) {
    services_->clients.push_back(net::HttpClient::make(loops_->at(i), *resolver_));
    services_->groups.push_back(std::make_unique<net::TaskGroup>(loops_->at(i)));
  }
  std::optional<std::map<std::string, bool>> handed_over;
  if (options_.predecessor != nullptr) handed_over = options_.predecessor->engines();
  deployer_ = deploy::Deployer::make({.data_directory = options_.data_directory,
                                      .self_binary = sys::self_path(),
                                      .default_engine = usual_engine(),
                                      .handed_over = std::move(handed_over)},
                                     endpoints_, clock_, *log_, *metrics_);
  return {};
}

Result<void> Server::publish() {
  registry_->on_change([this](const std::shared_ptr<const registry::Snapshot>& snapshot) {
    const auto written = sys::write_file(revision_file(options_.data_directory),
                                         fmt::format("{}\n", snapshot->revision()), 0600);
    if (!written)
      log_->warn("revision.unwritten", {telemetry::field("why", written.error().detail)});
    const auto& settings = snapshot->get<gateway::GatewaySettings>();
    log_->set_level(telemetry::find_level(settings.log.level).value_or(telemetry::Level::Info));
    for (const auto& [name, upstream] : snapshot->get<provider::Upstreams>().all()) {
      const provider::Concurrency& set = upstream->spec.concurrency;
      services_->places.allow(name, {.least = set.least, .most = set.most}, snapshot->revision());
    }
    deployer_->apply({snapshot, &snapshot->get<driver::Deployments>()});
  });
  const auto outcome = registry_->reload();
  if (!outcome) return fail(fault_of(outcome.error()));
  return {};
}

Result<void> Server::open_listeners(const gateway::GatewaySettings& settings) {
  pipeline_ = std::make_unique<gateway::Pipeline>(*services_);
  admin_context_.reset(new admin::Context(make_admin_context()));
  admin_handler_ = std::make_unique<admin::AdminHandler>(*admin_context_);
  NARU_TRY(net::ListenOptions data, listen_options(settings.data, settings.limits));
  NARU_TRY(net::ListenOptions admin, listen_options(settings.admin, settings.limits));
  if (options_.predecessor != nullptr) {
    auto sockets = options_.predecessor->handover().sockets;
    data.sockets = take_sockets(sockets, "data", data);
    admin.sockets = take_sockets(sockets, "admin", admin);
    for (const auto& [name, unused] : sockets)
      for (const int fd : unused) ::close(fd);
  }
  data_tls_ = data.tls;
  admin_tls_ = admin.tls;
  NARU_TRY(data_, net::HttpServer::open(*loops_, std::move(data), *pipeline_));
  NARU_TRY(admin_, net::HttpServer::open(*loops_, std::move(admin), *admin_handler_));
  return {};
}

admin::Context Server::make_admin_context() {
  return {.services = *services_,
          .deployer = *deployer_,
          .reload = [this] { return reload_documents(); },
          .problems = [this] { return registry_->problems(); },
          .token = token_.token,
          .version = options_.version,
          .started = clock_.wall_now(),
          .upgrade = [this](const admin::UpgradeWish& wish) -> Result<void> {
            if (!options_.upgrade_wished)
              return fail(FaultKind::Conflict, "this naru cannot be followed by another");
            NARU_TRY_VOID(wish_upgrade(wish));
            options_.upgrade_wished();
            return {};
          },
          .upgrade_state =
              [this] {
                admin::UpgradeState state = upgrades_.state();
                state.elders = elders_.look();
                return state;
              }};
}

Result<void> Server::publish_addresses() {
  for (const auto& [listener, url] :
       {std::pair("data", data_url()), std::pair("admin", admin_url())}) {
    NARU_TRY(Address address, Address::publish(options_.data_directory, listener, url));
    addresses_.push_back(std::move(address));
  }
  return {};
}

/// Those that serve for the predecessor must serve here before it goes.
Result<std::vector<std::string>> Server::wait_for_engines() {
  for (;;) {
    std::vector<std::string> taken;
    bool all_ready = true;
    for (const deploy::DeploymentStatus& engine : deployer_->status()) {
      if (!engine.handle.empty()) taken.push_back(engine.handle);
      const bool failed =
          engine.phase == registry::Phase::Backoff || engine.phase == registry::Phase::Failed;
      if (failed)
        return fail(FaultKind::Unavailable, "the engine of '{}' cannot be taken over: {}",
                    engine.name, engine.reason);
      all_ready = all_ready && engine.taken_over;
    }
    if (all_ready) return taken;
    NARU_TRY_VOID(options_.predecessor->check());
    std::this_thread::sleep_for(kEngineLook);
  }
}

/// All is prepared, and nothing has been accepted: waits for the predecessor to let us begin.
Result<void> Server::take_over() {
  NARU_TRY(const auto taken, wait_for_engines());
  NARU_TRY_VOID(options_.predecessor->wait_for_go(options_.version, taken));
  deployer_->take_charge();
  return store_->sign_lock();
}

Result<void> Server::begin() {
  loops_->start();
  NARU_TRY_VOID(publish_addresses());
  data_->start();
  admin_->start();
  if (options_.predecessor == nullptr) return {};
  options_.predecessor->serving(elders_);
  return {};
}

void Server::watch_levels() {
  metrics_->watch([this](telemetry::Levels& levels) {
    levels.ledger_queue = static_cast<std::int64_t>(store_->ledger_waiting());
    levels.body_bytes = static_cast<std::int64_t>(services_->body_memory.held());
    levels.connections = {{"data", static_cast<std::int64_t>(data_->connections())},
                          {"admin", static_cast<std::int64_t>(admin_->connections())}};
    for (const auto& [name, state] : endpoints_.all())
      levels.engines.push_back({.deployment = name,
                                .state = std::string(registry::word_of(state->phase)),
                                .in_flight = endpoints_.load(name)->in_flight.load()});
    for (const std::string& name : services_->places.upstreams()) {
      const gateway::Places::State state = services_->places.state(name);
      levels.upstreams.push_back({.name = name,
                                  .in_flight = state.in_flight,
                                  .limit = state.limit,
                                  .waiting = static_cast<std::int64_t>(state.waiting.size())});
    }
  });
}

Result<std::unique_ptr<Server>> Server::start(ServeOptions options) {
  std::unique_ptr<Server> server(new Server(std::move(options)));
  if (server->options_.predecessor != nullptr)
    server->lane_ = server->options_.predecessor->handover().lane;
  NARU_TRY(const gateway::GatewaySettings settings, server->read_settings());
  NARU_TRY_VOID(server->open_log(settings.log));
  NARU_TRY_VOID(prepare_data_directory(server->options_.data_directory));
  NARU_TRY_VOID(server->open_state());
  server->metrics_ = std::make_unique<telemetry::Metrics>(telemetry::MetricsOptions{
      .version = server->options_.version, .started = server->clock_.wall_now()});
  NARU_TRY(server->store_,
           store::Store::open(server->store_options(settings), server->clock_, *server->log_));
  NARU_TRY_VOID(server->store_->check_pepper(server->hasher_->fingerprint()));
  server->start_loops(settings);
  NARU_TRY_VOID(server->make_services());
  const std::vector<std::string> documents = server->registry_->watched();
  const auto as_read = registry::fingerprints(documents);
  NARU_TRY_VOID(server->publish());
  NARU_TRY_VOID(server->open_listeners(settings));
  if (server->options_.predecessor != nullptr) NARU_TRY_VOID(server->take_over());
  server->watch_levels();
  NARU_TRY_VOID(server->begin());
  server->watcher_ = std::make_unique<registry::Watcher>(
      registry::WatcherOptions{.paths = [raw = server.get()] { return raw->registry_->watched(); },
                               .changed = [raw = server.get()] { raw->reload(); }});
  // What changed between the reading and the watching.
  if (registry::fingerprints(documents) != as_read) server->reload();
  server->options_.predecessor = nullptr;  // it is an elder from now on
  server->log_->info("serve.ready", {telemetry::field("data", server->data_url()),
                                     telemetry::field("admin", server->admin_url()),
                                     telemetry::field("version", server->options_.version)});
  return server;
}

std::string Server::data_url() const { return url_of(*data_, data_tls_ != nullptr); }
std::string Server::admin_url() const { return url_of(*admin_, admin_tls_ != nullptr); }

/// Not while another process reads them to take our place: two would give one revision.
std::expected<std::int64_t, std::vector<Problem>> Server::reload_documents() {
  if (upgrades_.under_way())
    return std::unexpected(std::vector<Problem>{
        {.path = "", .text = "an upgrade is under way; reload again when it has ended"}});
  return registry_->reload();
}

void Server::reload() {
  (void)reload_documents();  // it logs what came of it, and the admin API shows it
  for (const auto& tls : {data_tls_, admin_tls_}) {
    if (tls == nullptr) continue;
    if (const auto loaded = tls->reload(); !loaded)
      log_->error("tls.reload_refused", {telemetry::field("why", loaded.error().detail)});
  }
}

void Server::reopen_log() {
  if (const auto opened = log_->reopen(); !opened)
    log_->error("log.reopen_refused", {telemetry::field("why", opened.error().detail)});
}

std::chrono::milliseconds Server::drain_time() const {
  return registry_->snapshots().latest()->get<gateway::GatewaySettings>().drain;
}

void Server::drain() {
  upgrades_.end();
  const auto length = drain_time();
  services_->draining.store(true);
  log_->info("serve.draining", {telemetry::field("in_ms", length.count())});
  const Monotonic by = clock_.now() + length;
  elders_.tell("stop");
  data_->drain(by);
  while (!elders_.look().empty() && clock_.now() < by + kEldersEnd && !hurried_.load())
    std::this_thread::sleep_for(kEldersLook);
  admin_->drain(clock_.now() + kAdminEnds);
  deployer_->stop(clock_.now() + (hurried_.load() ? kEnginesEndSoon : kEnginesEnd));
  log_->info("serve.stopped");
}

Successor::Legacy Server::legacy() {
  Successor::Legacy legacy{.version = options_.version,
                           .lock = store_->lock(),
                           .lane = (lane_ + 1) % IdMaker::kLanes,
                           .sockets = {{"data", data_->sockets()}, {"admin", admin_->sockets()}},
                           .elders = elders_.channels()};
  for (const deploy::DeploymentStatus& engine : deployer_->status())
    if (!engine.handle.empty())
      legacy.engines.emplace(engine.handle, engine.phase == registry::Phase::Ready);
  return legacy;
}

void Server::leave(const Successor& successor) {
  watcher_.reset();
  elders_.close();
  for (Address& address : addresses_) address.leave();
  store_->leave_lock();
  deployer_->leave(successor.engines());
  const auto length =
      registry_->snapshots().latest()->get<gateway::GatewaySettings>().upgrade_drain;
  log_->info(
      "serve.handed_over",
      {telemetry::field("pid", successor.pid()), telemetry::field("version", successor.version()),
       telemetry::field("calls", calls()), telemetry::field("in_ms", length.count())});
  const Monotonic by = clock_.now() + length;
  {
    const std::jthread admin_leaves([&] { admin_->leave(by); });
    data_->leave(by);
  }
  deployer_->stop(clock_.now() + (hurried_.load() ? kEnginesEndSoon : kEnginesEnd));
  log_->info("serve.stopped");
}

Result<void> Server::wish_upgrade(const admin::UpgradeWish& wish) {
  return upgrades_.wish(wish, elders_.look().size());
}

Result<std::string> Server::take_named_binary() const {
  return cli::take_named_binary(options_.data_directory);
}

void Server::upgrade_refused(const std::string& binary, const std::string& why) {
  upgrades_.refuse(why);
  log_->error("serve.upgrade_refused",
              {telemetry::field("binary", binary), telemetry::field("why", why)});
  std::vector<Address> before = std::move(addresses_);
  addresses_.clear();
  if (const auto published = publish_addresses(); !published)
    log_->error("serve.unpublished", {telemetry::field("why", published.error().detail)});
  for (Address& address : before) address.leave();
  if (const auto signed_again = store_->sign_lock(); !signed_again)
    log_->error("serve.unpublished", {telemetry::field("why", signed_again.error().detail)});
  reload();  // documents may have changed meanwhile
}

bool Server::has_elders() {
  const bool some = !elders_.look().empty();
  if (!some) deployer_->alone();
  return some;
}

void Server::hurry() {
  if (hurried_.exchange(true)) return;
  elders_.tell("hurry");
  data_->drain(clock_.now());
  admin_->drain(clock_.now());
}

}  // namespace naru::cli
