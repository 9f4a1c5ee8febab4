#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "net/certificates_for_test.h"
#include "net/http/client/peer_for_test.h"

namespace naru::net::testing {

/// A directory that is gone at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    path_ = ::testing::TempDir() + "naru_net_XXXXXX";
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(file(name)) << content;
    return file(name);
  }

 private:
  std::string path_;
};

/// A peer that speaks TLS.
class TlsPeer {
 public:
  /// Lifetime: `peer` and `identity` outlive it.
  TlsPeer(Peer& peer, const Identity& identity, int newest = TLS1_3_VERSION) : peer_(peer) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's own socket BIO writes without MSG_NOSIGNAL
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_min_proto_version(context_.get(), 0);
    SSL_CTX_set_max_proto_version(context_.get(), newest);
    SSL_CTX_set_cipher_list(context_.get(), "DEFAULT:@SECLEVEL=0");
    SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
    session_.reset(SSL_new(context_.get()));
    SSL_set_fd(session_.get(), peer.fd());
  }

  /// Gives whether the handshake succeeded.
  bool shake() {
    return step([this] { return SSL_accept(session_.get()); });
  }
  std::string read_head() {
    std::string seen;
    while (!seen.contains("\r\n\r\n")) {
      char bytes[4096];
      int got = 0;
      if (!step([&] { return got = SSL_read(session_.get(), bytes, sizeof bytes); })) break;
      seen.append(bytes, static_cast<std::size_t>(got));
    }
    return seen;
  }
  void write(std::string_view bytes) {
    step([&] { return SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())); });
    peer_.loop().settle();
  }
  /// Ends the TLS session in good order.
  void finish() { SSL_shutdown(session_.get()); }
  std::string asked_name() const {
    const char* name = SSL_get_servername(session_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }

 private:
  /// Runs the loop until OpenSSL's `act` has succeeded or failed.
  template <class Act>
  bool step(Act act) {
    int done = 0;
    peer_.loop().settle_until([&] {
      ERR_clear_error();
      done = act();
      return done > 0 || SSL_get_error(session_.get(), done) != SSL_ERROR_WANT_READ;
    });
    return done > 0;
  }

  Peer& peer_;
  std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Free<SSL_free>> session_;
};

}  // namespace naru::net::testing
