#include "gateway/route/prefix_key.h"

#include <cstring>

namespace naru::gateway {
namespace {

/// What is hashed; empty: nothing is said. What it begins with tells a client's word from what is
/// said, and both from an API key.
std::string hashed_text(const dialect::Opening& opening, dialect::Operation operation,
                        std::int64_t key_id) {
  if (!opening.cache_key.empty())
    return fmt::format("cache key\n{}\n{}", key_id, opening.cache_key);
  const bool prompt = operation == dialect::Operation::Complete;
  std::string said;
  for (const json::ValueView one : opening.instructions)
    said += dialect::said_in(one, kInstructionBytes - std::min(said.size(), kInstructionBytes));
  if (opening.first)
    said += dialect::said_in(*opening.first, prompt ? kPromptBytes : kFirstWordsBytes);
  return said.empty() ? said : "prefix\n" + said;
}

}  // namespace

std::optional<std::uint64_t> prefix_key(const security::KeyHasher& hasher,
                                        const dialect::Opening& opening,
                                        dialect::Operation operation, std::int64_t key_id) {
  const std::string text = hashed_text(opening, operation, key_id);
  if (text.empty()) return std::nullopt;
  const security::KeyHash hash = hasher.hash(text);
  std::uint64_t key = 0;
  std::memcpy(&key, hash.data(), sizeof(key));
  return key;
}

}  // namespace naru::gateway
