#include "net/tls_client.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstdio>
#include <filesystem>

#include "net/certificates_for_test.h"

namespace naru::net {
namespace {

using testing::CertificateOptions;
using testing::Free;
using testing::Identity;
using testing::make_identity;
using Session = std::unique_ptr<SSL, Free<SSL_free>>;
using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;

/// A file that is gone at the end of the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    path_ = ::testing::TempDir() + "naru_ca_XXXXXX";
    const int file = mkstemp(path_.data());
    std::FILE* out = fdopen(file, "w");
    std::fwrite(content.data(), 1, content.size(), out);
    std::fclose(out);
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// One handshake in memory with a server that shows `chain`; gives why it failed, or "good".
std::string shake(const TlsClient& client, const std::string& host, const Identity& identity,
                  const Identity* intermediate = nullptr) {
  const Context server_context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_certificate(server_context.get(), identity.certificate.get());
  SSL_CTX_use_PrivateKey(server_context.get(), identity.key.get());
  if (intermediate != nullptr)
    SSL_CTX_add1_chain_cert(server_context.get(), intermediate->certificate.get());
  const Session server(SSL_new(server_context.get()));
  const Session session(SSL_new(client.context()));
  EXPECT_TRUE(client.prepare(session.get(), host));
  BIO* here = nullptr;
  BIO* there = nullptr;
  BIO_new_bio_pair(&here, 0, &there, 0);
  SSL_set_bio(session.get(), here, here);
  SSL_set_bio(server.get(), there, there);
  SSL_set_connect_state(session.get());
  SSL_set_accept_state(server.get());
  for (int i = 0; i < 10; ++i) {
    ERR_clear_error();
    const int done = SSL_do_handshake(session.get());
    if (done == 1 && SSL_do_handshake(server.get()) == 1) return "good";
    if (done != 1 && SSL_get_error(session.get(), done) != SSL_ERROR_WANT_READ) {
      const std::string text = ERR_reason_error_string(ERR_peek_error());
      ERR_clear_error();
      return handshake_fault(session.get(), host, text);
    }
    SSL_do_handshake(server.get());
  }
  return "no end";
}

std::shared_ptr<const TlsClient> trusting(const Identity& authority) {
  const TemporaryFile file(authority.certificate_pem);
  auto made = TlsClient::make({.ca_file = file.path()});
  EXPECT_TRUE(made);
  return *made;
}

Identity make_authority(std::string name) {
  return make_identity({.name = std::move(name), .names = "", .authority = true});
}

TEST(TlsClient, accepts_a_certificate_of_a_private_authority) {
  const Identity authority = make_authority("Our CA");
  const Identity leaf = make_identity({.names = "DNS:a.example", .issuer = &authority});
  EXPECT_EQ(shake(*trusting(authority), "a.example", leaf), "good");
}

TEST(TlsClient, accepts_an_address_the_certificate_names) {
  const Identity authority = make_authority("Our CA");
  const Identity leaf = make_identity({.names = "IP:127.0.0.1,IP:::1", .issuer = &authority});
  EXPECT_EQ(shake(*trusting(authority), "127.0.0.1", leaf), "good");
  EXPECT_EQ(shake(*trusting(authority), "::1", leaf), "good");
  EXPECT_EQ(shake(*trusting(authority), "127.0.0.2", leaf),
            "certificate of 127.0.0.2 is for 127.0.0.1, ::1, not for 127.0.0.2");
}

TEST(TlsClient, accepts_a_chain_whose_file_holds_the_intermediate_only) {
  const Identity root = make_authority("Root");
  const Identity issuing =
      make_identity({.name = "Issuing", .names = "", .issuer = &root, .authority = true});
  const Identity leaf = make_identity({.names = "DNS:a.example", .issuer = &issuing});
  EXPECT_EQ(shake(*trusting(issuing), "a.example", leaf, &issuing), "good");
}

TEST(TlsClient, expects_the_name_it_was_given_in_place_of_the_host) {
  const Identity authority = make_authority("Our CA");
  const Identity leaf = make_identity({.names = "DNS:inner.example", .issuer = &authority});
  const TemporaryFile file(authority.certificate_pem);
  const auto client = TlsClient::make({.ca_file = file.path(), .server_name = "inner.example"});
  ASSERT_TRUE(client);
  EXPECT_EQ(shake(**client, "10.0.0.1", leaf), "good");
}

TEST(TlsClient, says_when_a_certificate_has_expired) {
  const Identity authority = make_authority("Our CA");
  const Identity leaf = make_identity(
      {.names = "DNS:a.example", .issuer = &authority, .valid_until = std::chrono::hours(-1)});
  const std::string why = shake(*trusting(authority), "a.example", leaf);
  EXPECT_TRUE(why.starts_with("certificate of a.example has expired on 20")) << why;
}

TEST(TlsClient, says_when_a_certificate_is_not_valid_yet) {
  const Identity authority = make_authority("Our CA");
  const Identity leaf = make_identity(
      {.names = "DNS:a.example", .issuer = &authority, .valid_from = std::chrono::hours(1)});
  const std::string why = shake(*trusting(authority), "a.example", leaf);
  EXPECT_TRUE(why.starts_with("certificate of a.example is not valid before 20")) << why;
}

TEST(TlsClient, says_which_certificate_of_the_chain_has_expired) {
  const Identity root = make_authority("Root");
  const Identity issuing = make_identity({.name = "Issuing",
                                          .names = "",
                                          .issuer = &root,
                                          .authority = true,
                                          .valid_until = std::chrono::hours(-1)});
  const Identity leaf = make_identity({.names = "DNS:a.example", .issuer = &issuing});
  const std::string why = shake(*trusting(root), "a.example", leaf, &issuing);
  EXPECT_TRUE(why.starts_with(
      "certificate of a.example rests on that of 'Issuing', which has expired on 20"))
      << why;
}

TEST(TlsClient, says_for_whom_a_certificate_is) {
  const Identity authority = make_authority("Our CA");
  const Identity leaf =
      make_identity({.names = "DNS:b.example,DNS:*.c.example", .issuer = &authority});
  const auto client = trusting(authority);
  EXPECT_EQ(shake(*client, "a.example", leaf),
            "certificate of a.example is for b.example, *.c.example, not for a.example");
  EXPECT_EQ(shake(*client, "x.c.example", leaf), "good");
  EXPECT_EQ(shake(*client, "x.y.c.example", leaf),
            "certificate of x.y.c.example is for b.example, *.c.example, not for x.y.c.example");
}

TEST(TlsClient, says_when_a_certificate_is_self_signed) {
  const Identity leaf = make_identity({.names = "DNS:a.example"});
  const auto client = trusting(make_authority("Our CA"));
  EXPECT_EQ(shake(*client, "a.example", leaf),
            "certificate of a.example is self-signed; if you trust it, name its issuer's "
            "certificate in tls.ca_file");
}

TEST(TlsClient, accepts_a_self_signed_certificate_that_is_trusted_by_name) {
  const Identity leaf = make_identity({.names = "DNS:a.example"});
  EXPECT_EQ(shake(*trusting(leaf), "a.example", leaf), "good");
}

TEST(TlsClient, names_an_authority_it_does_not_know) {
  const Identity stranger = make_authority("Stranger");
  const Identity leaf = make_identity({.names = "DNS:a.example", .issuer = &stranger});
  const std::string expected =
      "certificate of a.example is signed by an unknown authority 'Stranger'; if you trust it, "
      "name its issuer's certificate in tls.ca_file";
  const auto ours = trusting(make_authority("Our CA"));
  EXPECT_EQ(shake(*ours, "a.example", leaf), expected);
  EXPECT_EQ(shake(*ours, "a.example", leaf, &stranger), expected);
  const auto systems = TlsClient::make({});
  ASSERT_TRUE(systems);
  EXPECT_EQ(shake(**systems, "a.example", leaf), expected);
}

TEST(TlsClient, tells_trust_in_one_authority_from_trust_in_another) {
  const Identity ours = make_authority("Our CA");
  const Identity theirs = make_authority("Our CA");
  EXPECT_EQ(trusting(ours)->trust(), trusting(ours)->trust());
  EXPECT_NE(trusting(ours)->trust(), trusting(theirs)->trust());
  EXPECT_NE((*TlsClient::make({}))->trust(), (*TlsClient::make({.server_name = "x"}))->trust());
}

TEST(TlsClient, names_a_ca_file_it_cannot_use) {
  const auto missing = TlsClient::make({.ca_file = "/nowhere/ca.pem"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().detail,
            "CA file '/nowhere/ca.pem' cannot be read: No such file or directory");
  const TemporaryFile empty("hello");
  const auto broken = TlsClient::make({.ca_file = empty.path()});
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().detail.find("has no certificate in PEM form"), std::string::npos);
}

TEST(TlsClient, puts_handshake_riddles_in_plain_words) {
  const auto client = TlsClient::make({});
  ASSERT_TRUE(client);
  const Session session(SSL_new((*client)->context()));
  ASSERT_TRUE((*client)->prepare(session.get(), "a.example"));
  EXPECT_EQ(handshake_fault(session.get(), "a.example", "wrong version number (SSL routines)"),
            "a.example does not speak TLS on this port");
  EXPECT_EQ(handshake_fault(session.get(), "a.example", "something new"),
            "TLS handshake with a.example ended: something new");
}

}  // namespace
}  // namespace naru::net
