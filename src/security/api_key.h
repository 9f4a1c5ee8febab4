#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "security/random.h"

/// API keys: how they are made, and how they are kept (never as themselves).
namespace naru::security {

/// HMAC-SHA-256 of a whole key under this installation's pepper: what is stored and looked up.
using KeyHash = std::array<std::uint8_t, 32>;

/// 64 lower-case hexadecimal digits.
std::string to_hex(const KeyHash& hash);

/// Makes hashes of keys with the installation's pepper. Safe from any thread.
class KeyHasher {
 public:
  /// Reads the pepper (the whole file, 32 to 4,096 bytes as they are), or makes one of 32 random
  /// bytes there with mode 0600; of several that make it at once, all read the same.
  /// Fails: Unavailable, naming the file, when it cannot be read, made, or is open to others.
  static Result<KeyHasher> open(const std::string& file);
  /// With that pepper; at least 32 bytes.
  explicit KeyHasher(Secret pepper);
  KeyHash hash(std::string_view key) const;
  /// The hash of a fixed text that is no key: differs when the pepper does, tells nothing else.
  KeyHash fingerprint() const;

 private:
  struct Keyed;
  std::shared_ptr<const Keyed> keyed_;
};

/// A fresh key: `nk-` and 43 letters and digits, more than 256 random bits.
Secret make_key();
/// A fresh token with that prefix and as much chance, as for the admin listener.
Secret make_token(std::string_view prefix);

}  // namespace naru::security
