#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

#include "net/handoff.h"
#include "net/http/server/server_for_test.h"

namespace naru::net {
namespace {

using namespace testing;
using ::testing::EndsWith;
using ::testing::HasSubstr;

/// Answers at once, but `/hold` only when the test says so, or when the client is gone.
class HoldingHandler final : public Handler {
 public:
  Task<void> serve(ServerCall& call) override {
    ++served;
    if (call.head().path == "/hold") {
      Handoff<std::string> word(call.loop());
      holds.set_value(word);
      const auto said = co_await word.take({.stop = &call.gone()});
      if (!said) was_cut = true;
    }
    const auto sent = co_await call.reply({}, "hello", {});
    if (!sent) was_cut = true;
  }
  Refusal refusal(const Fault&, std::string_view) override { return {}; }

  std::promise<Handoff<std::string>> holds;
  std::atomic<int> served = 0;
  std::atomic<bool> was_cut = false;
};

/// Loops with threads of their own, at the machine's time.
class HttpDrainTest : public ::testing::Test {
 protected:
  HttpDrainTest() {
    server_ = *HttpServer::open(loops_, {}, handler_);
    loops_.start();
    server_->start();
  }
  Monotonic in(seconds time) const { return clock_.now() + time; }

  /// Waits for the end of one answer, or of the connection.
  static std::string answer(RawClient& client) {
    std::string text;
    char piece[4096];
    while (!text.ends_with("hello")) {
      const ssize_t got = ::recv(client.fd(), piece, sizeof piece, 0);
      if (got <= 0) break;
      text.append(piece, static_cast<std::size_t>(got));
    }
    return text;
  }
  static bool is_closed(RawClient& client) {
    char byte = 0;
    return ::recv(client.fd(), &byte, 1, 0) <= 0;
  }

  SystemClock clock_;
  HoldingHandler handler_;
  Loops loops_{2, clock_, telemetry::null_log()};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpDrainTest, serves_on_every_loop_at_once) {
  std::vector<std::jthread> threads;
  std::atomic<int> answered = 0;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        RawClient client(server_->port());
        for (int k = 0; k < 5; ++k) {
          client.send(get("/"));
          if (answer(client).ends_with("hello")) ++answered;
        }
      }
    });
  threads.clear();
  EXPECT_EQ(answered, 800);
  EXPECT_EQ(handler_.served, 800);
}

TEST_F(HttpDrainTest, closes_idle_connections_and_lets_calls_end) {
  RawClient idle(server_->port());
  idle.send(get("/"));
  EXPECT_THAT(answer(idle), EndsWith("hello"));
  RawClient busy(server_->port());
  busy.send(get("/hold"));
  const Handoff<std::string> held = handler_.holds.get_future().get();

  std::jthread draining([this] { server_->drain(in(seconds(60))); });
  EXPECT_TRUE(is_closed(idle));
  held.give("go on");
  const std::string text = answer(busy);
  EXPECT_THAT(text, HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(is_closed(busy));
  draining.join();
  EXPECT_EQ(server_->connections(), 0u);
  EXPECT_FALSE(handler_.was_cut);
}

TEST_F(HttpDrainTest, ends_what_is_left_at_its_deadline_and_lets_it_say_so) {
  RawClient busy(server_->port());
  busy.send(get("/hold"));
  handler_.holds.get_future().wait();
  server_->drain(in(seconds(0)));
  EXPECT_TRUE(handler_.was_cut);
  EXPECT_THAT(answer(busy), EndsWith("hello"));
  EXPECT_TRUE(is_closed(busy));
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpDrainTest, takes_no_new_connections) {
  server_->drain(in(seconds(60)));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(server_->port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_NE(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  ::close(fd);
}

TEST_F(HttpDrainTest, ends_although_the_loops_have_stopped) {
  RawClient busy(server_->port());
  busy.send(get("/hold"));
  handler_.holds.get_future().wait();
  loops_.stop();
  server_.reset();
  EXPECT_TRUE(handler_.was_cut);
  EXPECT_THAT(answer(busy), EndsWith("hello"));
  EXPECT_TRUE(is_closed(busy));
}

}  // namespace
}  // namespace naru::net
