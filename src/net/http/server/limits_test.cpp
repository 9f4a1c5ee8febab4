#include <gmock/gmock.h>
#include <sys/resource.h>

#include "net/http/heads_for_test.h"
#include "net/http/server/server_for_test.h"

namespace naru::net {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using HttpLimitsTest = ServerTest;

TEST_F(HttpLimitsTest, refuses_each_bad_head_and_serves_nothing_behind_it) {
  serve(say_hello);
  for (const BadHead& bad : kBadHeads) {
    RawClient client = connect();
    client.send(fmt::format("{}\r\n\r\n{}", bad.head, get("/next")));
    const std::string text = answer(client);
    EXPECT_THAT(text, StartsWith(fmt::format("HTTP/1.1 {} ", bad.status))) << bad.name;
    EXPECT_THAT(text, HasSubstr("connection: close\r\n")) << bad.name;
    EXPECT_THAT(body_of(text), HasSubstr(bad.reason)) << bad.name;
    EXPECT_TRUE(client.over()) << bad.name;
    EXPECT_FALSE(client.was_reset) << bad.name;
  }
  EXPECT_THAT(handler_.targets, IsEmpty());
}

TEST_F(HttpLimitsTest, refuses_a_bad_head_as_soon_as_it_can_be_seen) {
  serve(say_hello);
  EXPECT_THAT(exchange("\x16\x03\x01"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(exchange("GET / HTTP/1.1\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpLimitsTest, names_the_target_of_a_refused_request) {
  serve(say_hello);
  EXPECT_THAT(exchange("GET /v1/models HTTP/1.1\r\n\r\n"), HasSubstr("refused '/v1/models': "));
}

TEST_F(HttpLimitsTest, refuses_another_expectation) {
  serve(say_hello);
  EXPECT_THAT(exchange(get("/", "Expect: a-pony\r\n")), StartsWith("HTTP/1.1 417 "));
  EXPECT_THAT(exchange(get("/", "Expect: 100-continue\r\n")), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpLimitsTest, refuses_a_head_that_is_too_large) {
  serve(say_hello, {.max_head_bytes = 4096});
  const std::string fits = get("/", "X: " + std::string(4096 - 32, 'x') + "\r\n");
  ASSERT_EQ(fits.size(), 4096u);
  EXPECT_THAT(exchange(fits), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(exchange(get("/", "X: " + std::string(4096 - 31, 'x') + "\r\n")),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(exchange("GET /" + std::string(5000, 'x')), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpLimitsTest, takes_a_large_head_in_pieces) {
  serve(say_hello);
  RawClient client = connect();
  const std::string head = get("/", "X: " + std::string(60'000, 'x') + "\r\n");
  for (std::size_t at = 0; at < head.size(); at += 1000) {
    client.send(head.substr(at, 1000));
    settle();
  }
  EXPECT_THAT(answer(client), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpLimitsTest, gives_up_on_a_head_that_does_not_end) {
  serve(say_hello, {.head_timeout = seconds(10), .idle_timeout = seconds(120)});
  RawClient client = connect();
  pass(seconds(100));
  client.send("GET / HT");
  settle();
  pass(milliseconds(9'900));
  EXPECT_EQ(answer(client), "");
  client.send("T");
  pass(milliseconds(200));
  const std::string text = answer(client);
  EXPECT_THAT(text, StartsWith("HTTP/1.1 408 Request Timeout"));
  EXPECT_THAT(text, HasSubstr("connection: close"));
  EXPECT_TRUE(client.over());
}

TEST_F(HttpLimitsTest, closes_an_idle_connection_without_a_word) {
  serve(say_hello, {.idle_timeout = seconds(120)});
  RawClient client = connect();
  client.send(get("/"));
  settle();
  pass(seconds(119));
  EXPECT_THAT(answer(client), EndsWith("hello"));
  EXPECT_FALSE(client.over());
  pass(seconds(2));
  EXPECT_EQ(answer(client), "");
  EXPECT_TRUE(client.over());
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpLimitsTest, a_body_may_take_as_long_as_its_reader_waits) {
  serve([](ServerCall& call, ScriptedHandler& handler) -> Task<void> {
    const Until until{.deadline = call.loop().clock().now() + seconds(30)};
    const auto body = co_await whole_body(call, until);
    handler.notes.push_back(body ? *body : std::string(row(body.error().kind).word));
  });
  RawClient client = connect();
  client.send(post("Content-Length: 5\r\n", "he"));
  settle();
  pass(seconds(29));
  EXPECT_THAT(handler_.notes, IsEmpty());
  pass(seconds(2));
  EXPECT_THAT(handler_.notes, ElementsAre("upstream_timeout"));
}

TEST_F(HttpLimitsTest, closes_connections_beyond_its_number_at_once) {
  serve(say_hello, {.max_connections = 2});
  RawClient first = connect();
  RawClient second = connect();
  RawClient third = connect();
  answer(third);
  EXPECT_TRUE(third.over());
  EXPECT_EQ(server_->connections(), 2u);
  first.close();
  settle();
  RawClient fourth = connect();
  fourth.send(get("/"));
  EXPECT_THAT(answer(fourth), EndsWith("hello"));
}

/// Takes every descriptor the process may have.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);
    ::close(next);
    const rlimit none{.rlim_cur = static_cast<rlim_t>(next), .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(HttpLimitsTest, closes_clients_while_no_descriptor_is_left_and_then_recovers) {
  serve(say_hello);
  RawClient client(server_->port());
  {
    const NoDescriptors none;
    settle();
  }
  answer(client);
  EXPECT_TRUE(client.over());
  RawClient later(server_->port());
  later.send(get("/"));
  EXPECT_EQ(answer(later), "");
  pass(milliseconds(200));
  EXPECT_THAT(answer(later), EndsWith("hello"));
}

TEST_F(HttpLimitsTest, names_an_address_that_is_taken) {
  serve(say_hello);
  const auto second = HttpServer::open(loops_, {.port = server_->port()}, handler_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, FaultKind::Conflict);
  EXPECT_EQ(second.error().detail,
            fmt::format("listen 127.0.0.1:{}: Address already in use", server_->port()));
}

TEST_F(HttpLimitsTest, names_an_address_that_is_not_ours) {
  const auto server = HttpServer::open(loops_, {.host = "192.0.2.1", .port = 1}, handler_);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().detail, HasSubstr("listen 192.0.2.1:1: "));
}

}  // namespace
}  // namespace naru::net
