#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/serve/server.h"
#include "sys/signals.h"

namespace naru::cli {

/// How this process can be started again.
struct StartLine {
  std::string binary;  ///< `sys::start_path`
  std::vector<std::string> arguments;
};

/// What is to become of this process after an upgrade was tried.
enum class AfterUpgrade : std::uint8_t {
  Serve,  ///< none took its place; why stands in `server.upgrades()`
  Leave,  ///< another one serves
  Stop,   ///< a signal to stop came meanwhile: the other one is ended
};
struct Upgraded {
  AfterUpgrade then = AfterUpgrade::Serve;
  std::optional<Successor> successor = {};  ///< with Leave
};

/// Starts another process in the place of this one, on the wish that `server` has, else on that of
/// whoever sent the signal; waits until it serves, or has failed, or its time is over.
Upgraded upgrade(Server& server, sys::Signals& signals, const StartLine& line);

}  // namespace naru::cli
