#include "net/http/client/endpoint.h"

#include <gtest/gtest.h>

#include <map>

namespace naru::net {
namespace {

std::string fault_of(std::string_view url) {
  const auto read = read_endpoint(url);
  return read ? "none" : read.error().detail;
}

using Variables = std::map<std::string, std::string>;

std::string proxy_of(std::string_view url, const Variables& variables) {
  return find_proxy(url, [&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

struct GoodUrl {
  const char* url;
  const char* host;
  std::uint16_t port;
  const char* prefix;
  const char* authority;
};

TEST(Endpoint, takes_urls_apart) {
  const GoodUrl rows[] = {
      {"https://api.openai.com/v1", "api.openai.com", 443, "/v1", "api.openai.com"},
      {"https://api.openai.com/v1/", "api.openai.com", 443, "/v1", "api.openai.com"},
      {"HTTPS://API.Example.com", "api.example.com", 443, "", "api.example.com"},
      {"http://10.0.0.1", "10.0.0.1", 80, "", "10.0.0.1"},
      {"http://10.0.0.1:80/", "10.0.0.1", 80, "", "10.0.0.1"},
      {"https://h:80/a/b", "h", 80, "/a/b", "h:80"},
      {"http://[::1]:8080/v1", "::1", 8080, "/v1", "[::1]:8080"},
      {"https://[FE80::1]", "fe80::1", 443, "", "[fe80::1]"},
      {"http://my_host-2:1/%20", "my_host-2", 1, "/%20", "my_host-2:1"},
  };
  for (const GoodUrl& row : rows) {
    const auto read = read_endpoint(row.url);
    ASSERT_TRUE(read) << row.url << ": " << read.error().detail;
    EXPECT_EQ(read->host, row.host) << row.url;
    EXPECT_EQ(read->port, row.port) << row.url;
    EXPECT_EQ(read->prefix, row.prefix) << row.url;
    EXPECT_EQ(read->authority, row.authority) << row.url;
  }
}

TEST(Endpoint, tells_tls_from_plain) {
  EXPECT_TRUE(read_endpoint("https://h")->tls);
  EXPECT_FALSE(read_endpoint("http://h")->tls);
}

TEST(Endpoint, reads_a_unix_socket_with_and_without_a_prefix) {
  const auto bare = read_endpoint("unix:/run/engine.sock");
  ASSERT_TRUE(bare);
  EXPECT_TRUE(bare->local);
  EXPECT_EQ(bare->socket_path, "/run/engine.sock");
  EXPECT_EQ(bare->authority, "localhost");
  EXPECT_EQ(read_endpoint("unix:/run/engine.sock:/v1/")->prefix, "/v1");
  EXPECT_EQ(read_endpoint("unix:///run/engine.sock")->socket_path, "/run/engine.sock");
}

TEST(Endpoint, says_what_is_wrong_with_a_url) {
  const std::pair<const char*, const char*> rows[] = {
      {"ftp://h", "does not begin with https://"},
      {"api.openai.com/v1", "does not begin with https://"},
      {"", "does not begin with https://"},
      {"https://", "has no host"},
      {"https:///v1", "has no host"},
      {"https://h:0", "has port '0'; write 1 to 65535"},
      {"https://h:65536", "has port '65536'"},
      {"https://h:8x", "has port '8x'"},
      {"https://h:", "has port ''"},
      {"https://[::1", "has '[' without ']'"},
      {"https://[zz]", "which is no IPv6 address"},
      {"https://[::1]x", "between host and port"},
      {"https://h/a?b", "has '?'; a base URL ends with its path"},
      {"https://h#x", "has '#'"},
      {"https://h/a b", "must be percent-encoded"},
      {"https://나루.kr", "punycode"},
      {"https://h\r\nx", "as host"},
      {"https://.h", "as host"},
      {"unix:engine.sock", "has no absolute path"},
  };
  for (const auto& [url, why] : rows)
    EXPECT_NE(fault_of(url).find(why), std::string::npos) << url << " -> " << fault_of(url);
}

TEST(Endpoint, shows_no_credentials_when_it_refuses_them) {
  const std::string text = fault_of("https://user:sesame@h/v1");
  EXPECT_NE(text.find("has credentials in it"), std::string::npos) << text;
  EXPECT_EQ(text.find("sesame"), std::string::npos) << text;
}

TEST(Endpoint, refuses_a_socket_path_that_does_not_fit) {
  EXPECT_TRUE(read_endpoint("unix:/" + std::string(106, 'a')));
  EXPECT_NE(fault_of("unix:/" + std::string(107, 'a')).find("108 bytes; at most 107 fit"),
            std::string::npos);
}

TEST(Proxy, reads_host_port_and_credentials) {
  const auto plain = read_proxy("http://proxy.corp:3128/");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "proxy.corp");
  EXPECT_EQ(plain->port, 3128);
  EXPECT_EQ(plain->authorization, "");
  EXPECT_EQ(read_proxy("proxy.corp:3128")->port, 3128);
  EXPECT_EQ(read_proxy("http://proxy.corp")->port, 80);
  // RFC 7617, 2: the example of the document
  EXPECT_EQ(read_proxy("http://Aladdin:open%20sesame@p")->authorization,
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST(Proxy, refuses_other_schemes_without_showing_credentials) {
  const auto read = read_proxy("socks5://user:sesame@p:1080");
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().detail.find("socks5://…@p:1080"), std::string::npos)
      << read.error().detail;
}

TEST(Proxy, is_chosen_by_scheme_with_lower_case_first) {
  const Variables all{{"https_proxy", "http://a"},
                      {"HTTPS_PROXY", "http://b"},
                      {"HTTP_PROXY", "http://c"},
                      {"ALL_PROXY", "http://d"}};
  EXPECT_EQ(proxy_of("https://x.example", all), "http://a");
  EXPECT_EQ(proxy_of("http://x.example", all), "http://c");
  EXPECT_EQ(proxy_of("https://x.example", {{"HTTPS_PROXY", "http://b"}}), "http://b");
  EXPECT_EQ(proxy_of("https://x.example", {{"ALL_PROXY", "http://d"}}), "http://d");
  EXPECT_EQ(proxy_of("https://x.example", {{"HTTP_PROXY", "http://c"}}), "");
  EXPECT_EQ(proxy_of("https://x.example", {}), "");
}

TEST(Proxy, is_not_used_for_what_no_proxy_covers) {
  const Variables all{{"HTTPS_PROXY", "http://a"}, {"NO_PROXY", "x.example:443"}};
  EXPECT_EQ(proxy_of("https://x.example", all), "");
  EXPECT_EQ(proxy_of("https://x.example:8443", all), "http://a");
}

TEST(Proxy, is_never_used_for_loopback_and_unix_sockets) {
  const Variables all{{"ALL_PROXY", "http://d"}};
  for (const char* url : {"http://localhost:9", "http://127.8.0.1", "http://[::1]:8", "unix:/s",
                          "http://a.localhost"})
    EXPECT_EQ(proxy_of(url, all), "") << url;
}

struct Cover {
  const char* list;
  const char* host;
  std::uint16_t port;
  bool covered;
};

TEST(Proxy, no_proxy_covers_what_its_entries_name) {
  const Cover rows[] = {
      {"", "a.example", 443, false},
      {"*", "a.example", 443, true},
      {"example", "a.example", 443, true},
      {"a.example", "a.example", 443, true},
      {"a.example", "b.a.example", 443, true},
      {"a.example", "ba.example", 443, false},
      {".a.example", "a.example", 443, true},
      {".a.example", "x.a.example", 443, true},
      {"*.a.example", "x.a.example", 443, true},
      {"A.Example", "a.example", 443, true},
      {"b.example, a.example", "a.example", 443, true},
      {"b.example a.example", "a.example", 443, true},
      {"a.example:443", "a.example", 443, true},
      {"a.example:80", "a.example", 443, false},
      {"10.0.0.1", "10.0.0.1", 80, true},
      {"10.0.0.1", "110.0.0.1", 80, false},
      {"10.0.0.0/8", "10.200.3.4", 80, true},
      {"10.0.0.0/8", "11.0.0.1", 80, false},
      {"10.0.0.0/33", "10.0.0.1", 80, false},
      {"10.0.0.0/x", "10.0.0.1", 80, false},
      {"10.0.0.0/8", "ten.example", 80, false},
      {"fd00::/8", "fd12::1", 80, true},
      {"fd00::/8", "fe80::1", 80, false},
      {"::1", "::1", 80, true},
      {"[::1]:80", "::1", 80, true},
      {"[::1]:81", "::1", 80, false},
      {".", "a.example", 443, false},
      {",,", "a.example", 443, false},
  };
  for (const Cover& row : rows)
    EXPECT_EQ(is_covered(row.list, row.host, row.port), row.covered) << row.list << " " << row.host;
}

}  // namespace
}  // namespace naru::net
