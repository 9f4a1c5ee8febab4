#include "net/http/client/race.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/handoff.h"
#include "net/loop_for_test.h"

namespace naru::net {
namespace {

using Socket = std::unique_ptr<SocketStream>;
using std::chrono::milliseconds;

Address v4(std::string ip) { return {std::move(ip), false}; }
Address v6(std::string ip) { return {std::move(ip), true}; }

std::string order_of(std::vector<Address> addresses) {
  std::string text;
  for (const Address& address : in_racing_order(std::move(addresses)))
    text += (text.empty() ? "" : " ") + address.ip;
  return text;
}

TEST(RacingOrder, takes_the_families_by_turns) {
  EXPECT_EQ(order_of({v6("A"), v6("B"), v4("1"), v4("2")}), "A 1 B 2");
  EXPECT_EQ(order_of({v4("1"), v4("2"), v6("A"), v4("3")}), "1 A 2 3");
  EXPECT_EQ(order_of({v4("1"), v4("2")}), "1 2");
  EXPECT_EQ(order_of({v6("A")}), "A");
  EXPECT_EQ(order_of({}), "");
}

/// Addresses whose connecting ends when the test says so.
class RaceTest : public ::testing::Test {
 protected:
  struct Runner {
    std::string ip;
    Handoff<Result<int>> end;
    bool cancelled = false;
  };
  using Runners = std::vector<std::shared_ptr<Runner>>;

  static Task<Result<Socket>> connect(Loop& loop, std::shared_ptr<Runner> runner, Until until) {
    auto ended = co_await runner->end.take(until);
    runner->cancelled = !ended;
    NARU_CO_TRY(const auto socket, std::move(ended));
    NARU_CO_TRY(const int fd, socket);
    SocketAddress peer;
    peer.storage.ss_family = AF_UNIX;
    co_return SocketStream::adopt(loop, fd, peer);
  }

  auto start(std::vector<Address> addresses, Until until = {}) {
    Dial dial = [this](const Address& address, Until limit) {
      runners.push_back(std::make_shared<Runner>(Runner{address.ip, Handoff<Result<int>>(*loop)}));
      return connect(*loop, runners.back(), limit);
    };
    auto place = loop.start(race(*loop, std::move(addresses), std::move(dial), until));
    loop.settle();
    return place;
  }
  std::string started() const {
    std::string text;
    for (const auto& runner : runners) text += (text.empty() ? "" : " ") + runner->ip;
    return text;
  }
  void win(std::size_t index) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    other_ends.push_back(ends[1]);
    runners[index]->end.give(ends[0]);
    loop.settle();
  }
  void lose(std::size_t index) {
    runners[index]->end.give(
        fail(FaultKind::UpstreamFailed, "connecting to {}: refused", runners[index]->ip));
    loop.settle();
  }
  void pass(milliseconds time) {
    clock.advance(time);
    loop.settle();
  }
  ~RaceTest() override {
    for (const int fd : other_ends) ::close(fd);
  }

  ManualClock clock;
  testing::TestLoop loop{clock};
  Runners runners;
  std::vector<int> other_ends;
};

TEST_F(RaceTest, gives_the_first_family_a_head_start) {
  auto result = start({v6("A"), v4("1")});
  pass(milliseconds(249));
  EXPECT_EQ(started(), "A");
  pass(milliseconds(6));
  EXPECT_EQ(started(), "A 1");
  win(1);
  ASSERT_TRUE(result->has_value());
  EXPECT_TRUE(**result);
  EXPECT_TRUE(runners[0]->cancelled);
}

TEST_F(RaceTest, starts_no_other_when_the_first_connects_in_time) {
  auto result = start({v6("A"), v4("1")});
  win(0);
  ASSERT_TRUE(result->has_value());
  EXPECT_TRUE(**result);
  pass(milliseconds(500));
  EXPECT_EQ(started(), "A");
}

TEST_F(RaceTest, goes_on_at_once_when_one_fails) {
  auto result = start({v6("A"), v4("1"), v6("B")});
  lose(0);
  EXPECT_EQ(started(), "A 1");
  lose(1);
  EXPECT_EQ(started(), "A 1 B");
  win(2);
  EXPECT_TRUE(**result);
}

TEST_F(RaceTest, lets_a_late_first_win) {
  auto result = start({v6("A"), v4("1")});
  pass(milliseconds(254));
  win(0);
  EXPECT_TRUE(**result);
  EXPECT_TRUE(runners[1]->cancelled);
}

TEST_F(RaceTest, says_why_the_first_failed_when_all_do) {
  auto result = start({v6("A"), v4("1")});
  lose(0);
  lose(1);
  ASSERT_TRUE(result->has_value());
  EXPECT_EQ((*result)->error().detail, "connecting to A: refused");
}

TEST_F(RaceTest, ends_by_its_time_and_by_its_word) {
  auto by_time = start({v6("A"), v4("1")}, {clock.now() + milliseconds(2000)});
  pass(milliseconds(2005));
  ASSERT_TRUE(by_time->has_value());
  EXPECT_EQ((*by_time)->error().kind, FaultKind::UpstreamTimeout);
  Stop stop;
  auto by_word = start({v6("A"), v4("1")}, {Monotonic::max(), &stop});
  stop.fire();
  loop.settle();
  ASSERT_TRUE(by_word->has_value());
  EXPECT_EQ((*by_word)->error().kind, FaultKind::Cancelled);
  EXPECT_TRUE(std::ranges::all_of(runners, [](const auto& r) { return r->cancelled; }));
}

TEST_F(RaceTest, tries_a_bounded_number) {
  std::vector<Address> many;
  for (int i = 0; i < 20; ++i) many.push_back(v4(fmt::format("{}", i)));
  auto result = start(many);
  for (std::size_t i = 0; i < runners.size(); ++i) lose(i);
  EXPECT_EQ(runners.size(), 8u);
  EXPECT_TRUE(result->has_value());
}

}  // namespace
}  // namespace naru::net
