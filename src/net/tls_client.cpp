#include "net/tls_client.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace naru::net {
namespace {

constexpr std::size_t kNamesShown = 5;
constexpr std::string_view kMendAuthority = "name its issuer's certificate in tls.ca_file";

/// What is kept beside one session, so that the verifier can speak of it.
struct Expected {
  std::string name;    // whom the certificate must be for
  std::string reason;  // what was wrong with it
};

void free_expected(void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Expected*>(kept);
}

int expected_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_expected);
  return index;
}

Expected* find_expected(const SSL* session) {
  return static_cast<Expected*>(SSL_get_ex_data(session, expected_index()));
}

std::string day_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable date";
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min);
}

/// The common name, or the whole name where there is none; printable ASCII only.
std::string text_of(const X509_NAME* name) {
  char text[256] = {};
  if (X509_NAME_get_text_by_NID(name, NID_commonName, text, sizeof text) <= 0)
    X509_NAME_oneline(name, text, sizeof text);
  for (char& c : text)
    if (c != '\0' && (c < ' ' || c > '~')) c = '?';
  return text;
}

std::string text_of(const GENERAL_NAME& name) {
  int type = 0;
  const void* value = GENERAL_NAME_get0_value(&name, &type);
  const auto* string = static_cast<const ASN1_STRING*>(value);
  if (type != GEN_DNS && type != GEN_IPADD) return "";
  const unsigned char* bytes = ASN1_STRING_get0_data(string);
  const int length = ASN1_STRING_length(string);
  if (type == GEN_DNS) {
    std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
    for (char& c : text)
      if (c < ' ' || c > '~') c = '?';
    return text;
  }
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
  return length == 4 || length == 16 ? text : "";
}

/// Whom a certificate is for, in words: the first few of its names.
std::string names_of(const X509* certificate) {
  void* found = X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr);
  const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names(
      static_cast<GENERAL_NAMES*>(found), GENERAL_NAMES_free);
  std::string text;
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  std::size_t shown = 0;
  for (int i = 0; i < count; ++i) {
    const std::string name = text_of(*sk_GENERAL_NAME_value(names.get(), i));
    if (name.empty()) continue;
    if (++shown > kNamesShown) return text + ", …";
    text += (text.empty() ? "" : ", ") + name;
  }
  return text.empty() ? "nobody" : text;
}

std::string validity_fault(const X509* certificate, int error) {
  if (error == X509_V_ERR_CERT_HAS_EXPIRED)
    return fmt::format("has expired on {}", day_of(X509_get0_notAfter(certificate)));
  return fmt::format("is not valid before {}; is this machine's clock right?",
                     day_of(X509_get0_notBefore(certificate)));
}

/// What the verifier found, as the rest of a sentence that begins with whose certificate it is.
std::string verdict(X509_STORE_CTX* store, const Expected& expected) {
  const int error = X509_STORE_CTX_get_error(store);
  const X509* certificate = X509_STORE_CTX_get_current_cert(store);
  if (certificate == nullptr) return X509_verify_cert_error_string(error);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return validity_fault(certificate, error);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("is for {}, not for {}", names_of(certificate), expected.name);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return fmt::format("is self-signed; if you trust it, {}", kMendAuthority);
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return fmt::format("is signed by an unknown authority '{}'; if you trust it, {}",
                         text_of(X509_get_subject_name(certificate)), kMendAuthority);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format("is signed by an unknown authority '{}'; if you trust it, {}",
                         text_of(X509_get_issuer_name(certificate)), kMendAuthority);
    default:
      return fmt::format("is not acceptable: {}", X509_verify_cert_error_string(error));
  }
}

/// The beginning of that sentence. A fault higher up the chain names the certificate that has it.
std::string whose(X509_STORE_CTX* store, const Expected& expected) {
  const X509* certificate = X509_STORE_CTX_get_current_cert(store);
  const bool of_leaf = certificate == nullptr || X509_STORE_CTX_get_error_depth(store) == 0 ||
                       X509_STORE_CTX_get_error(store) == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
  if (of_leaf) return fmt::format("certificate of {}", expected.name);
  return fmt::format("certificate of {} rests on that of '{}', which", expected.name,
                     text_of(X509_get_subject_name(certificate)));
}

int on_verified(int is_good, X509_STORE_CTX* store) {
  if (is_good == 1) return 1;
  const auto* session = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Expected* expected = session == nullptr ? nullptr : find_expected(session);
  if (expected != nullptr && expected->reason.empty())
    expected->reason = fmt::format("{} {}", whose(store, *expected), verdict(store, *expected));
  return 0;
}

bool is_address(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

struct FreeStore {
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};
using Store = std::unique_ptr<X509_STORE, FreeStore>;

/// The system's authorities, read once: OpenSSL takes some 40 ms for Debian's file, and a copy for
/// each upstream would take 1 MB.
X509_STORE* system_store() {
  static const Store store = [] {
    Store made(X509_STORE_new());
    if (made && X509_STORE_set_default_paths(made.get()) != 1) made.reset();
    ERR_clear_error();
    return made;
  }();
  return store.get();
}

Result<void> load_authorities(SSL_CTX* context, const std::string& ca_file) {
  if (ca_file.empty()) {
    if (system_store() == nullptr)
      return fail(FaultKind::InvalidRequest, "the system's CA certificates cannot be read");
    SSL_CTX_set1_cert_store(context, system_store());
    return {};
  }
  std::FILE* file = std::fopen(ca_file.c_str(), "re");
  if (file == nullptr)
    return fail(FaultKind::InvalidRequest, "CA file '{}' cannot be read: {}", ca_file,
                std::strerror(errno));
  std::fclose(file);
  if (SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) {
    ERR_clear_error();
    return fail(FaultKind::InvalidRequest, "CA file '{}' has no certificate in PEM form", ca_file);
  }
  // A company's file often holds only the issuing CA, not the root above it.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  return {};
}

/// A digest of the private authorities; a file whose content changes gives another.
std::string trust_of(SSL_CTX* context, const TlsClientOptions& options) {
  std::string text = options.ca_file.empty() ? "system" : "";
  const auto* objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
  for (int i = 0; !options.ca_file.empty() && i < sk_X509_OBJECT_num(objects); ++i) {
    const X509* authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (authority == nullptr || X509_digest(authority, EVP_sha256(), digest, &length) != 1)
      continue;
    for (unsigned b = 0; b < length; ++b) text += fmt::format("{:02x}", digest[b]);
  }
  return fmt::format("{} {}", text, options.server_name);
}

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

class OpenSslClient final : public TlsClient {
 public:
  OpenSslClient(Context context, const TlsClientOptions& options)
      : context_(std::move(context)),
        trust_(trust_of(context_.get(), options)),
        server_name_(options.server_name) {}

  ssl_ctx_st* context() const override { return context_.get(); }
  const std::string& trust() const override { return trust_; }

  Result<void> prepare(ssl_st* session, const std::string& host) const override {
    const std::string& name = server_name_.empty() ? host : server_name_;
    auto expected = std::make_unique<Expected>(Expected{.name = name, .reason = ""});
    X509_VERIFY_PARAM* param = SSL_get0_param(session);
    bool good = SSL_set_ex_data(session, expected_index(), expected.get()) == 1;
    if (good) expected.release();  // the session's now: free_expected
    if (is_address(name)) {
      good = good && X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1;
    } else {
      X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      good = good && X509_VERIFY_PARAM_set1_host(param, name.c_str(), name.size()) == 1 &&
             SSL_set_tlsext_host_name(session, name.c_str()) == 1;
    }
    if (!good) return fail(FaultKind::Internal, "no TLS session for {} could be made", name);
    return {};
  }

 private:
  Context context_;
  std::string trust_;
  std::string server_name_;
};

}  // namespace

Result<std::shared_ptr<const TlsClient>> TlsClient::make(const TlsClientOptions& options) {
  Context context(SSL_CTX_new(TLS_client_method()));
  constexpr unsigned char kHttp11[] = "\x08http/1.1";
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_alpn_protos(context.get(), kHttp11, sizeof kHttp11 - 1) != 0)
    return fail(FaultKind::Internal, "OpenSSL gives no TLS client");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, on_verified);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  NARU_TRY_VOID(load_authorities(context.get(), options.ca_file));
  return std::make_shared<OpenSslClient>(std::move(context), options);
}

std::string handshake_fault(const ssl_st* session, std::string_view host,
                            std::string_view otherwise) {
  const Expected* expected = find_expected(session);
  if (expected != nullptr && !expected->reason.empty()) return expected->reason;
  const std::pair<std::string_view, std::string_view> riddles[] = {
      {"wrong version number", "does not speak TLS on this port"},
      {"unsupported protocol", "speaks no TLS newer than 1.1"},
      {"alert protocol version", "does not accept the TLS versions 1.2 and 1.3"},
      {"unrecognized name", "does not know this name"},
      {"certificate required", "wants a client certificate, which naru does not have"},
      {"stream truncated", "closed the connection during the TLS handshake"},
      {"end of file", "closed the connection during the TLS handshake"},
      {"unexpected eof", "closed the connection during the TLS handshake"},
  };
  for (const auto& [riddle, plain] : riddles)
    if (otherwise.contains(riddle)) return fmt::format("{} {}", host, plain);
  return fmt::format("TLS handshake with {} ended: {}", host, otherwise);
}

}  // namespace naru::net
