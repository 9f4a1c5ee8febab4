#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <functional>
#include <thread>

#include "cli/serve/upgrade.h"
#include "cli/show/output.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "sys/notify.h"
#include "sys/self.h"
#include "sys/signals.h"

namespace naru::cli {
namespace {

constexpr std::chrono::milliseconds kLook{50};  // while something else is waited for, too
constexpr std::chrono::milliseconds kIdle{60'000};
constexpr std::chrono::milliseconds kEldersLook{200};

void say_token(const Server& server, const std::string& directory) {
  if (!server.token().fresh) return;
  say(fmt::format("admin token (shown once; kept in {}/admin.token): {}\n", directory,
                  server.token().token.reveal()));
  all_said("the admin token stands in admin.token");
}

/// Prints the quick start's text once all is ready; gives whether it is still to come.
bool show_quickstart(Server& server, int& exit_code) {
  const auto text = server.quickstart();
  if (!text) return true;
  if (*text) {
    say(**text);
    all_said("naru keys create NAME makes a key");
  } else {
    std::fprintf(stderr, "naru: %s\n", text->error().detail.c_str());
    exit_code = 1;
  }
  return false;
}

/// Until a signal says to stop, or another process serves in the place of this one.
int look_after(Server& server, sys::Signals& signals, bool quickstart, Upgraded& upgraded,
               const StartLine& line) {
  int exit_code = 0;
  bool elders = true;
  while (exit_code == 0) {
    if (quickstart) quickstart = show_quickstart(server, exit_code);
    if (elders) elders = server.has_elders();
    switch (signals.wait(quickstart ? kLook : elders ? kEldersLook : kIdle)) {
      case SIGHUP:
        sys::notify("RELOADING=1");
        server.reload();
        sys::notify("READY=1");
        break;
      case SIGUSR1:
        server.reopen_log();
        break;
      case SIGUSR2:
        upgraded = upgrade(server, signals, line);
        if (upgraded.then != AfterUpgrade::Serve) return exit_code;
        break;
      case SIGINT:
      case SIGTERM:
        return exit_code;
      default:
        break;
    }
  }
  return exit_code;
}

bool ends(int signal) { return signal == SIGINT || signal == SIGTERM; }

/// Lets calls end; a second signal to stop cuts them. `look` is called now and then.
void let_end(Server& server, sys::Signals& signals, const std::function<void()>& end,
             const std::function<void()>& look) {
  std::atomic<bool> ended = false;
  const std::jthread ending([&] {
    end();
    ended = true;
  });
  while (!ended) {
    look();
    if (ends(signals.wait(kLook))) server.hurry();
  }
}

void drain(Server& server, sys::Signals& signals) {
  sys::notify("STOPPING=1");
  let_end(server, signals, [&] { server.drain(); }, [] {});
}

/// Another process serves: what runs here ends, and the other one is told how much that is.
void leave(Server& server, sys::Signals& signals, Successor& successor,
           const std::string& version) {
  // From here on the service manager looks at that one. Source: sd_notify(3).
  sys::notify(fmt::format("MAINPID={}", successor.pid()));
  const sys::Channel channel = successor.take_channel();
  const SystemClock clock;
  Monotonic by = Monotonic::max();
  std::int64_t told = -1;
  let_end(
      server, signals, [&] { server.leave(successor); },
      [&] {
        sys::reap_children();
        const auto word = channel.receive({});
        if (word && *word == "stop") by = clock.now() + server.drain_time();
        if ((word && *word == "hurry") || clock.now() >= by) server.hurry();
        if (server.accepting()) return;
        const std::int64_t calls = server.calls();
        if (std::exchange(told, calls) == calls) return;
        const admin::Elder we{.pid = ::getpid(), .calls = calls, .version = version};
        channel.send(write_message({.word = "left", .lines = {write_elder(we)}}));
      });
}

int refused(const Fault& fault, Predecessor* predecessor) {
  if (predecessor != nullptr) predecessor->refuse(fault.detail);
  std::fprintf(stderr, "naru: %s\n", fault.detail.c_str());
  return fault.kind == FaultKind::InvalidRequest ? 2 : 1;
}

int serve(ServeOptions options, bool quickstart, const std::vector<std::string>& arguments) {
  const StartLine line{.binary = sys::start_path(), .arguments = arguments};
  sys::forbid_inspection();
  sys::Signals signals({SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2});
  auto predecessor = Predecessor::of_environment();
  if (!predecessor) return refused(predecessor.error(), nullptr);
  options.predecessor = predecessor->get();
  options.upgrade_wished = [] { ::kill(::getpid(), SIGUSR2); };
  auto server = Server::start(options);
  if (!server) return refused(server.error(), predecessor->get());
  if (*predecessor == nullptr) sys::notify("READY=1");
  say_token(**server, options.data_directory);
  Upgraded upgraded;
  // A newcomer has had its text and key from the first of them.
  const bool first = *predecessor == nullptr;
  const int exit_code = look_after(**server, signals, quickstart && first, upgraded, line);
  if (upgraded.successor)
    leave(**server, signals, *upgraded.successor, options.version);
  else
    drain(**server, signals);
  return exit_code;
}

}  // namespace

void add_serve(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<ServeOptions>();
  auto quickstart = std::make_shared<bool>(false);
  CLI::App* verb = app.add_subcommand("serve", "run the gateway, the control plane and engines");
  verb->add_option("--config,-c", options->config,
                   "resource documents: YAML files, or folders of them; may be given again")
      ->required();
  verb->add_flag("--quickstart", *quickstart,
                 "once all is ready, print a fresh key and what to do with it");
  verb->footer(
      "Reloads its documents on SIGHUP and when they change; reopens its log on SIGUSR1; on "
      "SIGUSR2 or naru upgrade starts the binary at its path again and leaves it its sockets and "
      "engines; on SIGTERM or Ctrl-C lets calls end first, a second one cuts them.\n"
      "Example: naru serve --config examples/quickstart.yaml --quickstart");
  verb->callback([options, quickstart, &globals] {
    options->data_directory = globals.data_directory;
    options->version = globals.version;
    globals.exit_code = serve(*options, *quickstart, globals.arguments);
  });
}

}  // namespace naru::cli
