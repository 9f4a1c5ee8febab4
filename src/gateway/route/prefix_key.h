#pragma once
#include <cstdint>
#include <optional>

#include "dialect/dialect.h"
#include "security/api_key.h"

namespace naru::gateway {

/// What keeps a conversation at one target: the same in each of its turns. Of the client's own
/// `cache_key` and the key it calls with, where it gives one; else of what the conversation begins
/// with, instructions and the user's first words. Keyed by the installation's pepper, so that
/// nobody can tell the words from it; every process of the installation gives the same. nullopt: it
/// begins with nothing.
std::optional<std::uint64_t> prefix_key(const security::KeyHasher& hasher,
                                        const dialect::Opening& opening,
                                        dialect::Operation operation, std::int64_t key_id);

// Bytes that count.
inline constexpr std::size_t kInstructionBytes = 16 << 10;
inline constexpr std::size_t kFirstWordsBytes = 16 << 10;
/// A prompt that is completed has no turns: it grows at its end, so that only its head stays.
inline constexpr std::size_t kPromptBytes = 512;

}  // namespace naru::gateway
