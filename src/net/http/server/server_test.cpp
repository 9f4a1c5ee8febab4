#include "net/http/server.h"

#include <gmock/gmock.h>

#include "base/check.h"
#include "net/http/server/server_for_test.h"

namespace naru::net {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using HttpServerTest = ServerTest;

Task<void> stream_three(ServerCall& call, ScriptedHandler&) {
  const auto started =
      co_await call.start({.headers = {{"content-type", "text/event-stream"}}}, {});
  EXPECT_TRUE(started);
  for (const std::string_view piece : {"one", "", "two"}) {
    const auto written = co_await call.write(piece, {});
    EXPECT_TRUE(written);
  }
  const auto finished = co_await call.finish("three", {});
  EXPECT_TRUE(finished);
}

Task<void> leave_body_unread(ServerCall& call, ScriptedHandler&) {
  const auto sent = co_await call.reply({.status = 413}, "no", {});
  EXPECT_TRUE(sent);
}

Task<void> never_finish(ServerCall& call, ScriptedHandler&) {
  const auto started = co_await call.start({}, {});
  const auto written = co_await call.write("part", {});
  EXPECT_TRUE(started && written);
}

Task<void> say_nothing(ServerCall&, ScriptedHandler&) { co_return; }

Task<void> break_an_invariant(ServerCall& call, ScriptedHandler&) {
  if (call.head().path == "/late") {
    const auto started = co_await call.start({}, {});
    EXPECT_TRUE(started);
  }
  throw BrokenInvariant("made for this test");
}

TEST_F(HttpServerTest, answers_with_head_and_body) {
  serve(say_hello);
  EXPECT_EQ(exchange(get("/x")),
            "HTTP/1.1 200 OK\r\ndate: Fri, 15 Jan 2027 08:00:00 GMT\r\ncontent-length: 5\r\n"
            "x-a: b\r\n\r\nhello");
  EXPECT_THAT(handler_.targets, ElementsAre("/x"));
}

TEST_F(HttpServerTest, answers_requests_of_one_connection_one_after_the_other) {
  serve(say_hello);
  RawClient client = connect();
  for (const std::string path : {"/1", "/2", "/3"}) {
    client.send(get(path));
    EXPECT_THAT(answer(client), EndsWith("hello"));
  }
  EXPECT_FALSE(client.over());
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(HttpServerTest, answers_pipelined_requests_in_their_order) {
  serve(echo);
  std::string all;
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string body = std::to_string(i) + ";";
    all += post(fmt::format("Content-Length: {}\r\n", body.size()), body);
    expected += body;
  }
  RawClient client = connect();
  std::string bodies;
  for (std::string_view rest = all; !rest.empty();
       rest.remove_prefix(std::min(rest.size(), 20'011ul))) {
    client.send(rest.substr(0, 20'011));
    const std::string answers = answer(client);
    for (std::size_t at = 0; (at = answers.find("\r\n\r\n", at)) != std::string::npos; at += 4)
      bodies += answers.substr(at + 4, answers.find(';', at) - at - 3);
  }
  EXPECT_EQ(bodies, expected);
}

TEST_F(HttpServerTest, reads_a_head_that_comes_byte_by_byte) {
  serve(say_hello);
  RawClient client = connect();
  for (const char byte : "\r\n" + get("/slow")) {
    EXPECT_EQ(answer(client), "");
    client.send({&byte, 1});
  }
  EXPECT_THAT(answer(client), EndsWith("hello"));
}

TEST_F(HttpServerTest, closes_when_the_client_asks_for_it) {
  serve(say_hello);
  RawClient client = connect();
  client.send(get("/", "Connection: close\r\n") + get("/never"));
  EXPECT_THAT(answer(client), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(client.over());
  EXPECT_THAT(handler_.targets, ElementsAre("/"));
}

TEST_F(HttpServerTest, sends_only_the_head_to_head) {
  serve(say_hello);
  EXPECT_THAT(exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
              EndsWith("content-length: 5\r\nx-a: b\r\n\r\n"));
}

TEST_F(HttpServerTest, streams_nothing_to_head) {
  serve(stream_three);
  RawClient client = connect();
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer(client), EndsWith("\r\n\r\n"));
  EXPECT_FALSE(client.over());
}

TEST_F(HttpServerTest, streams_an_answer_in_chunks) {
  serve(stream_three);
  const std::string text = exchange(get("/"));
  EXPECT_THAT(text, HasSubstr("transfer-encoding: chunked\r\n"));
  EXPECT_EQ(body_of(text), "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n");
}

TEST_F(HttpServerTest, speaks_http_1_0) {
  serve(stream_three);
  RawClient client = connect();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string text = answer(client);
  EXPECT_THAT(text, Not(HasSubstr("chunked")));
  EXPECT_EQ(body_of(text), "onetwothree");
  EXPECT_TRUE(client.over());
  EXPECT_FALSE(client.was_reset);
}

TEST_F(HttpServerTest, keeps_a_connection_of_http_1_0_only_when_asked) {
  serve(say_hello);
  RawClient kept = connect();
  kept.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(answer(kept), HasSubstr("connection: keep-alive\r\n"));
  EXPECT_FALSE(kept.over());
  RawClient closed = connect();
  closed.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(answer(closed), EndsWith("hello"));
  EXPECT_TRUE(closed.over());
}

TEST_F(HttpServerTest, reads_a_chunked_body_cut_anywhere) {
  serve(echo);
  const std::string body = "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\n";
  const std::string request = post("Transfer-Encoding: chunked\r\n", body);
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    RawClient client = connect();
    client.send(request.substr(0, cut));
    settle();
    client.send(request.substr(cut));
    ASSERT_EQ(body_of(answer(client)), "hello world") << cut;
  }
}

TEST_F(HttpServerTest, reads_a_large_body) {
  serve(echo);
  RawClient client = connect();
  const std::string body(3 << 20, 'x');
  client.send(post(fmt::format("Content-Length: {}\r\n", body.size()), ""));
  std::string text;
  for (std::string_view rest = body; !rest.empty(); rest.remove_prefix(1 << 16)) {
    client.send(rest.substr(0, 1 << 16));
    settle();
  }
  while (body_of(text).size() < body.size()) text += answer(client);
  EXPECT_EQ(body_of(text), body);
}

TEST_F(HttpServerTest, answers_broken_chunks_and_closes) {
  serve(echo);
  RawClient client = connect();
  client.send(post("Transfer-Encoding: chunked\r\n", "5\r\nhelloX\r\n") + get("/never"));
  EXPECT_THAT(answer(client), StartsWith("HTTP/1.1 400 "));
  client.half_close();
  settle();
  EXPECT_THAT(handler_.targets, ElementsAre("/"));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerTest, tells_a_waiting_client_to_send_its_body) {
  serve(echo);
  RawClient client = connect();
  client.send(post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  EXPECT_EQ(answer(client), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  EXPECT_THAT(answer(client), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_FALSE(client.over());
}

TEST_F(HttpServerTest, does_not_ask_for_a_body_that_is_already_coming) {
  serve(echo);
  EXPECT_THAT(exchange(post("Expect: 100-Continue\r\nContent-Length: 5\r\n", "hello")),
              StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(HttpServerTest, closes_when_it_refuses_a_body_nobody_has_sent) {
  serve(leave_body_unread);
  RawClient client = connect();
  client.send(post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  const std::string text = answer(client);
  EXPECT_THAT(text, StartsWith("HTTP/1.1 413 Content Too Large"));
  EXPECT_THAT(text, HasSubstr("connection: close"));
  EXPECT_TRUE(client.over());
}

TEST_F(HttpServerTest, skips_a_small_body_nobody_read) {
  serve(leave_body_unread);
  RawClient client = connect();
  client.send(post("Content-Length: 5\r\n", "hello") +
              post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"));
  client.send("0\r\n\r\n" + get("/third"));
  EXPECT_THAT(answer(client), HasSubstr("no"));
  EXPECT_THAT(handler_.targets, ElementsAre("/", "/", "/third"));
}

TEST_F(HttpServerTest, closes_after_a_large_body_nobody_read_so_that_the_answer_arrives) {
  serve(leave_body_unread);
  RawClient client = connect();
  client.send(post("Content-Length: 1000000\r\n", std::string(100'000, 'x')));
  settle();
  client.send(std::string(100'000, 'x'));
  EXPECT_THAT(answer(client), HasSubstr("connection: close"));
  EXPECT_FALSE(client.was_reset);
  pass(seconds(6));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServerTest, cuts_an_answer_that_was_not_finished) {
  serve(never_finish);
  RawClient client = connect();
  client.send("GET / HTTP/1.0\r\n\r\n");
  answer(client);
  EXPECT_TRUE(client.was_reset);
}

TEST_F(HttpServerTest, closes_without_an_answer) {
  serve(say_nothing);
  RawClient client = connect();
  client.send(get("/"));
  EXPECT_EQ(answer(client), "");
  EXPECT_TRUE(client.over());
}

TEST_F(HttpServerTest, a_broken_invariant_costs_one_request) {
  serve(break_an_invariant);
  EXPECT_THAT(exchange(get("/early")), StartsWith("HTTP/1.1 500 "));
  RawClient client = connect();
  client.send(get("/late"));
  answer(client);
  EXPECT_TRUE(client.was_reset);
}

TEST_F(HttpServerTest, keeps_header_values_on_their_line) {
  serve([](ServerCall& call, ScriptedHandler&) -> Task<void> {
    const auto sent = co_await call.reply(
        {.headers = {{"x-model", "a\r\nset-cookie: b"}, {"Content-Length", "9"}, {"date", "x"}}},
        "", {});
    EXPECT_TRUE(sent);
  });
  EXPECT_THAT(exchange(get("/")),
              EndsWith("GMT\r\ncontent-length: 0\r\nx-model: a  set-cookie: b\r\n\r\n"));
}

TEST_F(HttpServerTest, shows_the_handler_the_whole_head) {
  serve([](ServerCall& call, ScriptedHandler& handler) -> Task<void> {
    handler.notes.push_back(fmt::format("{} {} {} {}", call.head().method, call.head().path,
                                        call.head().query,
                                        call.head().headers.find("X-Key").value_or("-")));
    handler.notes.push_back(std::to_string(call.body_length().value_or(999)));
    const auto sent = co_await call.reply({.status = 204}, "", {});
    EXPECT_TRUE(sent);
  });
  EXPECT_THAT(exchange(post("x-key: k\r\nContent-Length: 2\r\n", "{}")),
              HasSubstr("204 No Content"));
  EXPECT_THAT(
      exchange(
          "PUT http://a/b?c=d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      Not(HasSubstr("content-length")));
  EXPECT_THAT(handler_.notes, ElementsAre("POST /  k", "2", "PUT /b c=d -", "999"));
}

}  // namespace
}  // namespace naru::net
