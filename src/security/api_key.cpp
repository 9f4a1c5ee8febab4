#include "security/api_key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/check.h"
#include "security/secret_file.h"

namespace naru::security {
namespace {

constexpr std::size_t kPepperBytes = 32;
constexpr std::size_t kMostPepperBytes = 4096;
constexpr std::string_view kKeyPrefix = "nk-";
constexpr std::string_view kFingerprintText = "naru pepper fingerprint 1";  // no key has a blank

struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MAC_CTX, FreeMac>;

Context keyed_context(std::string_view pepper) {
  const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  NARU_CHECK(mac != nullptr, "OpenSSL 3 has HMAC");
  Context context(EVP_MAC_CTX_new(mac.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  const int keyed = EVP_MAC_init(
      context.get(), reinterpret_cast<const unsigned char*>(pepper.data()), pepper.size(), params);
  NARU_CHECK(keyed == 1, "OpenSSL 3 has SHA-256");
  return context;
}

}  // namespace

/// A context with the pepper already in it; each hash starts from a copy, which costs less than
/// keying anew and lets threads hash at the same time.
struct KeyHasher::Keyed {
  Context context;
};

std::string to_hex(const KeyHash& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * hash.size());
  for (const std::uint8_t byte : hash) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

Result<KeyHasher> KeyHasher::open(const std::string& file) {
  NARU_TRY(Secret pepper, read_or_make_secret(file, kPepperBytes, kMostPepperBytes));
  if (pepper.reveal().size() < kPepperBytes)
    return fail(FaultKind::Unavailable, "{} holds {} bytes; a pepper has at least {}", file,
                pepper.reveal().size(), kPepperBytes);
  return KeyHasher(std::move(pepper));
}

KeyHasher::KeyHasher(Secret pepper) {
  NARU_CHECK(pepper.reveal().size() >= kPepperBytes, "a short pepper can be guessed");
  keyed_ = std::make_shared<const Keyed>(keyed_context(pepper.reveal()));
}

KeyHash KeyHasher::hash(std::string_view key) const {
  const Context context(EVP_MAC_CTX_dup(keyed_->context.get()));
  KeyHash hash{};
  std::size_t length = 0;
  const bool done =
      context != nullptr &&
      EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(key.data()),
                     key.size()) == 1 &&
      EVP_MAC_final(context.get(), hash.data(), &length, hash.size()) == 1;
  NARU_CHECK(done && length == hash.size(), "HMAC-SHA-256 fails only without memory");
  return hash;
}

KeyHash KeyHasher::fingerprint() const { return hash(kFingerprintText); }

Secret make_key() { return random_token(kKeyPrefix); }
Secret make_token(std::string_view prefix) { return random_token(prefix); }

}  // namespace naru::security
