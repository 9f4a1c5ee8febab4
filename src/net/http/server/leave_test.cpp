#include <fcntl.h>
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "net/http/server/server_for_test.h"

namespace naru::net {
namespace {

using namespace testing;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class NamedHandler final : public Handler {
 public:
  explicit NamedHandler(std::string name) : name_(std::move(name)) {}
  Task<void> serve(ServerCall& call) override {
    ++served;
    const auto sent = co_await call.reply({}, name_, {});
    (void)sent;  // a client that is gone
  }
  Refusal refusal(const Fault&, std::string_view) override { return {}; }
  std::atomic<int> served = 0;

 private:
  std::string name_;
};

/// Two servers at one address, as of an old process and a new one, with loops of their own.
class HttpLeaveTest : public ::testing::Test {
 protected:
  /// Another server at the sockets of the first, of which it has descriptors of its own.
  std::unique_ptr<HttpServer> open_at_the_same() {
    ListenOptions options;
    for (const int socket : old_->sockets())
      options.sockets.push_back(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
    return *HttpServer::open(new_loops_, std::move(options), new_handler_);
  }
  std::unique_ptr<HttpServer> open_old() {
    old_loops_.start();
    auto server = *HttpServer::open(old_loops_, {}, old_handler_);
    server->start();
    return server;
  }
  void start_new() {
    new_loops_.start();
    new_ = open_at_the_same();
    new_->start();
  }
  /// One answer; both have three letters as their body.
  static std::string ask(RawClient& client) {
    client.send(get("/"));
    std::string text;
    char piece[4096];
    while (!text.ends_with("old") && !text.ends_with("new")) {
      const ssize_t got = ::recv(client.fd(), piece, sizeof piece, 0);
      if (got <= 0) return "no answer";
      text.append(piece, static_cast<std::size_t>(got));
    }
    return text;
  }

  SystemClock clock_;
  NamedHandler old_handler_{"old"};
  NamedHandler new_handler_{"new"};
  Loops old_loops_{2, clock_, telemetry::null_log()};
  Loops new_loops_{3, clock_, telemetry::null_log()};
  std::unique_ptr<HttpServer> old_ = open_old();
  std::unique_ptr<HttpServer> new_;
};

TEST_F(HttpLeaveTest, loses_no_connection_to_who_follows) {
  std::atomic<bool> over = false;
  std::atomic<int> lost = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] {
      while (!over) {
        RawClient client(old_->port());
        if (ask(client) == "no answer") ++lost;
      }
    });
  while (old_handler_.served < 50) std::this_thread::yield();
  start_new();
  old_->leave(clock_.now() + seconds(60));
  const int from_old = old_handler_.served;
  while (new_handler_.served < 50) std::this_thread::yield();
  over = true;
  clients.clear();
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(old_handler_.served, from_old);
  EXPECT_EQ(old_->connections(), 0U);
}

TEST_F(HttpLeaveTest, tells_a_kept_connection_with_its_next_answer) {
  RawClient kept(old_->port());
  EXPECT_THAT(ask(kept), Not(HasSubstr("connection: close")));
  start_new();
  EXPECT_TRUE(old_->accepting());
  std::jthread leaving([this] { old_->leave(clock_.now() + seconds(60)); });
  while (old_->accepting()) std::this_thread::yield();
  RawClient fresh(old_->port());
  EXPECT_THAT(ask(fresh), EndsWith("new"));
  std::string last;
  do {
    last = ask(kept);  // the old one may not have been told before the first of them
  } while (last.find("connection: close") == last.npos && last.ends_with("old"));
  EXPECT_THAT(last, HasSubstr("connection: close"));
  EXPECT_THAT(last, EndsWith("old"));
  leaving.join();
}

TEST_F(HttpLeaveTest, goes_on_when_who_was_to_follow_does_not) {
  {
    const auto failed = open_at_the_same();
  }
  RawClient client(old_->port());
  EXPECT_THAT(ask(client), EndsWith("old"));
}

TEST(ListensAt, tells_addresses_apart) {
  SystemClock clock;
  NamedHandler handler("any");
  Loops loops(1, clock, telemetry::null_log());
  const auto server = *HttpServer::open(loops, {}, handler);
  const int socket = server->sockets().front();
  EXPECT_TRUE(listens_at(socket, "127.0.0.1", server->port()));
  EXPECT_TRUE(listens_at(socket, "127.0.0.1", 0));
  EXPECT_FALSE(listens_at(socket, "127.0.0.2", 0));
  EXPECT_FALSE(listens_at(socket, "127.0.0.1", static_cast<std::uint16_t>(server->port() ^ 1U)));
  EXPECT_FALSE(listens_at(-1, "127.0.0.1", 0));
}

TEST(HttpServer, takes_over_nothing_that_does_not_listen) {
  SystemClock clock;
  NamedHandler handler("any");
  Loops loops(1, clock, telemetry::null_log());
  ListenOptions options;
  options.sockets.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const auto opened = HttpServer::open(loops, std::move(options), handler);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, FaultKind::InvalidRequest);
}

}  // namespace
}  // namespace naru::net
