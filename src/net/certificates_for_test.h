#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace naru::net::testing {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;

/// A certificate with its key, as OpenSSL objects and as PEM.
struct Identity {
  Key key;
  Certificate certificate;
  std::string certificate_pem;
  std::string key_pem;
};

struct CertificateOptions {
  std::string name = "localhost";       ///< common name
  std::string names = "DNS:localhost";  ///< subjectAltName; empty: none
  const Identity* issuer = nullptr;     ///< null: signs itself
  bool authority = false;               ///< may sign others
  std::chrono::hours valid_from{-24};   ///< from now
  std::chrono::hours valid_until{24};   ///< from now
};

inline void need(bool holds) {
  if (!holds) throw std::runtime_error("OpenSSL refuses to make the certificate");
}

inline void extend(X509* certificate, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  need(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

template <class Write>
std::string pem_of(Write write) {
  const std::unique_ptr<BIO, Free<BIO_free_all>> memory(BIO_new(BIO_s_mem()));
  need(write(memory.get()) == 1);
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(memory.get(), &bytes);
  return std::string(bytes, static_cast<std::size_t>(length));
}

/// Makes a key and a certificate for it.
inline Identity make_identity(const CertificateOptions& options) {
  static long serial = 0;
  Identity made;
  made.key.reset(EVP_EC_gen("P-256"));
  made.certificate.reset(X509_new());
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate),
                  std::chrono::seconds(options.valid_from).count());
  X509_gmtime_adj(X509_getm_notAfter(certificate),
                  std::chrono::seconds(options.valid_until).count());
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(options.name.c_str()), -1, -1,
                             0);
  const Identity& issuer = options.issuer == nullptr ? made : *options.issuer;
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer.certificate.get()));
  extend(certificate, NID_basic_constraints, options.authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!options.names.empty()) extend(certificate, NID_subject_alt_name, options.names);
  need(X509_sign(certificate, issuer.key.get(), EVP_sha256()) > 0);
  made.certificate_pem =
      pem_of([certificate](BIO* out) { return PEM_write_bio_X509(out, certificate); });
  made.key_pem = pem_of([&made](BIO* out) {
    return PEM_write_bio_PrivateKey(out, made.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return made;
}

}  // namespace naru::net::testing
