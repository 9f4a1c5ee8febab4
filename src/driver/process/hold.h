#pragma once
#include <chrono>
#include <string>
#include <vector>

namespace naru::driver {

// The holder: a process of one thread between naru and an engine. It owns the engine and its
// output, so that naru can die or be replaced without the engine noticing, and ends the engine when
// no naru has been attached for a while, so that none is left behind. It carries no secrets.
//
// naru attaches by connecting to the holder's socket. Lines go both ways, each ended by `\n`:
//   holder → naru   `S <pid>`  the engine runs     `L <text>` a line of its output
//                   `X <text>` it has ended (`exit 1`, `signal 9`); the holder ends too
//   naru → holder   `T` ask the engine to end      `K` kill it

inline constexpr std::chrono::milliseconds kUnattachedTerm{4'000};  ///< then SIGTERM …
inline constexpr std::chrono::milliseconds kUnattachedKill{5'000};  ///< … and SIGKILL
inline constexpr std::size_t kMaxLineBytes = 4'096;  ///< longer lines of output are cut
inline constexpr std::size_t kKeptLines = 64;        ///< shown to a naru that attaches later

/// Runs a holder: `arguments` are the path of its socket, `--`, and the engine's command line.
/// Gives the exit status of the process.
int hold_main(int argc, char** argv);

/// What a holder and its engine are given of naru's environment, by name: nothing that could be a
/// key.
const std::vector<std::string>& engine_environment();

/// Command line of a holder that runs as `self_binary hold …`.
std::vector<std::string> holder_command(const std::string& self_binary,
                                        const std::string& control_path,
                                        const std::vector<std::string>& engine_command);

}  // namespace naru::driver
