#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/deployment.h"

namespace naru::driver {

/// Where one run of an engine keeps its sockets.
struct EnginePaths {
  std::string engine;   ///< the engine listens here
  std::string control;  ///< its holder listens here
};

/// A directory, mode 0700, for sockets: `run` below the data directory, or one below
/// $XDG_RUNTIME_DIR or /tmp when paths there would be longer than a socket's may be (107 bytes).
/// Fails: Unavailable.
Result<std::string> socket_directory(const std::string& data_directory);

/// Command line of a llama-server for `spec`, listening at `socket`. Only flags of this list are
/// ever passed.
std::vector<std::string> engine_command(const DeploymentSpec& spec, const std::string& binary,
                                        const std::string& socket);

/// Paths that follow from the command line, name included: a naru that starts again with the same
/// documents finds the engine it left; with others it does not.
EnginePaths engine_paths(const std::string& directory, const DeploymentSpec& spec,
                         const std::string& binary);

/// The path of the engine's socket that stands beside its holder's.
std::string engine_socket_beside(std::string_view control_path);

}  // namespace naru::driver
