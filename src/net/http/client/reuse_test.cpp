#include <gtest/gtest.h>

#include <list>

#include "net/http/client/client_for_test.h"

namespace naru::net {
namespace {

using std::chrono::seconds;
using testing::ClientTest;
using testing::Listener;
using testing::Peer;
using testing::Seen;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
constexpr std::size_t kLongBytes = 16 << 20;  // more than the kernel takes ahead

class ClientReuseTest : public ClientTest {
 protected:
  /// A connection that has served one request and is idle now.
  Peer used_connection() {
    const auto answer = get();
    Peer peer = listener.accept();
    peer.read_head();
    peer.write(kOk);
    EXPECT_EQ(end_of(answer).fault, "");
    EXPECT_EQ(client->idle_connections(), 1u);
    return peer;
  }
  /// Whether the connection of an answer like this is kept.
  bool is_kept_after(std::string_view bytes, std::string_view method = "GET") {
    const auto answer =
        loop.start(testing::fetch(*client, remote, {.method = method, .target = "/"}, Until{}));
    Peer peer = listener.accept();
    peer.read_head();
    peer.write(bytes);
    EXPECT_EQ(end_of(answer).fault, "") << bytes;
    const bool kept = client->idle_connections() == 1;
    EXPECT_EQ(peer.sees_close(), !kept) << bytes;
    client->close_idle();
    return kept;
  }
};

TEST_F(ClientReuseTest, sends_the_next_request_on_the_same_connection) {
  Peer peer = used_connection();
  const auto answer = get("/second");
  EXPECT_TRUE(peer.read_head().starts_with("GET /second HTTP/1.1\r\n"));
  peer.write(kOk);
  const Seen seen = end_of(answer);
  EXPECT_EQ(seen.body, "ok");
  EXPECT_EQ(seen.connect_time, seconds(0));
  EXPECT_FALSE(listener.is_called());
}

TEST_F(ClientReuseTest, keeps_connections_that_may_go_on_and_no_others) {
  EXPECT_TRUE(is_kept_after(kOk));
  EXPECT_TRUE(is_kept_after("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"));
  EXPECT_TRUE(is_kept_after("HTTP/1.1 204 No Content\r\n\r\n"));
  EXPECT_TRUE(is_kept_after("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", "HEAD"));
  EXPECT_TRUE(
      is_kept_after("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok"));
  EXPECT_FALSE(
      is_kept_after("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"));
  EXPECT_FALSE(is_kept_after("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"));
  EXPECT_FALSE(is_kept_after("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok and more"));
}

TEST_F(ClientReuseTest, lets_a_connection_go_that_its_peer_has_closed) {
  used_connection();
  const auto answer = get();
  Peer fresh = listener.accept();
  fresh.read_head();
  fresh.write(kOk);
  EXPECT_EQ(end_of(answer).body, "ok");
}

TEST_F(ClientReuseTest, never_takes_what_came_unasked_for_an_answer) {
  Peer old = used_connection();
  old.write("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n");
  const auto answer = get();
  Peer fresh = listener.accept();
  fresh.read_head();
  fresh.write(kOk);
  EXPECT_EQ(end_of(answer).status, 200);
}

TEST_F(ClientReuseTest, tries_once_more_when_a_reused_connection_ends_before_an_answer) {
  for (const bool by_reset : {false, true}) {
    Peer old = used_connection();
    const auto answer = post("{}");
    old.read_to("{}");
    if (by_reset) old.reset();
    old.close();
    Peer fresh = listener.accept();
    EXPECT_TRUE(fresh.read_to("{}").starts_with("POST / HTTP/1.1\r\n"));
    fresh.write(kOk);
    EXPECT_EQ(end_of(answer).fault, "") << by_reset;
    client->close_idle();
  }
}

TEST_F(ClientReuseTest, tries_no_second_time_beyond_a_round_trip) {
  Peer old = used_connection();
  const auto answer = post("{}");
  old.read_to("{}");
  pass(std::chrono::milliseconds(301));
  old.reset();
  EXPECT_TRUE(end_of(answer).fault.starts_with("upstream_failed: "));
  EXPECT_FALSE(listener.is_called());
}

TEST_F(ClientReuseTest, tries_no_third_time) {
  Peer old = used_connection();
  const auto answer = get();
  old.read_head();
  old.close();
  Peer fresh = listener.accept();
  fresh.read_head();
  fresh.close();
  EXPECT_NE(end_of(answer).fault.find("before it had answered"), std::string::npos);
  EXPECT_FALSE(listener.is_called());
}

TEST_F(ClientReuseTest, tries_no_second_time_once_an_answer_has_begun) {
  Peer old = used_connection();
  const auto answer = get();
  old.read_head();
  old.write("H");
  old.close();
  EXPECT_TRUE(end_of(answer).fault.starts_with("upstream_failed: "));
  EXPECT_FALSE(listener.is_called());
}

TEST_F(ClientReuseTest, opens_as_many_connections_as_calls_run_at_once) {
  const auto one = get("/one");
  const auto two = get("/two");
  Peer first = listener.accept();
  Peer second = listener.accept();
  first.read_head();
  second.read_head();
  second.write(kOk);
  first.write(kOk);
  EXPECT_EQ(end_of(one).body, "ok");
  EXPECT_EQ(end_of(two).body, "ok");
  EXPECT_EQ(client->idle_connections(), 2u);
}

TEST_F(ClientReuseTest, closes_what_was_idle_too_long) {
  Peer peer = used_connection();
  pass(seconds(31));
  pass(seconds(1));
  EXPECT_EQ(client->idle_connections(), 0u);
  EXPECT_TRUE(peer.sees_close());
}

/// A call whose answer has begun.
class ClientCancelTest : public ClientTest {
 protected:
  std::unique_ptr<ClientCall> begun_call(Peer*& peer) {
    auto sent = loop.start(client->send(remote, {.method = "GET", .target = "/"}, Until{}));
    peers.push_back(listener.accept());
    peer = &peers.back();
    peer->read_head();
    peer->write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n");
    loop.settle_until([&] { return sent->has_value(); });
    EXPECT_TRUE(**sent);
    return std::move(***sent);
  }
  std::list<Peer> peers;
};

TEST_F(ClientCancelTest, closes_at_once_when_the_call_is_dropped) {
  Peer* peer = nullptr;
  auto call = begun_call(peer);
  EXPECT_FALSE(peer->sees_close());
  call.reset();
  EXPECT_TRUE(peer->sees_close());
  EXPECT_EQ(client->idle_connections(), 0u);
}

TEST_F(ClientCancelTest, ends_a_read_by_its_word) {
  Peer* peer = nullptr;
  auto call = begun_call(peer);
  EXPECT_EQ(*loop.run(call->read_some(Until{})), "one");
  Stop stop;
  auto read = loop.start(call->read_some({Monotonic::max(), &stop}));
  loop.settle();
  EXPECT_FALSE(read->has_value());
  stop.fire();
  loop.settle();
  ASSERT_TRUE(read->has_value());
  EXPECT_EQ((*read)->error().kind, FaultKind::Cancelled);
}

TEST_F(ClientCancelTest, ends_a_read_by_its_time_and_may_read_on) {
  Peer* peer = nullptr;
  auto call = begun_call(peer);
  EXPECT_EQ(*loop.run(call->read_some(Until{})), "one");
  auto read = loop.start(call->read_some({clock.now() + seconds(120)}));
  pass(seconds(119));
  EXPECT_FALSE(read->has_value());
  pass(seconds(2));
  ASSERT_TRUE(read->has_value());
  EXPECT_EQ((*read)->error().kind, FaultKind::UpstreamTimeout);
  EXPECT_NE((*read)->error().detail.find("did not send more of its answer in time"),
            std::string::npos);
  peer->write("3\r\ntwo\r\n");
  EXPECT_EQ(*loop.run(call->read_some(Until{})), "two");
}

TEST_F(ClientCancelTest, ends_the_wait_for_an_answer_by_its_word_and_closes) {
  Stop stop;
  const auto answer = get("/", {Monotonic::max(), &stop});
  Peer peer = listener.accept();
  peer.read_head();
  stop.fire();
  EXPECT_TRUE(end_of(answer).fault.starts_with("abandoned: "));
  EXPECT_TRUE(peer.sees_close());
}

TEST_F(ClientCancelTest, ends_the_wait_for_an_answer_by_its_time) {
  const auto answer = get("/", {clock.now() + seconds(300)});
  Peer peer = listener.accept();
  peer.read_head();
  pass(seconds(301));
  EXPECT_EQ(end_of(answer).fault,
            fmt::format("upstream_timeout: 127.0.0.1:{} did not send an answer in time",
                        listener.port()));
  EXPECT_TRUE(peer.sees_close());
}

TEST_F(ClientCancelTest, ends_the_writing_of_a_long_body_by_its_word) {
  const std::string body(kLongBytes, 'x');
  listener.narrow();
  Stop stop;
  const auto answer = post(body, {Monotonic::max(), &stop});
  Peer peer = listener.accept();
  peer.read_head();
  stop.fire();
  EXPECT_TRUE(end_of(answer).fault.starts_with("abandoned: "));
  peer.see_close();
}

TEST_F(ClientCancelTest, sends_nothing_when_nobody_waits_any_more) {
  Stop stop;
  stop.fire();
  EXPECT_TRUE(end_of(get("/", {Monotonic::max(), &stop})).fault.starts_with("abandoned: "));
  EXPECT_FALSE(listener.is_called());
}

}  // namespace
}  // namespace naru::net
