#include <gtest/gtest.h>

#include "net/http/client/client_for_test.h"
#include "net/http/client/tls_peer_for_test.h"

namespace naru::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ClientTest;
using testing::Listener;
using testing::Peer;
using testing::Seen;
using testing::TestLoop;
using testing::TlsPeer;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

class ClientConnectTest : public ClientTest {
 protected:
  std::string proxy_url(std::string_view credentials = "") {
    return fmt::format("http://{}127.0.0.1:{}", credentials, listener.port());
  }
  /// What a GET sees of a proxy that answers CONNECT so.
  std::string fault_with_proxy(std::string_view answer_to_connect) {
    const auto answer = get();
    Peer proxy = listener.accept();
    EXPECT_TRUE(proxy.read_head().starts_with("CONNECT h.example:443 HTTP/1.1\r\n"));
    proxy.write(answer_to_connect);
    proxy.close();
    return end_of(answer).fault;
  }
  testing::TemporaryFolder folder;
};

TEST_F(ClientConnectTest, tries_the_next_address_when_one_refuses) {
  remote = remote_at(fmt::format("http://h.example:{}", listener.port()));  // ::1, then 127.0.0.1
  const auto answer = get();
  Peer peer = listener.accept();
  peer.read_head();
  peer.write(kOk);
  EXPECT_EQ(end_of(answer).body, "ok");
}

TEST_F(ClientConnectTest, speaks_over_a_unix_socket) {
  const std::string path = folder.file("engine.sock");
  Listener local(loop, path);
  remote = remote_at("unix:" + path + ":/v1");
  for (int i = 0; i < 2; ++i) {
    const auto answer = get("/models");
    Peer peer = local.accept();
    EXPECT_EQ(peer.read_head(), "GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n");
    peer.write(kOk);
    EXPECT_EQ(end_of(answer).body, "ok");
  }
}

TEST_F(ClientConnectTest, waits_where_the_queue_of_a_unix_socket_is_full) {
  const std::string path = folder.file("engine.sock");
  Listener local(loop, path, 0);
  remote = remote_at("unix:" + path);
  std::vector<Answer> answers;
  for (int i = 0; i < 4; ++i) answers.push_back(get());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    pass(milliseconds(10));
    Peer peer = local.accept();
    peer.read_head();
    peer.write("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
  }
  for (const Answer& answer : answers) EXPECT_EQ(end_of(answer).status, 204);
}

TEST_F(ClientConnectTest, says_where_and_why_it_cannot_connect) {
  listener.close();
  EXPECT_EQ(end_of(get()).fault,
            fmt::format("upstream_failed: connecting to 127.0.0.1:{}: Connection refused",
                        listener.port()));
  remote = remote_at("unix:" + folder.file("none.sock"));
  const std::string fault = end_of(get()).fault;
  EXPECT_TRUE(fault.contains("none.sock") && fault.contains("No such file or directory")) << fault;
}

TEST_F(ClientConnectTest, says_when_a_name_is_unknown) {
  resolver = Resolver::make(1, clock, [](const std::string& host) -> Result<std::vector<Address>> {
    return fail(FaultKind::UpstreamFailed, "name {} cannot be resolved: unknown", host);
  });
  client = HttpClient::make(*loop, *resolver);
  remote = remote_at("http://h.example");
  EXPECT_EQ(end_of(get()).fault, "upstream_failed: name h.example cannot be resolved: unknown");
}

TEST_F(ClientConnectTest, gives_up_connecting_after_its_own_time) {
  // With no room in its queue the kernel leaves further connections without an answer.
  Listener full(loop, "", 0);
  remote = remote_at(fmt::format("http://127.0.0.1:{}", full.port()));
  const auto waiting = get();
  const auto also_waiting = get();
  loop.settle();
  const auto answer = get("/", {clock.now() + seconds(600)});
  pass(milliseconds(1'990));
  EXPECT_FALSE(answer->has_value());
  pass(milliseconds(20));
  EXPECT_EQ(end_of(answer).fault,
            fmt::format("upstream_timeout: connect to 127.0.0.1:{} timed out after 2s waiting for "
                        "the connection",
                        full.port()));
  full.close();
}

TEST_F(ClientConnectTest, gives_up_the_handshake_after_its_own_time) {
  remote = remote_at(fmt::format("https://127.0.0.1:{}", listener.port()));
  const auto answer = get();
  Peer peer = listener.accept();
  peer.read_exactly(1);
  pass(milliseconds(2'010));
  EXPECT_EQ(end_of(answer).fault,
            fmt::format("upstream_timeout: connect to 127.0.0.1:{} timed out after 2s waiting for "
                        "the TLS handshake",
                        listener.port()));
  EXPECT_TRUE(peer.sees_close());
}

TEST_F(ClientConnectTest, gives_up_connecting_when_the_caller_has_no_more_time) {
  remote = remote_at(fmt::format("https://127.0.0.1:{}", listener.port()));
  const auto answer = get("/", {clock.now() + seconds(1)});
  Peer peer = listener.accept();
  peer.read_exactly(1);
  pass(milliseconds(1'010));
  EXPECT_EQ(end_of(answer).fault,
            fmt::format("upstream_timeout: connect to 127.0.0.1:{} timed out waiting for the TLS "
                        "handshake",
                        listener.port()));
}

TEST_F(ClientConnectTest, counts_the_time_of_connecting) {
  const testing::Identity authority = testing::make_identity({.authority = true});
  remote = remote_at(fmt::format("https://localhost:{}", listener.port()), "",
                     {.ca_file = folder.write("ca.pem", authority.certificate_pem)});
  const auto answer = get();
  Peer peer = listener.accept();
  pass(milliseconds(300));
  TlsPeer tls(peer, authority);
  ASSERT_TRUE(tls.shake());
  tls.read_head();
  pass(milliseconds(500));
  tls.write(kOk);
  EXPECT_EQ(end_of(answer).connect_time, milliseconds(300));
}

TEST_F(ClientConnectTest, sends_plain_requests_to_a_proxy_in_absolute_form) {
  remote = remote_at("http://h.example/v1", proxy_url("u:p@"));
  const auto answer = get("/models");
  Peer proxy = listener.accept();
  EXPECT_EQ(proxy.read_head(),
            "GET http://h.example/v1/models HTTP/1.1\r\nhost: h.example\r\n"
            "proxy-authorization: Basic dTpw\r\n\r\n");
  proxy.write(kOk);
  EXPECT_EQ(end_of(answer).body, "ok");
}

TEST_F(ClientConnectTest, speaks_tls_through_a_proxy) {
  const testing::Identity own = testing::make_identity({.names = "DNS:h.example"});
  remote = remote_at("https://h.example/v1", proxy_url("u:p@"),
                     {.ca_file = folder.write("ca.pem", own.certificate_pem)});
  const auto answer = get("/models");
  Peer proxy = listener.accept();
  EXPECT_EQ(proxy.read_head(),
            "CONNECT h.example:443 HTTP/1.1\r\nhost: h.example:443\r\n"
            "proxy-authorization: Basic dTpw\r\n\r\n");
  proxy.write("HTTP/1.1 200 Connection established\r\n\r\n");
  TlsPeer tls(proxy, own);
  ASSERT_TRUE(tls.shake());
  EXPECT_EQ(tls.read_head(), "GET /v1/models HTTP/1.1\r\nhost: h.example\r\n\r\n");
  tls.write(kOk);
  EXPECT_EQ(end_of(answer).body, "ok");
  EXPECT_EQ(client->idle_connections(), 1u);
}

TEST_F(ClientConnectTest, skips_what_a_proxy_says_before_its_answer) {
  remote = remote_at("https://h.example", proxy_url());
  const std::string early =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n";
  EXPECT_EQ(fault_with_proxy(early + "HTTP/1.1 502 Bad Gateway\r\n\r\n"),
            fmt::format("upstream_failed: proxy 127.0.0.1:{} refuses CONNECT to h.example:443 with "
                        "status 502",
                        listener.port()));
}

TEST_F(ClientConnectTest, says_why_a_proxy_does_not_connect) {
  remote = remote_at("https://h.example", proxy_url());
  const std::string proxy = fmt::format("proxy 127.0.0.1:{}", listener.port());
  EXPECT_EQ(fault_with_proxy("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
            "upstream_failed: " + proxy +
                " refuses CONNECT to h.example:443 with status 407; give user:password in its URL");
  EXPECT_EQ(fault_with_proxy("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 3\r\n\r\nbad"),
            "upstream_failed: " + proxy + " refuses CONNECT to h.example:443 with status 502");
  EXPECT_EQ(fault_with_proxy("HTTP/1.1 200 OK\r\n\r\nextra"),
            "upstream_invalid: " + proxy + " speaks before it is spoken to");
  EXPECT_EQ(fault_with_proxy(""), "upstream_failed: " + proxy + " closed the connection");
  EXPECT_TRUE(fault_with_proxy("SSH-2.0\r\n\r\n").starts_with("upstream_invalid: " + proxy));
  EXPECT_EQ(fault_with_proxy("HTTP/1.1 200 OK\r\na: " + std::string(20'000, 'x')),
            "upstream_invalid: " + proxy + " sends a head without end");
}

TEST_F(ClientConnectTest, says_that_it_was_the_proxy_it_could_not_reach) {
  listener.close();
  remote = remote_at("https://h.example", proxy_url());
  EXPECT_EQ(end_of(get()).fault,
            fmt::format("upstream_failed: proxy: connecting to 127.0.0.1:{}: Connection refused",
                        listener.port()));
}

TEST_F(ClientConnectTest, gives_up_on_a_silent_proxy) {
  remote = remote_at("https://h.example", proxy_url());
  const auto answer = get();
  Peer proxy = listener.accept();
  proxy.read_head();
  pass(milliseconds(2'010));
  EXPECT_EQ(end_of(answer).fault,
            "upstream_timeout: connect to h.example:443 timed out after 2s waiting for the proxy");
}

}  // namespace
}  // namespace naru::net
