#pragma once
#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace naru::cli {

/// Options every verb takes, and what the process will exit with.
struct Globals {
  std::string data_directory;  ///< state of this installation: store, keys' pepper, tokens, sockets
  std::string ca_file = {};    ///< PEM to trust when speaking to a naru with a private certificate
  std::string admin_url = {};  ///< of another naru's admin listener; empty: that of the directory
  bool json = false;           ///< `--output json`
  std::string version;
  std::vector<std::string> arguments = {};  ///< the command line behind the program's name
  int exit_code = 0;  ///< 0 fine, 1 it did not work, 2 what was asked for makes no sense
};

/// One verb of the command line. `add` declares its options and sets the callback that runs it.
/// Lifetime: `app` and `globals` outlive the run.
struct Verb {
  std::string_view name;
  void (*add)(CLI::App& app, Globals& globals);
};
/// All verbs, in the order help shows them.
std::span<const Verb> all_verbs();

/// Runs the command line `naru …`; gives the exit status. What a verb prints for people goes to
/// stdout; faults go to stderr as one sentence.
int run(int argc, char** argv, std::string_view version);

}  // namespace naru::cli
