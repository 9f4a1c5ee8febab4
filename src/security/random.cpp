#include "security/random.h"

#include <openssl/crypto.h>
#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace naru::security {
namespace {

constexpr std::string_view kLetters =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kTokenLetters = 43;  // 62^43 > 2^256
// Bytes from here on are thrown away, so that each letter is as likely as any other.
constexpr std::size_t kFair = 256 / kLetters.size() * kLetters.size();

}  // namespace

std::string random_bytes(std::size_t bytes) {
  std::string made(bytes, '\0');
  for (std::size_t have = 0; have < bytes;) {
    const ssize_t got = getrandom(made.data() + have, bytes - have, 0);
    NARU_CHECK(got >= 0 || errno == EINTR, "Linux gives random bytes once it has started");
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  return made;
}

Secret random_token(std::string_view prefix) {
  std::string token(prefix);
  while (token.size() < prefix.size() + kTokenLetters) {
    Secret chance(random_bytes(kTokenLetters));
    for (const char c : chance.reveal()) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < kFair && token.size() < prefix.size() + kTokenLetters)
        token.push_back(kLetters[byte % kLetters.size()]);
    }
  }
  return Secret(std::move(token));
}

bool same_bytes(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace naru::security
