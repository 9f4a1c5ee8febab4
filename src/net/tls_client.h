#pragma once
#include <memory>
#include <string>

#include "base/result.h"
#include "net/tls.h"

struct ssl_ctx_st;
struct ssl_st;

namespace naru::net {

/// How naru stands as a TLS client: TLS 1.2 at least, chain and host name verified. Immutable;
/// shared by all loops.
class TlsClient {
 public:
  /// Fails: InvalidRequest, naming the CA file and what is wrong with it.
  static Result<std::shared_ptr<const TlsClient>> make(const TlsClientOptions& options);
  virtual ~TlsClient() = default;
  /// Lifetime: this object's. Sessions made of it hold it themselves.
  virtual ssl_ctx_st* context() const = 0;
  /// The same text for clients that trust the same authorities and expect the same name.
  virtual const std::string& trust() const = 0;
  /// Readies a new session for `host`: the name it asks for and the one it will accept.
  /// Fails: Internal, when OpenSSL has no memory.
  virtual Result<void> prepare(ssl_st* session, const std::string& host) const = 0;
};

/// Why the handshake of a prepared session failed, as a sentence: the certificate's fault, if it
/// had one, else `otherwise` put in plain words where it is one of OpenSSL's riddles.
std::string handshake_fault(const ssl_st* session, std::string_view host,
                            std::string_view otherwise);

}  // namespace naru::net
