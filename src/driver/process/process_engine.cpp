#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "driver/driver.h"
#include "driver/gguf.h"
#include "driver/process/engine_command.h"
#include "driver/process/hold.h"
#include "driver/process/holder_link.h"
#include "driver/process/probe.h"
#include "sys/process.h"

namespace naru::driver {
namespace {

using std::chrono_literals::operator""ms;

constexpr std::chrono::milliseconds kAttachTime{2'000};
constexpr std::chrono::milliseconds kAttachAgain{10};
constexpr std::chrono::milliseconds kHealthEvery{500};

const std::string& binary_of(const EngineContext& context, const DeploymentSpec& spec) {
  return spec.engine_path.empty() ? context.default_engine : spec.engine_path;
}

/// The thin part around `Instance`: looks, asks it, does what it says.
class ProcessEngine final : public Engine {
 public:
  ProcessEngine(EngineContext& context, std::shared_ptr<const DeploymentSpec> spec)
      : context_(context),
        spec_(std::move(spec)),
        binary_(binary_of(context, *spec_)),
        instance_(spec_, context.loop.rng()),
        link_(context.loop, context.log, spec_->name),
        load_(context.endpoints.load(spec_->name)),
        tasks_(context.loop) {
    wanted_ = spec_->start == Start::Eager ||
              context.handed_over.contains(engine_handle(context, *spec_));
  }

  net::Task<void> run(net::Until until) override;
  void wake() override {
    wanted_ = true;
    prod();
  }
  void stop() override {
    stop_ = true;
    prod();
  }
  void leave() override {
    left_ = true;
    prod();
  }
  EngineStatus status() const override;

 private:
  net::Task<Observation> look(net::Until until);
  net::Task<void> act(Act act, net::Until until);
  net::Task<void> spawn(net::Until until);
  net::Task<bool> attach(net::Until until);
  static net::Task<void> follow(ProcessEngine& self, net::Until until);
  static net::Task<void> warm(ProcessEngine& self, net::Until until);
  void give_up_on_engine();
  bool holder_is_gone();
  void end_group();
  Result<void> prepare();
  Monotonic next_look() const;
  Result<sys::Child> start_holder();
  void publish();
  void prod() {
    if (prodded_ != nullptr) prodded_->fire();
  }

  EngineContext& context_;
  std::shared_ptr<const DeploymentSpec> spec_;
  std::string binary_;
  Instance instance_;
  HolderLink link_;
  std::shared_ptr<registry::Endpoints::Load> load_;
  net::TaskGroup tasks_;
  EnginePaths paths_;
  std::shared_ptr<const net::Remote> remote_;  // for calls, as a provider's base URL ends in /v1
  std::optional<EngineProbe> probe_;
  std::optional<sys::Child> holder_;
  EngineFacts facts_;
  std::string architecture_;
  bool leftovers_ = false;  // of a holder that has ended or is about to
  bool wanted_ = false;
  bool stop_ = false;
  bool left_ = false;
  bool proven_ = false;  // it serves already
  std::optional<bool> warmed_;
  std::optional<std::string> refused_;
  bool refused_for_good_ = false;
  Monotonic next_health_{};
  net::Stop* prodded_ = nullptr;
  registry::Phase published_ = registry::Phase::Stopped;
  std::string published_reason_;
};

/// Checks the weights and lays out the paths, before anything is started.
Result<void> ProcessEngine::prepare() {
  if (binary_.empty())
    return fail(FaultKind::InvalidRequest,
                "no engine is named; set engine_path, or NARU_ENGINE to a llama-server");
  NARU_TRY(const GgufFacts gguf, check_gguf_file(spec_->weights));
  architecture_ = gguf.architecture;
  NARU_TRY(const std::string directory, socket_directory(context_.data_directory));
  paths_ = engine_paths(directory, *spec_, binary_);
  // Asked on a connection of its own each time, as calls may need one: those that are open outlive
  // the socket's name.
  NARU_TRY(const auto probed,
           net::Remote::make({.base_url = "unix:" + paths_.engine, .idle = 0ms}));
  NARU_TRY(remote_, net::Remote::make({.base_url = "unix:" + paths_.engine + ":/v1"}));
  probe_.emplace(context_.loop, context_.client, probed);
  return {};
}

Result<sys::Child> ProcessEngine::start_holder() {
  const auto command = engine_command(*spec_, binary_, paths_.engine);
  return sys::spawn({.arguments = holder_command(context_.self_binary, paths_.control, command),
                     .environment = sys::environment_of(engine_environment()),
                     .own_session = true});
}

/// Whether a holder answers at our path.
net::Task<bool> ProcessEngine::attach(net::Until until) {
  auto attached = co_await link_.attach(paths_.control, until);
  if (!attached) co_return false;
  tasks_.spawn(follow(*this, {.stop = &tasks_.stop()}));
  co_return true;
}

/// Lifetime: the engine joins its tasks before it ends.
net::Task<void> ProcessEngine::follow(ProcessEngine& self, net::Until until) {
  co_await self.link_.follow(until);
  self.prod();
}

net::Task<void> ProcessEngine::spawn(net::Until until) {
  const Result<void> prepared = prepare();
  if (!prepared) {
    refused_ = prepared.error().detail;
    refused_for_good_ = prepared.error().kind == FaultKind::InvalidRequest;
    co_return;
  }
  leftovers_ = false;
  const bool left_by_an_earlier_naru = co_await attach(until);
  const auto handed = context_.handed_over.extract(paths_.control);
  proven_ = left_by_an_earlier_naru && !handed.empty() && handed.mapped();
  if (left_by_an_earlier_naru) co_return;
  if (context_.attach_only) {
    refused_ = "the naru that is in charge of it does not run it";
    co_return;
  }
  ::unlink(paths_.engine.c_str());  // an engine that was killed leaves its socket behind
  auto holder = start_holder();
  if (!holder) {
    refused_ = holder.error().detail;
    co_return;
  }
  holder_ = *std::move(holder);
  const Monotonic patience = context_.loop.clock().now() + kAttachTime;
  while (context_.loop.clock().now() < patience && !holder_->ended()) {
    const bool attached = co_await attach(until);
    if (attached) co_return;
    auto slept = co_await context_.loop.sleep(kAttachAgain, until);
    if (!slept) co_return;
  }
  refused_ =
      fmt::format("the holder of {} does not answer; is {} a program?", spec_->name, binary_);
  holder_->signal(SIGKILL);
}

/// Beside the looks, so that a word to stop is heard meanwhile. Lifetime: the engine joins its
/// tasks before it ends.
net::Task<void> ProcessEngine::warm(ProcessEngine& self, net::Until until) {
  bool generates = self.proven_;  // all its slots may be taken by calls that take long
  if (!generates) generates = co_await self.probe_->warm(until);
  if (generates) self.facts_ = co_await self.probe_->facts(until);
  self.warmed_ = generates;
  self.prod();
}

net::Task<void> ProcessEngine::act(Act act, net::Until until) {
  switch (act) {
    case Act::Nothing:
      break;
    case Act::Spawn:
      co_await spawn(until);
      break;
    case Act::Warm:
      tasks_.spawn(warm(*this, {.stop = &tasks_.stop()}));
      break;
    case Act::Terminate:
      co_await link_.ask_to_end();
      break;
    case Act::Kill:
      co_await link_.kill();
      break;
    case Act::GiveUp:
      give_up_on_engine();
      break;
  }
}

/// A line to it that broke is not its end: then its engine goes on, and the next start finds it.
bool ProcessEngine::holder_is_gone() {
  if (holder_ && holder_->pid() == link_.holder_pid()) return holder_->ended().has_value();
  return link_.holder_pid() > 1 && ::kill(link_.holder_pid(), 0) != 0;
}

/// The engine leads a process group of its own, to which belongs whatever it started: an engine
/// behind a script that did not `exec` outlives the script otherwise.
void ProcessEngine::end_group() {
  leftovers_ = false;
  const int group = link_.pid();
  if (group > 1 && group != ::getpgrp()) ::kill(-group, SIGKILL);
}

/// Neither engine nor holder does as it is told: both are killed from here.
void ProcessEngine::give_up_on_engine() {
  end_group();
  if (link_.holder_pid() > 1) ::kill(link_.holder_pid(), SIGKILL);
  link_.let_go("it could not be ended");
}

net::Task<Observation> ProcessEngine::look(net::Until until) {
  HolderLink::News news = link_.take_news();
  if (news.exited && !link_.log().empty())
    *news.exited += "; its last words: " + link_.log().back();
  if (holder_) (void)holder_->ended();  // reaps it
  leftovers_ = leftovers_ || news.exited;
  if (leftovers_ && holder_is_gone()) end_group();
  Observation seen{.wanted = wanted_ || load_->waiting.load() > 0,
                   .stop = stop_,
                   .exited = std::move(news.exited),
                   .refused = std::exchange(refused_, {}),
                   .refused_for_good = refused_for_good_,
                   .warmed = std::exchange(warmed_, {}),
                   .output = news.output,
                   .in_flight = load_->in_flight.load() + (context_.shared ? 1U : 0U),
                   .waiting = load_->waiting.load()};
  if (const auto used = load_->last_used_ns.load(); used > 0)
    seen.last_used = Monotonic(std::chrono::nanoseconds(used));
  const Monotonic now = context_.loop.clock().now();
  const bool loading = instance_.stage() == Stage::Loading;
  const bool ready = instance_.stage() == Stage::Ready;
  if (probe_ && link_.attached() && (loading || (ready && now >= next_health_))) {
    seen.health = co_await probe_->health(until);
    const bool answers = seen.health != Health::Unreachable;
    if (ready && answers && seen.in_flight > 0) seen.progress = co_await probe_->progress(until);
    next_health_ = now + kHealthEvery;
  }
  seen.now = context_.loop.clock().now();
  co_return seen;
}

void ProcessEngine::publish() {
  const registry::Phase phase = instance_.phase();
  if (phase == published_ && instance_.reason() == published_reason_) return;
  published_ = phase;
  published_reason_ = instance_.reason();
  registry::EndpointState state{.phase = phase, .reason = published_reason_};
  if (phase == registry::Phase::Ready) {
    state.remote = remote_;
    state.slots = facts_.slots > 0 ? facts_.slots : spec_->parallel;
  }
  context_.endpoints.set(spec_->name, std::move(state));
  const bool bad = phase == registry::Phase::Backoff || phase == registry::Phase::Failed;
  const auto fields = {telemetry::field("deployment", spec_->name),
                       telemetry::field("phase", registry::word_of(phase)),
                       telemetry::field("reason", published_reason_)};
  bad ? context_.log.warn("engine.state", fields) : context_.log.info("engine.state", fields);
  if (context_.changed) context_.changed(spec_->name, phase);
}

/// A health call that took all its time is followed by the next at once, so that an engine that
/// hangs is known within 2 s.
Monotonic ProcessEngine::next_look() const {
  const Monotonic usual = context_.loop.clock().now() + instance_.look_again();
  return instance_.stage() == Stage::Ready ? std::min(usual, next_health_) : usual;
}

net::Task<void> ProcessEngine::run(net::Until until) {
  context_.endpoints.set(spec_->name, {.reason = "not started"});
  // Calls may be waiting for it to be loaded, here too.
  while (!until.stopped() && !(left_ && instance_.phase() != registry::Phase::Starting)) {
    const Observation seen = co_await look(until);
    const Act next = instance_.observe(seen);
    if (instance_.phase() == registry::Phase::Draining) wanted_ = false;  // until a call wakes it
    publish();
    if (stop_ && instance_.stage() == Stage::Stopped) break;
    if (left_ && next != Act::Nothing && next != Act::Warm) break;
    co_await act(next, until);
    if (next != Act::Nothing) continue;
    net::Stop prodded;
    prodded_ = &prodded;
    auto woken = co_await net::wait(context_.loop, prodded, until.by(next_look()));
    prodded_ = nullptr;
    (void)woken;  // time, a word, or news: look again
  }
  co_await tasks_.join({.deadline = context_.loop.clock().now()});
}

EngineStatus ProcessEngine::status() const {
  return {.phase = instance_.phase(),
          .reason = std::string(instance_.reason()),
          .pid = link_.attached() ? link_.pid() : 0,
          .restarts = instance_.restarts(),
          .slots = facts_.slots,
          .context = facts_.context,
          .architecture = architecture_,
          .log = link_.log(),
          .handle = link_.attached() ? paths_.control : std::string(),
          .proven = proven_};
}

}  // namespace

std::string engine_handle(const EngineContext& context, const DeploymentSpec& spec) {
  const auto directory = socket_directory(context.data_directory);
  return directory ? engine_paths(*directory, spec, binary_of(context, spec)).control
                   : std::string();
}

std::unique_ptr<Engine> make_process_engine(EngineContext& context,
                                            std::shared_ptr<const DeploymentSpec> spec) {
  return std::make_unique<ProcessEngine>(context, std::move(spec));
}

}  // namespace naru::driver
