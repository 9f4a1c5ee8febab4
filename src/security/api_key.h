#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

/// API keys: how they are made, and how they are kept (never as themselves).
namespace naru::security {

/// HMAC-SHA-256 of a whole key under this installation's pepper: what is stored and looked up.
using KeyHash = std::array<std::uint8_t, 32>;

/// Makes hashes of keys with the installation's pepper.
class KeyHasher {
 public:
  /// Reads the pepper (32 bytes) from `file`, or makes it there with mode 0600.
  /// Fails: Unavailable, naming the file, when it cannot be read, made, or is open to others.
  static Result<KeyHasher> open(const std::string& file);
  /// With that pepper; at least 32 bytes.
  explicit KeyHasher(Secret pepper);
  KeyHash hash(std::string_view key) const;

 private:
  Secret pepper_;
};

/// A fresh key: `nk-` and 43 characters of 256 random bits.
Secret make_key();
/// A fresh token with that prefix and as much chance, as for the admin listener.
Secret make_token(std::string_view prefix);
/// Compares in a time that depends on the lengths alone.
bool same_bytes(std::string_view a, std::string_view b);
/// `bytes` random bytes from the operating system.
std::string random_bytes(std::size_t bytes);

}  // namespace naru::security
