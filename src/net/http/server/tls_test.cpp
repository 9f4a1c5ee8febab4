#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>

#include "net/certificates_for_test.h"
#include "net/handoff.h"
#include "net/http/server/server_for_test.h"

namespace naru::net {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A certificate and its key in files of their own.
class PairOfFiles {
 public:
  PairOfFiles() {
    std::string made = ::testing::TempDir() + "/naru-tls-XXXXXX";
    folder_ = ::mkdtemp(made.data());
  }
  PairOfFiles(const PairOfFiles&) = delete;
  PairOfFiles& operator=(const PairOfFiles&) = delete;
  ~PairOfFiles() { std::filesystem::remove_all(folder_); }

  void put(const std::string& certificate_pem, const std::string& key_pem) const {
    std::ofstream(certificate()) << certificate_pem;
    std::ofstream(key()) << key_pem;
  }
  void put(const Identity& identity) const { put(identity.certificate_pem, identity.key_pem); }
  std::string certificate() const { return folder_ / "tls.crt"; }
  std::string key() const { return folder_ / "tls.key"; }

 private:
  std::filesystem::path folder_;
};

/// A client that speaks TLS, without ever waiting.
class TlsRawClient {
 public:
  explicit TlsRawClient(RawClient client) : client_(std::move(client)) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    session_.reset(SSL_new(context_.get()));
    SSL_set_fd(session_.get(), client_.fd());
    SSL_set_connect_state(session_.get());
    offer("\x08http/1.1");
  }
  void offer(std::string_view protocols) {
    SSL_set_alpn_protos(session_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                        static_cast<unsigned>(protocols.size()));
  }
  SSL* session() { return session_.get(); }
  RawClient& raw() { return client_; }

 private:
  RawClient client_;
  std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Free<SSL_free>> session_;
};

class HttpTlsTest : public ServerTest {
 protected:
  void serve_tls(ScriptedHandler::Script script) {
    files_.put(make_identity({.name = "first"}));
    auto loaded = TlsServer::load(files_.certificate(), files_.key());
    ASSERT_TRUE(loaded) << loaded.error().detail;
    tls_ = *loaded;
    serve(script, {.tls = tls_, .handshake_timeout = seconds(10)});
  }
  TlsRawClient connect_tls() { return TlsRawClient(set_non_blocking(connect())); }

  /// Shakes hands as far as it goes; whether it went to the end.
  bool shake(TlsRawClient& client) {
    for (int i = 0; i < 20; ++i) {
      const int done = SSL_do_handshake(client.session());
      if (done == 1) return true;
      if (SSL_get_error(client.session(), done) != SSL_ERROR_WANT_READ) return false;
      settle();
    }
    return false;
  }
  void send(TlsRawClient& client, std::string_view bytes) {
    while (!bytes.empty()) {
      std::size_t sent = 0;
      if (SSL_write_ex(client.session(), bytes.data(), bytes.size(), &sent) == 1)
        bytes.remove_prefix(sent);
      settle();
    }
  }
  std::string receive(TlsRawClient& client) {
    settle();
    std::string text;
    char piece[16 << 10];
    std::size_t got = 0;
    while (SSL_read_ex(client.session(), piece, sizeof piece, &got) == 1) {
      text.append(piece, got);
      settle();
    }
    return text;
  }
  static std::string name_of_server(TlsRawClient& client) {
    char name[64] = {};
    X509* certificate = SSL_get0_peer_certificate(client.session());
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    return name;
  }
  static RawClient set_non_blocking(RawClient client) {
    const int flags = ::fcntl(client.fd(), F_GETFL);
    ::fcntl(client.fd(), F_SETFL, flags | O_NONBLOCK);
    const int on = 1;
    ::setsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return client;
  }

  PairOfFiles files_;
  std::shared_ptr<TlsServer> tls_;
};

TEST_F(HttpTlsTest, answers_over_tls_and_chooses_http_1_1) {
  serve_tls(say_hello);
  TlsRawClient client = connect_tls();
  client.offer("\x02h2\x08http/1.1");
  ASSERT_TRUE(shake(client));
  const unsigned char* chosen = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(client.session(), &chosen, &length);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(chosen), length), "http/1.1");
  for (int i = 0; i < 3; ++i) {
    send(client, get("/"));
    EXPECT_THAT(receive(client), EndsWith("hello"));
  }
}

TEST_F(HttpTlsTest, carries_large_bodies_both_ways) {
  serve_tls(echo);
  TlsRawClient client = connect_tls();
  ASSERT_TRUE(shake(client));
  const std::string body(1 << 20, 'x');
  send(client, post(fmt::format("Content-Length: {}\r\n", body.size()), ""));
  send(client, body);
  EXPECT_EQ(body_of(receive(client)), body);
}

TEST_F(HttpTlsTest, refuses_a_client_that_speaks_only_http_2) {
  serve_tls(say_hello);
  TlsRawClient client = connect_tls();
  client.offer("\x02h2");
  EXPECT_FALSE(shake(client));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpTlsTest, refuses_tls_older_than_1_2) {
  serve_tls(say_hello);
  TlsRawClient client = connect_tls();
  SSL_set_cipher_list(client.session(), "DEFAULT@SECLEVEL=0");
  SSL_set_min_proto_version(client.session(), TLS1_VERSION);
  SSL_set_max_proto_version(client.session(), TLS1_1_VERSION);
  EXPECT_FALSE(shake(client));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpTlsTest, closes_a_client_that_speaks_no_tls) {
  serve_tls(say_hello);
  RawClient client = connect();
  client.send(get("/"));
  answer(client);
  EXPECT_TRUE(client.over());
  EXPECT_THAT(handler_.targets, IsEmpty());
}

TEST_F(HttpTlsTest, gives_up_on_a_handshake_that_does_not_end) {
  serve_tls(say_hello);
  RawClient client = connect();
  pass(milliseconds(9'900));
  EXPECT_EQ(server_->connections(), 1u);
  pass(milliseconds(200));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpTlsTest, notices_a_client_that_leaves) {
  for (const bool orderly : {true, false}) {
    serve_tls([](ServerCall& call, ScriptedHandler& handler) -> Task<void> {
      const auto left = co_await wait(call.loop(), call.gone(), {});
      EXPECT_TRUE(left);
      handler.notes.emplace_back("gone");
    });
    handler_.notes.clear();
    TlsRawClient client = connect_tls();
    ASSERT_TRUE(shake(client));
    send(client, get("/"));
    if (orderly) SSL_shutdown(client.session());
    if (!orderly) client.raw().close();
    settle();
    EXPECT_THAT(handler_.notes, ElementsAre("gone")) << orderly;
    EXPECT_EQ(server_->connections(), 0u);
  }
}

TEST_F(HttpTlsTest, gives_new_connections_the_reloaded_certificate) {
  serve_tls(say_hello);
  TlsRawClient old = connect_tls();
  ASSERT_TRUE(shake(old));
  EXPECT_EQ(name_of_server(old), "first");

  files_.put(make_identity({.name = "second"}));
  EXPECT_TRUE(tls_->reload());
  TlsRawClient fresh = connect_tls();
  ASSERT_TRUE(shake(fresh));
  EXPECT_EQ(name_of_server(fresh), "second");
  send(old, get("/"));
  EXPECT_THAT(receive(old), EndsWith("hello"));

  files_.put("nonsense", "nonsense");
  EXPECT_FALSE(tls_->reload());
  TlsRawClient later = connect_tls();
  ASSERT_TRUE(shake(later));
  EXPECT_EQ(name_of_server(later), "second");
}

TEST(TlsServer, says_what_is_wrong_with_its_files) {
  const PairOfFiles files;
  const auto problem = [&files] {
    auto loaded = TlsServer::load(files.certificate(), files.key());
    return loaded ? "" : loaded.error().detail;
  };
  const Identity one = make_identity({});
  const Identity other = make_identity({});
  const Identity old = make_identity(
      {.valid_from = std::chrono::hours(-48), .valid_until = std::chrono::hours(-24)});
  EXPECT_THAT(problem(), HasSubstr("tls.crt' cannot be read: No such file"));
  files.put("nonsense", one.key_pem);
  EXPECT_THAT(problem(), HasSubstr("has no certificate in PEM form"));
  files.put(one.certificate_pem, "nonsense");
  EXPECT_THAT(problem(), HasSubstr("has no private key in PEM form"));
  files.put(one.certificate_pem, other.key_pem);
  EXPECT_THAT(problem(), HasSubstr("does not fit the certificate in"));
  files.put(old);
  EXPECT_THAT(problem(), HasSubstr("has expired; renew it"));
  files.put(one);
  EXPECT_EQ(problem(), "");
}

TEST(TlsServer, does_not_ask_for_the_password_of_a_key) {
  const PairOfFiles files;
  const Identity one = make_identity({});
  const std::string locked = pem_of([&one](BIO* out) {
    const auto* password = reinterpret_cast<const unsigned char*>("secret");
    return PEM_write_bio_PrivateKey(out, one.key.get(), EVP_aes_128_cbc(), password, 6, nullptr,
                                    nullptr);
  });
  files.put(one.certificate_pem, locked);
  const auto loaded = TlsServer::load(files.certificate(), files.key());
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().detail, HasSubstr("without a password"));
}

}  // namespace
}  // namespace naru::net
