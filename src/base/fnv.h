#pragma once
#include <cstdint>
#include <string_view>

namespace naru {

/// FNV-1a, 64 bits: the same for a text in every process and build, and nobody is kept out by it.
/// Goes on from `digest`. Source: draft-eastlake-fnv.
constexpr std::uint64_t fnv1a(std::string_view text, std::uint64_t digest = 0xcbf29ce484222325U) {
  for (const char c : text) digest = (digest ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
  return digest;
}
static_assert(fnv1a("") == 0xcbf29ce484222325U && fnv1a("a") == 0xaf63dc4c8601ec8cU);

}  // namespace naru
