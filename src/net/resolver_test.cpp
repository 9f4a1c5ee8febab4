#include "net/resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <semaphore>
#include <thread>

#include "net/loop_for_test.h"

namespace naru::net {
namespace {

using Addresses = std::vector<Address>;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// A name server in the test's hand.
struct Script {
  std::mutex mutex;
  Result<Addresses> answer = Addresses{{"10.0.0.1", false}};
  std::atomic<int> asked = 0;
  std::counting_semaphore<> may_answer{1'000'000};

  void set(Result<Addresses> next) {
    const std::lock_guard lock(mutex);
    answer = std::move(next);
  }
  void hold() {
    while (may_answer.try_acquire()) {
    }
  }
};

/// A resolver over a script, and a loop whose clock stands still.
class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest()
      : resolver(Resolver::make(2, clock, [kept = script](const std::string&) {
          ++kept->asked;
          kept->may_answer.acquire();
          const std::lock_guard lock(kept->mutex);
          return kept->answer;
        })) {}
  ~ResolverTest() override { script->may_answer.release(1000); }

  std::string ask(const std::string& host, Until until = {}) {
    const auto answer = loop.run(resolver->resolve(*loop, host, until));
    return text_of(answer);
  }
  static std::string text_of(const Result<Addresses>& answer) {
    if (!answer) return fmt::format("{}: {}", row(answer.error().kind).word, answer.error().detail);
    std::string text;
    for (const Address& address : *answer) text += (text.empty() ? "" : " ") + address.ip;
    return text;
  }
  static std::unexpected<Fault> unknown() {
    return fail(FaultKind::UpstreamFailed, "name a.example cannot be resolved: unknown");
  }

  ManualClock clock;
  testing::TestLoop loop{clock};
  std::shared_ptr<Script> script = std::make_shared<Script>();
  std::unique_ptr<Resolver> resolver;
};

TEST_F(ResolverTest, gives_numeric_hosts_without_asking) {
  EXPECT_EQ(ask("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(ask("::1"), "::1");
  EXPECT_EQ(script->asked, 0);
}

TEST_F(ResolverTest, keeps_an_answer_for_a_minute) {
  EXPECT_EQ(ask("a.example"), "10.0.0.1");
  script->set(Addresses{{"10.0.0.2", false}});
  clock.advance(seconds(60));
  EXPECT_EQ(ask("A.example"), "10.0.0.1");
  EXPECT_EQ(script->asked, 1);
  clock.advance(seconds(1));
  EXPECT_EQ(ask("a.example"), "10.0.0.2");
}

TEST_F(ResolverTest, gives_an_old_answer_when_the_name_fails) {
  EXPECT_EQ(ask("a.example"), "10.0.0.1");
  script->set(unknown());
  clock.advance(minutes(30));
  EXPECT_EQ(ask("a.example"), "10.0.0.1");
  EXPECT_EQ(script->asked, 2);
  clock.advance(minutes(31));
  EXPECT_EQ(ask("a.example"), "upstream_failed: name a.example cannot be resolved: unknown");
}

TEST_F(ResolverTest, gives_an_old_answer_when_the_name_is_slow) {
  EXPECT_EQ(ask("a.example"), "10.0.0.1");
  script->hold();
  clock.advance(minutes(2));
  auto answer = loop.start(resolver->resolve(*loop, "a.example", Until{}));
  loop.settle();
  clock.advance(milliseconds(499));
  loop.settle();
  EXPECT_FALSE(answer->has_value());
  clock.advance(milliseconds(6));
  loop.settle();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ(text_of(**answer), "10.0.0.1");
}

TEST_F(ResolverTest, says_when_a_name_was_not_resolved_in_time) {
  script->hold();
  auto answer = loop.start(resolver->resolve(*loop, "a.example", Until{clock.now() + seconds(2)}));
  loop.settle();
  clock.advance(seconds(3));
  loop.settle();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ(text_of(**answer), "upstream_timeout: name a.example was not resolved in time");
}

TEST_F(ResolverTest, asks_once_for_all_who_wait) {
  script->hold();
  auto first = loop.start(resolver->resolve(*loop, "a.example", Until{}));
  auto second = loop.start(resolver->resolve(*loop, "a.example", Until{}));
  loop.settle();
  script->may_answer.release();
  loop.settle_until([&] { return first->has_value() && second->has_value(); });
  EXPECT_EQ(text_of(**first), "10.0.0.1");
  EXPECT_EQ(text_of(**second), "10.0.0.1");
  EXPECT_EQ(script->asked, 1);
}

TEST(ResolverPool, serves_others_while_one_name_is_slow) {
  ManualClock clock;
  testing::TestLoop loop(clock);
  const auto may_answer = std::make_shared<std::counting_semaphore<>>(0);
  const auto resolver = Resolver::make(2, clock, [may_answer](const std::string& host) {
    if (host == "slow.example") may_answer->acquire();
    return Result<Addresses>(Addresses{{"10.0.0.1", false}});
  });
  for (int asked = 0; asked < 3; ++asked) {  // however often: it takes one thread
    Stop gone;
    gone.fire();
    EXPECT_FALSE(loop.run(resolver->resolve(*loop, "slow.example", {.stop = &gone})));
    EXPECT_TRUE(loop.run(resolver->resolve(*loop, "quick" + std::to_string(asked), {})));
  }
  may_answer->release(1);
}

TEST_F(ResolverTest, passes_a_failure_on_and_asks_again) {
  script->set(unknown());
  EXPECT_EQ(ask("a.example"), "upstream_failed: name a.example cannot be resolved: unknown");
  script->set(Addresses{{"10.0.0.3", false}});
  EXPECT_EQ(ask("a.example"), "10.0.0.3");
}

TEST_F(ResolverTest, ends_a_wait_when_told) {
  script->hold();
  Stop stop;
  auto answer = loop.start(resolver->resolve(*loop, "a.example", Until{Monotonic::max(), &stop}));
  loop.settle();
  stop.fire();
  loop.settle();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->error().kind, FaultKind::Cancelled);
}

TEST_F(ResolverTest, may_go_while_a_lookup_is_stuck) {
  script->hold();
  auto answer = loop.start(resolver->resolve(*loop, "a.example", Until{clock.now() + seconds(1)}));
  loop.settle_until([&] { return script->asked == 1; });
  clock.advance(seconds(2));
  loop.settle();
  resolver.reset();
  EXPECT_TRUE(answer->has_value());
}

TEST(SystemLookup, knows_localhost_and_says_what_it_does_not_know) {
  const auto local = ask_system("localhost");
  ASSERT_TRUE(local) << local.error().detail;
  EXPECT_TRUE(local->front().ip == "127.0.0.1" || local->front().ip == "::1") << local->front().ip;
  // A label has at most 63 bytes (RFC 1035, 2.3.4), so this fails without asking anybody.
  const std::string impossible(64, 'a');
  const auto nowhere = ask_system(impossible);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().kind, FaultKind::UpstreamFailed);
  EXPECT_TRUE(nowhere.error().detail.starts_with("name " + impossible + " cannot be resolved: "))
      << nowhere.error().detail;
}

}  // namespace
}  // namespace naru::net
