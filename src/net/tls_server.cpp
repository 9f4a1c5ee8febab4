#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "net/tls.h"

namespace naru::net {
namespace {

using Context = std::shared_ptr<SSL_CTX>;

/// Chooses HTTP/1.1 out of what the client offers. Source: RFC 7301 section 3.2.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length,
                    const unsigned char* offered, unsigned offered_length, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, length, kHttp11, sizeof kHttp11 - 1, offered, offered_length) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

Result<void> check_readable(std::string_view what, const std::string& file) {
  std::FILE* opened = std::fopen(file.c_str(), "re");
  if (opened == nullptr)
    return fail(FaultKind::InvalidRequest, "{} file '{}' cannot be read: {}", what, file,
                std::strerror(errno));
  std::fclose(opened);
  return {};
}

Result<void> use_certificate(SSL_CTX* context, const std::string& file) {
  NARU_TRY_VOID(check_readable("certificate", file));
  if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) != 1)
    return fail(FaultKind::InvalidRequest, "certificate file '{}' has no certificate in PEM form",
                file);
  const X509* leaf = SSL_CTX_get0_certificate(context);
  if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0)
    return fail(FaultKind::InvalidRequest, "the certificate in '{}' has expired; renew it", file);
  return {};
}

Result<void> use_key(SSL_CTX* context, const std::string& file, const std::string& certificate) {
  NARU_TRY_VOID(check_readable("key", file));
  if (SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) == 1) return {};
  const bool mismatch = ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_X509;
  if (mismatch)
    return fail(FaultKind::InvalidRequest, "the key in '{}' does not fit the certificate in '{}'",
                file, certificate);
  return fail(FaultKind::InvalidRequest,
              "key file '{}' has no private key in PEM form without a password", file);
}

Result<Context> make_context(const std::string& certificate, const std::string& key) {
  const Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1)
    return fail(FaultKind::Internal, "OpenSSL gives no TLS server");
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // Without it OpenSSL asks the terminal for the password of an encrypted key.
  SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return 0; });
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  auto used = use_certificate(context.get(), certificate);
  if (used) used = use_key(context.get(), key, certificate);
  ERR_clear_error();
  if (!used) return fail(std::move(used).error());
  return context;
}

class OpenSslServer final : public TlsServer {
 public:
  OpenSslServer(std::string certificate_file, std::string key_file, Context context)
      : certificate_file_(std::move(certificate_file)),
        key_file_(std::move(key_file)),
        context_(std::move(context)) {}

  Result<void> reload() override {
    NARU_TRY(Context fresh, make_context(certificate_file_, key_file_));
    const std::lock_guard lock(mutex_);
    context_ = std::move(fresh);
    return {};
  }

  Context context() const override {
    const std::lock_guard lock(mutex_);
    return context_;
  }

 private:
  const std::string certificate_file_;
  const std::string key_file_;
  mutable std::mutex mutex_;
  Context context_;
};

}  // namespace

Result<std::shared_ptr<TlsServer>> TlsServer::load(std::string certificate_file,
                                                   std::string key_file) {
  NARU_TRY(Context context, make_context(certificate_file, key_file));
  return std::make_shared<OpenSslServer>(std::move(certificate_file), std::move(key_file),
                                         std::move(context));
}

}  // namespace naru::net
