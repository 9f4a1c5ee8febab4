#include "net/http/client.h"

#include <gtest/gtest.h>

#include "net/http/client/client_for_test.h"

namespace naru::net {
namespace {

using testing::ClientTest;
using testing::Peer;
using testing::Seen;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
constexpr std::size_t kLongBytes = 16 << 20;  // more than the kernel takes ahead

TEST_F(ClientTest, sends_head_and_body_and_reads_the_answer) {
  const auto answer = post("{}");
  Peer peer = listener.accept();
  EXPECT_EQ(peer.read_to("{}"),
            fmt::format("POST / HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-length: 2\r\n\r\n{{}}",
                        listener.port()));
  peer.write(kOk);
  const Seen seen = end_of(answer);
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.body, "ok");
  EXPECT_EQ(seen.fault, "");
}

TEST_F(ClientTest, reads_chunks_wherever_they_are_cut) {
  constexpr std::string_view kAnswer =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n9;name=value\r\n, \r\nworld\r\nA\r\n0123456789\r\n0\r\ntrailer: x\r\n\r\n";
  std::optional<Peer> peer;
  for (std::size_t cut = 1; cut < kAnswer.size(); ++cut) {
    const auto answer = get();
    if (!peer) peer.emplace(listener.accept());  // and every later answer on the same connection
    peer->read_head();
    peer->write(kAnswer.substr(0, cut));
    peer->write(kAnswer.substr(cut));
    const Seen seen = end_of(answer);
    ASSERT_EQ(seen.body, "hello, \r\nworld0123456789") << "cut at " << cut;
    ASSERT_EQ(seen.fault, "") << "cut at " << cut;
  }
  EXPECT_EQ(client->idle_connections(), 1u);
}

TEST_F(ClientTest, reads_an_answer_that_comes_byte_by_byte) {
  const auto answer = get();
  Peer peer = listener.accept();
  peer.read_head();
  for (const char& byte : kOk) peer.write({&byte, 1});
  EXPECT_EQ(end_of(answer).body, "ok");
}

TEST_F(ClientTest, gives_a_piece_as_soon_as_it_is_there) {
  auto sent = loop.start(client->send(remote, {.method = "GET", .target = "/"}, Until{}));
  Peer peer = listener.accept();
  peer.read_head();
  peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n");
  loop.settle_until([&] { return sent->has_value(); });
  ASSERT_TRUE(**sent);
  ClientCall& call = ****sent;
  EXPECT_EQ(*loop.run(call.read_some(Until{})), "one");
  auto next = loop.start(call.read_some(Until{}));
  loop.settle();
  EXPECT_FALSE(next->has_value());
  peer.write("3\r\ntwo");
  loop.settle_until([&] { return next->has_value(); });
  EXPECT_EQ(***next, "two");
}

TEST_F(ClientTest, reads_a_body_larger_than_its_buffer) {
  std::string body(300'000, 'x');
  for (std::size_t i = 0; i < body.size(); i += 1000) body[i] = static_cast<char>('a' + i % 23);
  const auto answer = get();
  Peer peer = listener.accept();
  peer.read_head();
  peer.write(fmt::format("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.size()));
  peer.write(body);
  EXPECT_EQ(end_of(answer).body, body);
}

TEST_F(ClientTest, skips_interim_answers) {
  const Seen seen = seen_of(
      "HTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
      "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.body, "ok");
}

TEST_F(ClientTest, refuses_a_protocol_it_did_not_ask_for_and_interim_answers_without_end) {
  EXPECT_NE(seen_of("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n")
                .fault.find("sends status 101, which nobody asked for"),
            std::string::npos);
  std::string endless;
  for (int i = 0; i < 40; ++i) endless += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_NE(seen_of(endless).fault.find("sends 1xx answers without end"), std::string::npos);
}

struct Framed {
  const char* method;
  const char* answer;
  const char* body;
};

TEST_F(ClientTest, knows_where_answers_end) {
  const Framed rows[] = {
      {"GET", "HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"},
      {"GET", "HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end"},
      {"GET", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", "ok"},
      {"GET", "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nuntil the end", "until the end"},
      {"GET", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", ""},
      {"GET", "HTTP/1.1 204 No Content\r\n\r\n", ""},
      {"GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", ""},
      {"HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", ""},
      {"HEAD", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", ""},
  };
  for (const Framed& row : rows) {
    const Seen seen = seen_of(row.answer, row.method);
    EXPECT_EQ(seen.fault, "") << row.answer;
    EXPECT_EQ(seen.body, row.body) << row.answer;
  }
}

TEST_F(ClientTest, never_takes_a_cut_answer_for_a_whole_one) {
  const std::string cut = "closed the connection in the middle of its answer";
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n"}) {
    const Seen seen = seen_of(answer);
    EXPECT_EQ(seen.body, "half") << answer;
    EXPECT_NE(seen.fault.find(cut), std::string::npos) << seen.fault;
    EXPECT_TRUE(seen.fault.starts_with("upstream_failed: ")) << seen.fault;
  }
}

TEST_F(ClientTest, sees_a_reset_as_a_fault_where_the_end_is_the_close) {
  const auto answer = get();
  Peer peer = listener.accept();
  peer.read_head();
  peer.write("HTTP/1.1 200 OK\r\n\r\nhalf");
  peer.reset();
  const Seen seen = end_of(answer);
  EXPECT_EQ(seen.body, "half");
  EXPECT_TRUE(seen.fault.starts_with("upstream_failed: ")) << seen.fault;
}

TEST_F(ClientTest, refuses_answers_that_could_be_read_in_two_ways) {
  for (const char* headers :
       {"content-length: 2\r\ntransfer-encoding: chunked\r\n",
        "content-length: 2\r\ncontent-length: 2\r\n", "content-length: 2, 2\r\n",
        "content-length: -2\r\n", "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n"}) {
    const Seen seen = seen_of(fmt::format("HTTP/1.1 200 OK\r\n{}\r\nok", headers));
    EXPECT_TRUE(seen.fault.starts_with("upstream_invalid: 127.0.0.1:")) << headers << seen.fault;
    EXPECT_EQ(seen.status, 0) << headers;
  }
}

TEST_F(ClientTest, refuses_broken_chunks) {
  for (const char* chunks : {"x\r\nok\r\n", "2\r\nokay\r\n", "-2\r\nok\r\n", "2\nok\r\n"}) {
    const Seen seen =
        seen_of(fmt::format("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}", chunks));
    EXPECT_TRUE(seen.fault.starts_with("upstream_invalid: ")) << chunks << seen.fault;
  }
}

TEST_F(ClientTest, bounds_the_head_of_an_answer) {
  const std::string padding(60 << 10, 'x');
  EXPECT_EQ(
      seen_of(fmt::format("HTTP/1.1 200 OK\r\na: {}\r\ncontent-length: 2\r\n\r\nok", padding)).body,
      "ok");
  const Seen seen = seen_of(fmt::format("HTTP/1.1 200 OK\r\na: {}{}\r\n", padding, padding));
  EXPECT_NE(seen.fault.find("sends a head of more than 65536 bytes"), std::string::npos)
      << seen.fault;
}

TEST_F(ClientTest, says_when_the_peer_closes_without_an_answer) {
  EXPECT_EQ(
      seen_of("").fault,
      fmt::format("upstream_failed: 127.0.0.1:{} closed the connection before it had answered",
                  listener.port()));
  EXPECT_TRUE(seen_of("HTTP/1.1 200").fault.starts_with("upstream_failed: "));
}

TEST_F(ClientTest, reads_an_early_refusal_while_the_body_is_still_going_out) {
  const std::string body(kLongBytes, 'x');
  listener.narrow();
  const auto answer = post(body);
  Peer peer = listener.accept();
  peer.read_head();
  peer.write("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig");
  const Seen seen = end_of(answer);
  EXPECT_EQ(seen.status, 413);
  EXPECT_EQ(seen.body, "big");
  EXPECT_EQ(client->idle_connections(), 0u);
}

TEST_F(ClientTest, reads_an_early_refusal_after_the_peer_has_closed) {
  const std::string body(kLongBytes, 'x');
  listener.narrow();
  const auto answer = post(body);
  Peer peer = listener.accept();
  peer.read_head();
  peer.write_and_close(
      "HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbig");
  const Seen seen = end_of(answer);
  EXPECT_EQ(seen.status, 413);
  EXPECT_EQ(seen.body, "big");
}

TEST_F(ClientTest, sends_a_long_body_whole_though_the_answer_begins_early) {
  const std::string body = std::string(kLongBytes, 'x') + "end";
  const auto answer = post(body);
  Peer peer = listener.accept();
  peer.read_head();
  peer.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_EQ(peer.read_exactly(body.size()), body);
  EXPECT_EQ(end_of(answer).body, "ok");
  EXPECT_EQ(client->idle_connections(), 1u);
}

}  // namespace
}  // namespace naru::net
