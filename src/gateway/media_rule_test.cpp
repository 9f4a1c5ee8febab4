#include "gateway/media_rule.h"

#include <gtest/gtest.h>

#include <vector>

namespace naru::gateway {
namespace {

const std::vector<std::string> kAllowed = {
    "images.example.com",       "*.cdn.example.com",     "https://Files.Example.com:8443",
    "http://plain.example.com", "http://127.0.0.1:9000", "http://10.0.0.5",
    "[2001:db8::1]:8080"};

/// `ORIGIN TARGET`, or why not.
std::string found(std::string_view url) {
  const auto place = find_place(url, kAllowed);
  return place ? place->origin + " " + place->target : place.error();
}

std::string not_listed(std::string_view origin) {
  return "its host '" + std::string(origin) + "' is not in media.fetch";
}

struct Case {
  std::string_view url;
  std::string gives;
};

TEST(MediaRule, lets_listed_hosts_be_fetched) {
  const Case cases[] = {
      {"https://images.example.com/a.png", "https://images.example.com /a.png"},
      {"HTTPS://Images.EXAMPLE.com:443/a?b=c&d#e", "https://images.example.com /a?b=c&d"},
      {"https://images.example.com", "https://images.example.com /"},
      {"https://images.example.com?q", "https://images.example.com /?q"},
      {"https://images.example.com/%20/나", "https://images.example.com /%20/%EB%82%98"},
      {"https://a.cdn.example.com/x", "https://a.cdn.example.com /x"},
      {"https://a.b.cdn.example.com/x", "https://a.b.cdn.example.com /x"},
      {"https://files.example.com:8443/x", "https://files.example.com:8443 /x"},
      {"http://plain.example.com:80/x", "http://plain.example.com /x"},
      {"http://127.0.0.1:9000/x", "http://127.0.0.1:9000 /x"},
      {"http://10.0.0.5/x", "http://10.0.0.5 /x"},
      {"https://[2001:DB8::1]:8080/x", "https://[2001:db8::1]:8080 /x"},
      {"https://images.example.com/a@b", "https://images.example.com /a@b"},
  };
  for (const Case& one : cases) EXPECT_EQ(found(one.url), one.gives) << one.url;
}

TEST(MediaRule, keeps_from_all_others) {
  const Case cases[] = {
      {"https://example.com/x", not_listed("https://example.com")},
      {"https://evil-images.example.com/x", not_listed("https://evil-images.example.com")},
      {"https://images.example.com.evil.org/x", not_listed("https://images.example.com.evil.org")},
      {"https://cdn.example.com/x", not_listed("https://cdn.example.com")},
      {"https://evil.org/.cdn.example.com", not_listed("https://evil.org")},
      {"https://evil.org?.cdn.example.com", not_listed("https://evil.org")},
      {"https://evil.org#.cdn.example.com", not_listed("https://evil.org")},
      {"http://images.example.com/x", not_listed("http://images.example.com")},
      {"https://plain.example.com/x", not_listed("https://plain.example.com")},
      {"https://images.example.com:8443/x", not_listed("https://images.example.com:8443")},
      {"https://files.example.com/x", not_listed("https://files.example.com")},
      {"http://127.0.0.1/x", not_listed("http://127.0.0.1")},
      {"http://127.1:9000/x", not_listed("http://127.1:9000")},
      {"http://2130706433:9000/x", not_listed("http://2130706433:9000")},
      {"http://0x7f.0.0.0x1:9000/x", not_listed("http://0x7f.0.0.0x1:9000")},
      {"https://[::1]/x", not_listed("https://[::1]")},
  };
  for (const Case& one : cases) EXPECT_EQ(found(one.url), one.gives) << one.url;
}

TEST(MediaRule, reads_no_odd_urls) {
  const Case cases[] = {
      {"ftp://images.example.com/x", "its URL is none of http or https"},
      {"file:///etc/passwd", "its URL is none of http or https"},
      {"//images.example.com/x", "its URL is none of http or https"},
      {"https:/images.example.com/x", "its URL is none of http or https"},
      {"", "its URL is none of http or https"},
      {" https://images.example.com/x", "its URL is none of http or https"},
      {"https://user@images.example.com/x", "its URL has a user in it"},
      {"https://images.example.com:443@evil.org/x", "its URL has a user in it"},
      {"https://images.example.com\\@evil.org/x",
       "its URL has a character that must be percent-encoded"},
      {"https://images.example.com/a b", "its URL has a character that must be percent-encoded"},
      {"https://images.example.com/a\r\nhost: b",
       "its URL has a character that must be percent-encoded"},
      {"https://", "its URL names no host"},
      {"https:///x", "its URL names no host"},
      {"https://.cdn.example.com/x", "its URL names no host"},
      {"https://images.example.com./x", "its URL names no host"},
      {"https://*.cdn.example.com/x", "its URL names no host"},
      {"https://images.example.com:/x", "its URL names no host"},
      {"https://images.example.com:0/x", "its URL names no host"},
      {"https://images.example.com:65979/x", "its URL names no host"},
      {"https://images.example.com:44 3/x", "its URL has a character that must be percent-encoded"},
      {"https://images%2Eexample.com/x", "its URL names no host"},
      {"https://[2001:db8::1%25eth0]:8080/x", "its URL names no host"},
      {"https://[2001:db8::1]x:8080/x", "its URL names no host"},
      {"https://나루.example.com/x", "its URL names no host"},
  };
  for (const Case& one : cases) EXPECT_EQ(found(one.url), one.gives) << one.url;
  EXPECT_EQ(found("https://images.example.com/" + std::string(9000, 'a')),
            "its URL is longer than 8192 bytes");
}

TEST(MediaRule, has_no_pattern_stand_for_an_address) {
  const std::vector<std::string> patterns = {"http://*.0.0.1", "http://*.2130706433", "http://*"};
  for (const char* url : {"http://127.0.0.1/", "http://a.2130706433/", "http://[::1]/"})
    EXPECT_FALSE(find_place(url, patterns)) << url;
}

TEST(MediaRule, fetches_nothing_when_nothing_is_listed) {
  EXPECT_EQ(find_place("https://images.example.com/x", {}).error(),
            not_listed("https://images.example.com"));
}

TEST(MediaRule, takes_hosts_and_patterns_as_entries) {
  for (const std::string& entry : kAllowed) EXPECT_EQ(media_host(entry), "") << entry;
  for (const char* entry : {"a*.images.example.com", "localhost", "*.svc.cluster.local"})
    EXPECT_EQ(media_host(entry), "") << entry;
}

TEST(MediaRule, takes_nothing_wider_or_else_as_an_entry) {
  for (const char* entry : {"*", "*.com", "*example.com", "a.*.com", "*.0.0.1", "http://*:80"})
    EXPECT_EQ(media_host(entry), "end the pattern with two whole labels, as *.example.com")
        << entry;
  for (const char* entry :
       {"", "https://", "a/b", "https://a/", "a:b", "a:*", "ftp://a", "a b", "[::1", "a."})
    EXPECT_TRUE(media_host(entry).starts_with("give a host")) << entry;
  EXPECT_EQ(media_host("u:p@a.example.com"), "leave user and password out of it");
}

}  // namespace
}  // namespace naru::gateway
