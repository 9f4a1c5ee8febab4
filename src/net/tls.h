#pragma once
#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;

namespace naru::net {

/// Certificate and key of a listener. The pair can be replaced while connections run: those keep
/// the old one, new ones get the new one.
class TlsServer {
 public:
  /// PEM files: a chain with the leaf first, and its key. Fails: InvalidRequest, naming the file
  /// and what is wrong with it (unreadable, key does not fit, expired).
  static Result<std::shared_ptr<TlsServer>> load(std::string certificate_file,
                                                 std::string key_file);
  /// Reads the files again; on failure the old pair stays in force.
  virtual Result<void> reload() = 0;
  /// The pair in force, as OpenSSL holds it; from any thread.
  virtual std::shared_ptr<ssl_ctx_st> context() const = 0;
  virtual ~TlsServer() = default;
};

/// How an upstream's certificate is checked. Chain and host name are always verified.
struct TlsClientOptions {
  std::string ca_file = {};      ///< PEM of a private CA in place of the system's; empty: theirs
  std::string server_name = {};  ///< name to expect instead of the URL's host; empty: the host
};

}  // namespace naru::net
