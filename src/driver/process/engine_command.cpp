#include "driver/process/engine_command.h"

#include <unistd.h>

#include <cstdlib>

#include "sys/files.h"

namespace naru::driver {
namespace {

constexpr std::size_t kMaxSocketPath = 107;
constexpr std::size_t kLongestName = 63 + 1 + 16 + 4;  // DNS label, dash, digest, `.ctl`

/// FNV-1a: names a command line; nobody is kept out by it.
std::uint64_t digest_of(const std::vector<std::string>& words) {
  std::uint64_t digest = 14'695'981'039'346'656'037ULL;
  for (const std::string& word : words) {
    for (const char c : word)
      digest = (digest ^ static_cast<std::uint8_t>(c)) * 1'099'511'628'211ULL;
    digest = (digest ^ 0xff) * 1'099'511'628'211ULL;
  }
  return digest;
}

bool fits(const std::string& directory) {
  return directory.size() + 1 + kLongestName <= kMaxSocketPath;
}

std::string short_directory(const std::string& data_directory) {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const std::string name = fmt::format("naru-{:016x}", digest_of({data_directory}));
  const std::string preferred = fmt::format("{}/{}", runtime == nullptr ? "" : runtime, name);
  if (runtime != nullptr && *runtime != '\0' && fits(preferred)) return preferred;
  return fmt::format("/tmp/naru-{}-{:016x}", ::getuid(), digest_of({data_directory}));
}

}  // namespace

Result<std::string> socket_directory(const std::string& data_directory) {
  std::string directory = data_directory + "/run";
  if (!fits(directory)) directory = short_directory(data_directory);
  NARU_TRY_VOID(sys::make_directory(directory, 0700));
  return directory;
}

std::vector<std::string> engine_command(const DeploymentSpec& spec, const std::string& binary,
                                        const std::string& socket) {
  const auto total_context = static_cast<std::uint64_t>(spec.context) * spec.parallel;
  std::vector<std::string> command{binary,
                                   "-m",
                                   spec.weights,
                                   "--alias",
                                   spec.name,
                                   "--host",
                                   socket,
                                   "--port",
                                   "0",
                                   "-c",
                                   fmt::to_string(total_context),
                                   "-np",
                                   fmt::to_string(spec.parallel),
                                   "-cb",
                                   "--cache-ram",
                                   fmt::to_string(spec.prompt_cache_mib),
                                   "--threads-http",
                                   fmt::to_string(spec.parallel + 2),
                                   "--metrics",
                                   "--slots",
                                   "--no-ui",
                                   "--offline",
                                   "--log-colors",
                                   "off"};
  if (spec.threads > 0) {
    command.emplace_back("-t");
    command.push_back(fmt::to_string(spec.threads));
  }
  if (spec.embeddings) command.insert(command.end(), {"--embeddings", "--pooling", "mean"});
  return command;
}

EnginePaths engine_paths(const std::string& directory, const DeploymentSpec& spec,
                         const std::string& binary) {
  const std::uint64_t digest = digest_of(engine_command(spec, binary, directory));
  const std::string stem = fmt::format("{}/{}-{:016x}", directory, spec.name, digest);
  return {.engine = stem + ".sock", .control = stem + ".ctl"};
}

}  // namespace naru::driver
