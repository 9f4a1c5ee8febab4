#include <gtest/gtest.h>

#include "net/http/client/client_for_test.h"
#include "net/http/client/tls_peer_for_test.h"

namespace naru::net {
namespace {

using std::chrono::hours;
using testing::CertificateOptions;
using testing::ClientTest;
using testing::Identity;
using testing::make_identity;
using testing::Peer;
using testing::Seen;
using testing::TlsPeer;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
constexpr std::size_t kLongBytes = 16 << 20;  // more than the kernel takes ahead

/// A client that trusts one authority, and peers that show certificates.
class ClientTlsTest : public ClientTest {
 protected:
  ClientTlsTest() { remote = trusting(folder.write("ca.pem", authority.certificate_pem)); }

  std::shared_ptr<const Remote> trusting(std::string ca_file) {
    return remote_at(fmt::format("https://localhost:{}", listener.port()), "",
                     {.ca_file = std::move(ca_file)});
  }
  Identity signed_for(std::string names, hours until = hours(24)) {
    return make_identity({.names = std::move(names), .issuer = &authority, .valid_until = until});
  }
  /// What a GET sees of a peer with that certificate.
  Seen seen_with(const Identity& identity, int newest = TLS1_3_VERSION) {
    const auto answer = get();
    Peer peer = listener.accept();
    TlsPeer tls(peer, identity, newest);
    if (tls.shake() && !tls.read_head().empty()) tls.write(kOk);
    return end_of(answer);
  }

  testing::TemporaryFolder folder;
  Identity authority = make_identity({.name = "Our CA", .names = "", .authority = true});
};

TEST_F(ClientTlsTest, speaks_tls_with_a_peer_of_a_trusted_authority) {
  const Identity good = signed_for("DNS:localhost");
  EXPECT_EQ(seen_with(good).body, "ok");
  EXPECT_EQ(seen_with(good, TLS1_2_VERSION).body, "ok");
}

TEST_F(ClientTlsTest, keeps_the_connection_and_names_the_host) {
  const Identity good = signed_for("DNS:localhost");
  const auto first = get();
  Peer peer = listener.accept();
  TlsPeer tls(peer, good);
  ASSERT_TRUE(tls.shake());
  EXPECT_EQ(tls.asked_name(), "localhost");
  for (const std::string_view target : {"/", "/second", "/third"}) {
    const auto answer = target == "/" ? first : get(target);
    EXPECT_TRUE(tls.read_head().starts_with(fmt::format("GET {} HTTP/1.1", target)));
    tls.write(kOk);
    EXPECT_EQ(end_of(answer).body, "ok");
  }
  EXPECT_FALSE(listener.is_called());
}

TEST_F(ClientTlsTest, says_why_it_does_not_trust_a_peer) {
  const std::string expired = seen_with(signed_for("DNS:localhost", hours(-1))).fault;
  EXPECT_TRUE(expired.starts_with("upstream_failed: certificate of localhost has expired on 20"))
      << expired;
  EXPECT_EQ(seen_with(signed_for("DNS:other.example")).fault,
            "upstream_failed: certificate of localhost is for other.example, not for localhost");
  EXPECT_TRUE(seen_with(make_identity({.names = "DNS:localhost"}))
                  .fault.starts_with("upstream_failed: certificate of localhost is self-signed"));
  const Identity stranger = make_identity({.name = "Stranger", .names = "", .authority = true});
  EXPECT_TRUE(seen_with(make_identity({.names = "DNS:localhost", .issuer = &stranger}))
                  .fault.starts_with("upstream_failed: certificate of localhost is signed by an "
                                     "unknown authority 'Stranger'"));
}

TEST_F(ClientTlsTest, trusts_no_private_authority_unless_told_to) {
  const Identity good = signed_for("DNS:localhost");
  remote = trusting("");
  EXPECT_TRUE(seen_with(good).fault.starts_with(
      "upstream_failed: certificate of localhost is signed by an unknown authority 'Our CA'"));
}

TEST_F(ClientTlsTest, sends_nothing_of_the_request_to_a_peer_it_does_not_trust) {
  const Identity wrong = signed_for("DNS:other.example");
  const auto answer = get();
  Peer peer = listener.accept();
  TlsPeer tls(peer, wrong);
  // In TLS 1.3 the server learns of the refusal with its first read.
  if (tls.shake()) EXPECT_EQ(tls.read_head(), "");
  EXPECT_NE(end_of(answer).fault, "");
}

TEST_F(ClientTlsTest, refuses_old_versions) {
  const std::string fault = seen_with(signed_for("DNS:localhost"), TLS1_1_VERSION).fault;
  EXPECT_EQ(fault, "upstream_failed: localhost does not accept the TLS versions 1.2 and 1.3");
}

TEST_F(ClientTlsTest, says_when_the_other_side_speaks_no_tls) {
  const auto answer = get();
  Peer peer = listener.accept();
  peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(end_of(answer).fault, "upstream_failed: localhost does not speak TLS on this port");
}

TEST_F(ClientTlsTest, says_when_the_connection_ends_in_the_handshake) {
  const auto answer = get();
  Peer peer = listener.accept();
  peer.read_exactly(1);
  peer.close();
  const std::string fault = end_of(answer).fault;
  EXPECT_TRUE(fault.starts_with("upstream_failed: localhost closed the connection during the TLS "
                                "handshake") ||
              fault.contains("reset by peer"))
      << fault;
}

TEST_F(ClientTlsTest, takes_no_cut_session_for_the_end_of_an_answer) {
  const Identity good = signed_for("DNS:localhost");
  for (const bool in_order : {true, false}) {
    const auto answer = get();
    Peer peer = listener.accept();
    TlsPeer tls(peer, good);
    ASSERT_TRUE(tls.shake());
    tls.read_head();
    tls.write("HTTP/1.1 200 OK\r\n\r\nuntil the end");
    if (in_order) tls.finish();
    peer.close();
    const Seen seen = end_of(answer);
    EXPECT_EQ(seen.body, "until the end");
    EXPECT_EQ(seen.fault.empty(), in_order) << seen.fault;
  }
}

TEST_F(ClientTlsTest, tries_once_more_when_a_reused_session_ends_before_an_answer) {
  const Identity good = signed_for("DNS:localhost");
  const auto first = get();
  std::optional<Peer> old(listener.accept());
  TlsPeer old_tls(*old, good);
  ASSERT_TRUE(old_tls.shake());
  old_tls.read_head();
  old_tls.write(kOk);
  EXPECT_EQ(end_of(first).body, "ok");
  const auto second = get();
  old_tls.read_head();
  old->close();
  Peer fresh = listener.accept();
  TlsPeer fresh_tls(fresh, good);
  ASSERT_TRUE(fresh_tls.shake());
  fresh_tls.read_head();
  fresh_tls.write(kOk);
  EXPECT_EQ(end_of(second).body, "ok");
}

TEST_F(ClientTlsTest, reads_an_early_refusal_while_the_body_is_still_going_out) {
  const Identity good = signed_for("DNS:localhost");
  const std::string body(kLongBytes, 'x');
  listener.narrow();
  const auto answer = post(body);
  Peer peer = listener.accept();
  TlsPeer tls(peer, good);
  ASSERT_TRUE(tls.shake());
  tls.read_head();
  tls.write("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig");
  const Seen seen = end_of(answer);
  EXPECT_EQ(seen.status, 413);
  EXPECT_EQ(seen.body, "big");
}

}  // namespace
}  // namespace naru::net
