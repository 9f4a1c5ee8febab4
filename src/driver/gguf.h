#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace naru::driver {

/// What the head of a GGUF file says about its model.
struct GgufFacts {
  std::uint32_t version = 0;
  std::string architecture;  ///< `llama`, `qwen2`, …
  std::uint64_t tensors = 0;
  std::uint64_t tensor_bytes = 0;    ///< all weights together
  std::uint64_t context_length = 0;  ///< tokens the model was trained for; 0 if it does not say
  bool has_chat_template = false;
};

/// Checks the head of a GGUF file before any engine opens it: every size, count and offset lies
/// within the file, computed so that none can overflow. `bytes`: the file; only its head is looked
/// at. Fails: InvalidRequest, naming the byte at which it goes wrong.
/// Source: ggml's docs/gguf.md, versions 2 and 3.
Result<GgufFacts> check_gguf(std::string_view bytes);

/// The same for a file on disk, of whose head 64 MiB are read at most; whatever it is and becomes
/// meanwhile, it is not waited for. Fails: Unavailable when it cannot be read.
Result<GgufFacts> check_gguf_file(const std::string& path);

}  // namespace naru::driver
