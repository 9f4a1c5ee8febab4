#include "cli/serve/upgrade.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "cli/serve/data_directory.h"
#include "sys/files.h"

namespace naru::cli {
namespace {

constexpr std::chrono::milliseconds kLook{5};
constexpr std::chrono::seconds kBegins{10};  // from our word to go to its word that it serves

/// Fails: InvalidRequest, when the file cannot be run, or is open to others.
Result<std::string> check_binary(std::string path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0)
    return fail(FaultKind::InvalidRequest, "{}: {}", path, sys::error_text(errno));
  if (!S_ISREG(facts.st_mode) || ::access(path.c_str(), X_OK) != 0)
    return fail(FaultKind::InvalidRequest, "{} is no file that may be run", path);
  if ((facts.st_mode & S_IWOTH) != 0)
    return fail(FaultKind::InvalidRequest, "{} may be written by anybody; run chmod o-w on it",
                path);
  return path;
}

Result<Successor> start_successor(Server& server, const StartLine& line, bool named) {
  if (::getpid() == 1)
    return fail(FaultKind::InvalidRequest,
                "naru is the first process of its container, which ends with it; replace the "
                "container");
  std::vector<std::string> command{line.binary};
  if (named) {
    NARU_TRY(command.front(), server.take_named_binary());
  }
  NARU_TRY_VOID(check_binary(command.front()));
  command.insert(command.end(), line.arguments.begin(), line.arguments.end());
  return Successor::start(command, server.legacy());
}

bool ends(int signal) { return signal == SIGINT || signal == SIGTERM; }

/// How the waiting for a successor ended.
struct Waited {
  Successor::News news = Successor::News::None;  ///< Serving or Failed
  std::string why = {};
  bool stop = false;
};

Waited wait_until_it_serves(Server& server, sys::Signals& signals, Successor& successor,
                            std::chrono::milliseconds within) {
  const SystemClock clock;
  Monotonic by = clock.now() + within;
  bool may_go = false;
  while (clock.now() < by) {
    const int signal = signals.wait(kLook);
    if (ends(signal)) return {.stop = true};
    if (signal == SIGUSR1) server.reopen_log();
    switch (successor.look()) {
      case Successor::News::None:
        break;
      case Successor::News::Ready:
        successor.say_go(server.calls());
        may_go = true;
        by = clock.now() + kBegins;
        break;
      case Successor::News::Serving:
        if (may_go) return {.news = Successor::News::Serving};
        return {.news = Successor::News::Failed, .why = "it serves without having been asked to"};
      case Successor::News::Failed:
        return {.news = Successor::News::Failed, .why = successor.why()};
    }
  }
  std::string why = fmt::format("it was not ready within {} ms", within.count());
  if (const std::string words = successor.last_words(); !words.empty())
    why += "; its last words: " + words;
  return {.news = Successor::News::Failed, .why = std::move(why)};
}

Upgraded refuse(Server& server, const std::string& binary, const std::string& why) {
  server.upgrade_refused(binary, why);
  return {};
}

}  // namespace

Upgraded upgrade(Server& server, sys::Signals& signals, const StartLine& line) {
  auto wish = server.upgrades().take();
  if (!wish) {
    wish.emplace();
    const auto wished = server.wish_upgrade(*wish);
    if (!wished) return {};
    (void)server.upgrades().take();
  }
  auto successor = start_successor(server, line, wish->named);
  if (!successor) return refuse(server, line.binary, successor.error().detail);
  server.upgrades().started(successor->pid());
  Waited waited = wait_until_it_serves(server, signals, *successor, wish->within);
  if (waited.news == Successor::News::Serving) {
    server.upgrades().hand_over(successor->version());
    return {.then = AfterUpgrade::Leave, .successor = *std::move(successor)};
  }
  successor->end();
  Upgraded upgraded = refuse(server, line.binary,
                             waited.stop ? "this naru was told to stop meanwhile" : waited.why);
  if (waited.stop) upgraded.then = AfterUpgrade::Stop;
  return upgraded;
}

}  // namespace naru::cli
