#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/settings/fields.h"

namespace naru::driver {

enum class Start : std::uint8_t { Eager, OnDemand };

/// An open model that naru runs (document kind `Deployment`). Models name it as a target's
/// upstream.
struct DeploymentSpec {
  std::string name;  ///< DNS-1123 label
  std::string engine = "llama-server";
  std::string engine_path = {};   ///< binary; empty: $NARU_ENGINE, else the one beside naru
  std::string weights;            ///< GGUF file; `$NAME` at its start is that environment variable
  std::uint32_t context = 2'048;  ///< tokens a slot
  std::uint32_t parallel = 4;     ///< slots
  std::uint32_t threads = 0;      ///< 0: one a core
  std::uint32_t prompt_cache_mib = 64;  ///< memory for kept prompts
  bool embeddings = true;               ///< serve embeddings too (mean pooling)
  Start start = Start::Eager;
  std::chrono::milliseconds idle_unload{0};         ///< without a call; 0: never
  std::chrono::milliseconds load_timeout{120'000};  ///< a load without any progress
  std::chrono::milliseconds drain{30'000};          ///< for calls to end before it is stopped

  bool operator==(const DeploymentSpec&) const = default;
};

/// What an operator may set of a deployment.
const settings::Fields<DeploymentSpec>& deployment_fields();

/// All deployments of a snapshot, by name. Paths in them are whole: variables are put in, and
/// relative ones began at their document.
struct Deployments {
  std::map<std::string, std::shared_ptr<const DeploymentSpec>, std::less<>> by_name;
};

}  // namespace naru::driver
