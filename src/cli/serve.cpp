#include <atomic>
#include <csignal>
#include <cstdio>
#include <thread>

#include "cli/serve/server.h"
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

/// Until a signal says to stop.
int look_after(Server& server, sys::Signals& signals, bool quickstart) {
  int exit_code = 0;
  while (exit_code == 0) {
    if (quickstart) quickstart = show_quickstart(server, exit_code);
    switch (signals.wait(quickstart ? kLook : kIdle)) {
      case SIGHUP:
        sys::notify("RELOADING=1");
        server.reload();
        sys::notify("READY=1");
        break;
      case SIGUSR1:
        server.reopen_log();
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

/// Lets calls end; a second signal to stop cuts them.
void drain(Server& server, sys::Signals& signals) {
  std::atomic<bool> drained = false;
  const std::jthread draining([&] {
    server.drain();
    drained = true;
  });
  while (!drained)
    if (ends(signals.wait(kLook))) server.hurry();
}

int serve(const ServeOptions& options, bool quickstart) {
  sys::forbid_inspection();
  sys::Signals signals({SIGHUP, SIGINT, SIGTERM, SIGUSR1});
  auto server = Server::start(options);
  if (!server) {
    std::fprintf(stderr, "naru: %s\n", server.error().detail.c_str());
    return server.error().kind == FaultKind::InvalidRequest ? 2 : 1;
  }
  sys::notify("READY=1");
  say_token(**server, options.data_directory);
  const int exit_code = look_after(**server, signals, quickstart);
  sys::notify("STOPPING=1");
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
      "SIGTERM or Ctrl-C lets calls end first, a second one cuts them.\n"
      "Example: naru serve --config examples/quickstart.yaml --quickstart");
  verb->callback([options, quickstart, &globals] {
    options->data_directory = globals.data_directory;
    options->version = globals.version;
    globals.exit_code = serve(*options, *quickstart);
  });
}

}  // namespace naru::cli
