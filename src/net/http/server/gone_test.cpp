#include <gmock/gmock.h>

#include "net/handoff.h"
#include "net/http/server/server_for_test.h"

namespace naru::net {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using ClientGoneTest = ServerTest;

/// Waits until the client goes away.
Task<void> wait_for_leave(ServerCall& call, ScriptedHandler& handler) {
  const auto left = co_await wait(call.loop(), call.gone(), {});
  EXPECT_TRUE(left);
  handler.notes.emplace_back("gone");
}

Task<void> leave_before_the_answer(ServerCall& call, ScriptedHandler& handler) {
  co_await wait_for_leave(call, handler);
}

Task<void> leave_behind_the_body(ServerCall& call, ScriptedHandler& handler) {
  const auto body = co_await whole_body(call, {});
  EXPECT_TRUE(body);
  co_await wait_for_leave(call, handler);
}

Task<void> leave_within_the_body(ServerCall& call, ScriptedHandler& handler) {
  const auto body = co_await whole_body(call, {});
  if (!body) handler.notes.emplace_back(row(body.error().kind).word);
  if (call.gone().fired()) handler.notes.emplace_back("gone");
}

Task<void> leave_within_the_stream(ServerCall& call, ScriptedHandler& handler) {
  const auto started = co_await call.start({}, {});
  const auto written = co_await call.write("one", {});
  EXPECT_TRUE(started && written);
  co_await wait_for_leave(call, handler);
}

Task<void> close_in_the_middle(ServerCall& call, ScriptedHandler& handler) {
  const auto started = co_await call.start({}, {});
  const auto written = co_await call.write("one", {});
  EXPECT_TRUE(started && written);
  call.half_close();
  co_await wait_for_leave(call, handler);
}

struct Phase {
  std::string_view name;
  ScriptedHandler::Script script;
  std::string request;
  std::vector<std::string> notes;
};

const std::vector<Phase>& phases() {
  static const std::vector<Phase> all = {
      {"before the answer", leave_before_the_answer, get("/"), {"gone"}},
      {"with its body unread",
       leave_before_the_answer,
       post("Content-Length: 5\r\n", "hello"),
       {"gone"}},
      {"behind a body", leave_behind_the_body, post("Content-Length: 5\r\n", "hello"), {"gone"}},
      {"behind a chunked body",
       leave_behind_the_body,
       post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
       {"gone"}},
      {"behind a large body",
       leave_behind_the_body,
       post("Content-Length: 50000\r\n", std::string(50'000, 'x')),
       {"gone"}},
      {"within a body",
       leave_within_the_body,
       post("Content-Length: 5\r\n", "he"),
       {"abandoned", "gone"}},
      {"before its body",
       leave_within_the_body,
       post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""),
       {"abandoned", "gone"}},
      {"within the stream", leave_within_the_stream, get("/"), {"gone"}},
      {"with a second request on its way", leave_within_the_stream, get("/") + get("/2"), {"gone"}},
  };
  return all;
}

/// Runs each phase; `leave` is how the client goes.
#define EXPECT_NOTICED(leave)                             \
  for (const Phase& phase : phases()) {                   \
    serve(phase.script);                                  \
    handler_.notes.clear();                               \
    RawClient client = connect();                         \
    client.send(phase.request);                           \
    settle();                                             \
    EXPECT_EQ(server_->connections(), 1u) << phase.name;  \
    client.leave();                                       \
    settle();                                             \
    EXPECT_EQ(handler_.notes, phase.notes) << phase.name; \
    EXPECT_EQ(server_->connections(), 0u) << phase.name;  \
    server_.reset();                                      \
  }

TEST_F(ClientGoneTest, is_noticed_in_every_phase_when_it_closes) { EXPECT_NOTICED(close); }
TEST_F(ClientGoneTest, is_noticed_in_every_phase_when_it_closes_its_half) {
  EXPECT_NOTICED(half_close);
}
TEST_F(ClientGoneTest, is_noticed_in_every_phase_when_it_resets) { EXPECT_NOTICED(reset); }

TEST_F(ClientGoneTest, is_not_said_of_a_client_that_sends_its_next_request) {
  serve(leave_before_the_answer);
  RawClient client = connect();
  client.send(get("/"));
  settle();
  client.send(get("/next"));
  settle();
  EXPECT_THAT(handler_.notes, IsEmpty());
  EXPECT_THAT(handler_.targets, ElementsAre("/"));
}

TEST_F(ClientGoneTest, bounds_what_a_client_sends_ahead) {
  serve(leave_before_the_answer);
  RawClient client = connect();
  client.send(get("/"));
  settle();
  const std::string more(64 << 10, 'x');
  std::size_t sent = 0;
  for (;;) {
    const ssize_t now = ::send(client.fd(), more.data(), more.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    settle();
    if (now <= 0) break;
    sent += static_cast<std::size_t>(now);
    ASSERT_LT(sent, 64u << 20) << "the server reads without end";
  }
  EXPECT_THAT(handler_.notes, IsEmpty());
}

/// Writes until the client's buffers are full, then waits for a second.
Task<void> fill_the_client(ServerCall& call, ScriptedHandler& handler) {
  const auto started = co_await call.start({}, {});
  EXPECT_TRUE(started);
  const std::string much(1 << 20, 'x');
  Result<void> written;
  while (written) {
    const Until until{.deadline = call.loop().clock().now() + seconds(1), .stop = &call.gone()};
    written = co_await call.write(much, until);
  }
  handler.notes.emplace_back(row(written.error().kind).word);
}

TEST_F(ClientGoneTest, a_client_that_does_not_read_is_waited_for_and_then_cut) {
  serve(fill_the_client);
  RawClient client = connect();
  client.send(get("/"));
  settle();
  pass(milliseconds(900));
  EXPECT_THAT(handler_.notes, IsEmpty());
  pass(milliseconds(200));
  EXPECT_THAT(handler_.notes, ElementsAre("abandoned"));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(ClientGoneTest, ends_a_write_that_waits) {
  serve(fill_the_client);
  RawClient client = connect();
  client.send(get("/"));
  settle();
  client.close();
  settle();
  EXPECT_THAT(handler_.notes, ElementsAre("abandoned"));
  EXPECT_EQ(server_->connections(), 0u);
}

/// Writes a megabyte a time, which the client must be given whole.
Task<void> write_four_megabytes(ServerCall& call, ScriptedHandler&) {
  const auto started = co_await call.start({}, {});
  EXPECT_TRUE(started);
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    const std::string piece(1 << 20, letter);
    const auto written = co_await call.write(piece, {});
    EXPECT_TRUE(written);
  }
  const auto finished = co_await call.finish("", {});
  EXPECT_TRUE(finished);
}

TEST_F(ClientGoneTest, a_slow_reader_gets_everything) {
  serve(write_four_megabytes);
  RawClient client = connect();
  client.send(get("/"));
  std::string text;
  while (!text.ends_with("\r\n0\r\n\r\n")) {
    ASSERT_FALSE(client.over());
    text += answer(client);
  }
  EXPECT_EQ(std::ranges::count(text, 'd'), (1 << 20) + 3);  // `d` of encoding, chunked and date
  EXPECT_FALSE(client.over());
}

/// A provider that breaks off in order, as the mock plays it: the client sees the end of the bytes,
/// no reset, and we see when it leaves.
TEST_F(ClientGoneTest, is_noticed_behind_our_own_half_close) {
  serve(close_in_the_middle);
  RawClient client = connect();
  client.send(get("/"));
  settle();
  client.take();
  EXPECT_TRUE(client.text.ends_with("one\r\n")) << client.text;
  EXPECT_TRUE(client.over());
  EXPECT_FALSE(client.was_reset);
  EXPECT_TRUE(handler_.notes.empty());
  client.close();
  settle();
  EXPECT_EQ(handler_.notes, std::vector<std::string>{"gone"});
  EXPECT_EQ(server_->connections(), 0U);
}

}  // namespace
}  // namespace naru::net
