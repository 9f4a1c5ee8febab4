#include <csignal>
#include <cstdio>

#include "cli/serve/server.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "sys/notify.h"
#include "sys/signals.h"

namespace naru::cli {
namespace {

constexpr std::chrono::milliseconds kLook{50};  // while the quick start waits for its engine
constexpr std::chrono::milliseconds kIdle{60'000};

void say(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void say_token(const Server& server, const std::string& directory) {
  if (server.token().fresh)
    say(fmt::format("admin token (shown once; kept in {}/admin.token): {}\n", directory,
                    server.token().token.reveal()));
}

/// Prints the quick start's text once all is ready; gives whether it is still to come.
bool show_quickstart(Server& server, int& exit_code) {
  const auto text = server.quickstart();
  if (!text) return true;
  if (*text) {
    say(**text);
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

int serve(const ServeOptions& options, bool quickstart) {
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
  (*server)->drain();
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
      "SIGTERM "
      "or Ctrl-C lets calls end first.\n"
      "Example: naru serve --config examples/quickstart.yaml --quickstart");
  verb->callback([options, quickstart, &globals] {
    options->data_directory = globals.data_directory;
    options->version = globals.version;
    globals.exit_code = serve(*options, *quickstart);
  });
}

}  // namespace naru::cli
