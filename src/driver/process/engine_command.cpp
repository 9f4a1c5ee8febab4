#include "driver/process/engine_command.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/fnv.h"
#include "sys/files.h"

namespace naru::driver {
namespace {

// A thread each: counts of tokens, which wait for no slot, and naru's own questions.
constexpr std::uint32_t kOtherCalls = 68;
constexpr std::uint32_t kBatchTokens = 512;  // the engine's own number
constexpr std::size_t kMaxSocketPath = 107;
constexpr std::string_view kEngineSuffix = ".sock";
constexpr std::string_view kControlSuffix = ".ctl";
constexpr std::size_t kNameBytes = 16 + kEngineSuffix.size();  // a digest, since names are long

/// Names a command line; each word has an end of its own.
std::uint64_t digest_of(const std::vector<std::string>& words) {
  std::uint64_t digest = fnv1a("");
  for (const std::string& word : words) digest = fnv1a("\xff", fnv1a(word, digest));
  return digest;
}

bool fits(const std::string& directory) {
  return directory.size() + 1 + kNameBytes <= kMaxSocketPath;
}

std::string short_directory(const std::string& data_directory) {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  const std::string name = fmt::format("naru-{:016x}", digest_of({data_directory}));
  const std::string preferred = fmt::format("{}/{}", runtime == nullptr ? "" : runtime, name);
  if (runtime != nullptr && *runtime != '\0' && fits(preferred)) return preferred;
  return fmt::format("/tmp/naru-{}-{:016x}", ::getuid(), digest_of({data_directory}));
}

/// Mean pooling shares a batch evenly among the slots; the engine aborts where it does not divide.
std::uint32_t batch_for(std::uint32_t parallel) {
  return (kBatchTokens + parallel - 1) / parallel * parallel;
}

}  // namespace

Result<std::string> socket_directory(const std::string& named) {
  std::error_code unknown;  // without a working directory the path stays as it is
  const auto absolute = std::filesystem::absolute(named, unknown);
  const std::string data_directory = unknown ? named : absolute.string();
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
                                   fmt::to_string(spec.parallel + kOtherCalls),
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
  if (spec.embeddings) {
    command.insert(command.end(), {"--embeddings", "--pooling", "mean"});
    command.insert(command.end(), {"-ub", fmt::to_string(batch_for(spec.parallel))});
  }
  return command;
}

EnginePaths engine_paths(const std::string& directory, const DeploymentSpec& spec,
                         const std::string& binary) {
  const std::uint64_t digest = digest_of(engine_command(spec, binary, directory));
  const std::string stem = fmt::format("{}/{:016x}", directory, digest);
  return {.engine = fmt::format("{}{}", stem, kEngineSuffix),
          .control = fmt::format("{}{}", stem, kControlSuffix)};
}

std::string engine_socket_beside(std::string_view control_path) {
  if (control_path.ends_with(kControlSuffix)) control_path.remove_suffix(kControlSuffix.size());
  return fmt::format("{}{}", control_path, kEngineSuffix);
}

}  // namespace naru::driver
