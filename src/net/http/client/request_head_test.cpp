#include "net/http/client/request_head.h"

#include <gtest/gtest.h>

namespace naru::net {
namespace {

std::shared_ptr<const Remote> remote_at(std::string url, std::string proxy = "") {
  auto made = Remote::make({.base_url = std::move(url), .proxy = std::move(proxy)});
  EXPECT_TRUE(made);
  return *made;
}

const HttpRemote& http(const std::shared_ptr<const Remote>& remote) {
  return static_cast<const HttpRemote&>(*remote);
}

std::string head_of(const ClientRequest& request, const std::string& url = "https://h.example/v1",
                    const std::string& proxy = "") {
  const auto remote = remote_at(url, proxy);
  const auto head = write_request_head(http(remote), request);
  return head ? *head : "fault: " + head.error().detail;
}

TEST(RequestHead, puts_the_prefix_before_the_target_and_gives_the_length) {
  const std::vector<Header> headers{{"content-type", "application/json"}, {"x-key", "secret"}};
  EXPECT_EQ(head_of({.target = "/chat?beta=true", .headers = &headers, .body = "{}"}),
            "POST /v1/chat?beta=true HTTP/1.1\r\n"
            "host: h.example\r\n"
            "content-type: application/json\r\n"
            "x-key: secret\r\n"
            "content-length: 2\r\n"
            "\r\n");
}

TEST(RequestHead, gives_a_length_where_a_body_is_expected) {
  EXPECT_EQ(head_of({.target = "/a"}),
            "POST /v1/a HTTP/1.1\r\nhost: h.example\r\ncontent-length: 0\r\n\r\n");
  EXPECT_EQ(head_of({.method = "GET", .target = "/a"}),
            "GET /v1/a HTTP/1.1\r\nhost: h.example\r\n\r\n");
}

TEST(RequestHead, asks_for_the_root_when_there_is_no_path) {
  EXPECT_EQ(head_of({.method = "GET"}, "http://h"), "GET / HTTP/1.1\r\nhost: h\r\n\r\n");
  EXPECT_EQ(head_of({.method = "GET", .target = "?a"}, "http://h"),
            "GET /?a HTTP/1.1\r\nhost: h\r\n\r\n");
  EXPECT_EQ(head_of({.method = "GET"}, "http://h/v1/"), "GET /v1 HTTP/1.1\r\nhost: h\r\n\r\n");
}

TEST(RequestHead, names_localhost_on_a_unix_socket) {
  EXPECT_EQ(head_of({.method = "GET", .target = "/health"}, "unix:/run/e.sock"),
            "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
}

TEST(RequestHead, names_the_whole_url_to_a_proxy_for_plain_http_only) {
  EXPECT_EQ(head_of({.method = "GET", .target = "/a"}, "http://h:8080/v1", "http://u:p@proxy:3128"),
            "GET http://h:8080/v1/a HTTP/1.1\r\nhost: h:8080\r\n"
            "proxy-authorization: Basic dTpw\r\n\r\n");
  EXPECT_EQ(head_of({.method = "GET", .target = "/a"}, "https://h/v1", "http://u:p@proxy:3128"),
            "GET /v1/a HTTP/1.1\r\nhost: h\r\n\r\n");
}

TEST(RequestHead, keeps_framing_and_connection_headers_to_itself) {
  const std::vector<Header> headers{{"Host", "evil"},    {"Content-Length", "9"},
                                    {"Connection", "x"}, {"Transfer-Encoding", "chunked"},
                                    {"TE", "trailers"},  {"a", "b"}};
  EXPECT_EQ(head_of({.method = "GET", .target = "/a", .headers = &headers}),
            "GET /v1/a HTTP/1.1\r\nhost: h.example\r\na: b\r\n\r\n");
}

TEST(RequestHead, refuses_what_would_break_the_request) {
  const std::vector<Header> broken_value{{"authorization", "Bearer x\r\nevil: 1"}};
  EXPECT_EQ(head_of({.target = "/a", .headers = &broken_value}),
            "fault: the value of header authorization has a control character in it");
  const std::vector<Header> broken_name{{"a b", "c"}};
  EXPECT_EQ(head_of({.target = "/a", .headers = &broken_name}),
            "fault: 'a b' cannot be a header's name");
  EXPECT_EQ(head_of({.target = "/a b"}), "fault: '/a b' is no request target");
  EXPECT_EQ(head_of({.target = "a"}), "fault: 'a' is no request target");
  EXPECT_EQ(head_of({.method = "P T", .target = "/"}), "fault: 'P T' is no method");
}

TEST(RequestHead, asks_a_proxy_to_connect) {
  const auto remote = remote_at("https://h.example/v1", "http://u:p@proxy:3128");
  EXPECT_EQ(write_connect_head(http(remote)),
            "CONNECT h.example:443 HTTP/1.1\r\nhost: h.example:443\r\n"
            "proxy-authorization: Basic dTpw\r\n\r\n");
}

TEST(Remote, is_the_same_by_key_when_its_connections_may_stand_in_for_each_other) {
  const auto key = [](std::string url, std::string proxy = "", TlsClientOptions tls = {}) {
    auto made = Remote::make({.base_url = std::move(url), .tls = tls, .proxy = std::move(proxy)});
    EXPECT_TRUE(made);
    return (*made)->key();
  };
  EXPECT_EQ(key("https://h/v1"), key("https://H:443/v2"));
  EXPECT_NE(key("https://h"), key("http://h:443"));
  EXPECT_NE(key("https://h"), key("https://h:444"));
  EXPECT_NE(key("https://h"), key("https://h", "http://p"));
  EXPECT_NE(key("https://h", "http://a:b@p"), key("https://h", "http://a:c@p"));
  EXPECT_NE(key("https://h"), key("https://h", "", {.server_name = "x"}));
  EXPECT_NE(key("unix:/a"), key("unix:/b"));
  EXPECT_EQ(key("https://h", "http://a:sesame@p").find("sesame"), std::string::npos);
}

TEST(Remote, says_what_is_wrong_with_its_options) {
  EXPECT_NE(Remote::make({.base_url = "h"}).error().detail.find("does not begin with"),
            std::string::npos);
  EXPECT_EQ(Remote::make({.base_url = "unix:/s", .proxy = "http://p"}).error().detail,
            "a proxy is given for 'unix:/s', which is a UNIX socket");
  EXPECT_EQ(Remote::make({.base_url = "https://h", .tls = {.ca_file = "/nowhere"}}).error().detail,
            "CA file '/nowhere' cannot be read: No such file or directory");
}

}  // namespace
}  // namespace naru::net
