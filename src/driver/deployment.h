#pragma once
#include <chrono>
#include <cstdint>
#include <string>

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
};

}  // namespace naru::driver
