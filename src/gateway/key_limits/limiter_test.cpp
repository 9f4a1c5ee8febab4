#include "gateway/key_limits/limiter.h"

#include <gtest/gtest.h>

#include <thread>

namespace naru::gateway {
namespace {

using namespace std::chrono_literals;
using Over = Limiter::Over;

constexpr std::int64_t kKey = 1;

/// The process's limiter, and one key's way through it.
class Limits : public ::testing::Test {
 protected:
  std::optional<Over> request(const store::KeyLimits& limits, std::int64_t key = kKey) {
    return limiter_.take_request(key, limits, now_).over;
  }
  Limiter::Reservation reserve(const store::KeyLimits& limits, std::int64_t tokens = 0,
                               std::int64_t key = kKey) {
    return limiter_.reserve(key, limits, tokens, now_);
  }
  std::int64_t tokens_left(const store::KeyLimits& limits) {
    return reserve(limits).answer.left.tokens->remaining;
  }

  Limiter limiter_;
  Monotonic now_{1h};
};

const store::KeyLimits kNone = {};
const store::KeyLimits kTwoRequests = {.requests_per_minute = 2};
const store::KeyLimits kTokens = {.tokens_per_minute = 1'000};
const store::KeyLimits kTwoCalls = {.concurrency = 2};

TEST_F(Limits, leave_a_key_without_any_alone) {
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(request(kNone), std::nullopt);
    const auto made = reserve(kNone, 1'000'000);
    EXPECT_EQ(made.answer.over, std::nullopt);
    EXPECT_FALSE(made.answer.left.requests || made.answer.left.tokens);
  }
  EXPECT_EQ(limiter_.entries(), 0U);
}

TEST_F(Limits, count_requests_of_each_key_by_itself) {
  EXPECT_EQ(request(kTwoRequests), std::nullopt);
  EXPECT_EQ(request(kTwoRequests), std::nullopt);
  const auto refused = limiter_.take_request(kKey, kTwoRequests, now_);
  EXPECT_EQ(refused.over, Over::Requests);
  EXPECT_EQ(refused.retry_after, 30s);
  EXPECT_EQ(refused.left.requests->remaining, 0);
  EXPECT_EQ(refused.left.requests->reset, 60s);
  EXPECT_FALSE(refused.left.tokens);
  EXPECT_EQ(request(kTwoRequests, kKey + 64), std::nullopt) << "another key of the same shard";
  now_ += 30s;
  EXPECT_EQ(request(kTwoRequests), std::nullopt);
}

TEST_F(Limits, tell_of_both_limits_a_minute_with_every_answer) {
  const store::KeyLimits both = {.requests_per_minute = 60, .tokens_per_minute = 1'000};
  const auto first = limiter_.take_request(kKey, both, now_).left;
  EXPECT_EQ(first.requests->remaining, 59);
  EXPECT_EQ(first.tokens->remaining, 1'000);
  const auto second = reserve(both, 400).answer.left;
  EXPECT_EQ(second.requests->remaining, 59);
  EXPECT_EQ(second.tokens->remaining, 600);
}

TEST_F(Limits, settle_tokens_at_what_was_used) {
  auto made = reserve(kTokens, 400);
  EXPECT_EQ(made.answer.left.tokens->remaining, 600);
  EXPECT_EQ(made.lease.settle(150, now_)->tokens->remaining, 850);
  EXPECT_EQ(made.lease.settle(150, now_), std::nullopt) << "once";
}

TEST_F(Limits, give_tokens_back_that_nobody_settled) {
  {
    const auto made = reserve(kTokens, 400);
  }
  EXPECT_EQ(tokens_left(kTokens), 1'000);
}

TEST_F(Limits, give_no_more_than_a_minutes_tokens_at_once_however_long_others_ran) {
  std::vector<Limiter::Reservation> long_ones;
  for (int i = 0; i < 3; ++i) {
    auto made = reserve(kTokens, 700);
    if (!made.answer.over) long_ones.push_back(std::move(made));
    now_ += 42s;
  }
  EXPECT_EQ(long_ones.size(), 1U) << "what a call holds does not come back before it ends";
  std::int64_t used = 0;
  const auto use = [&](std::int64_t tokens) {
    auto made = reserve(kTokens, tokens);
    if (made.answer.over) return;
    used += tokens;
    made.lease.settle(tokens, now_);
  };
  use(300);
  for (auto& one : long_ones) one.lease.settle(2, now_);
  for (int i = 0; i < 10; ++i) use(300);
  EXPECT_LE(used, 1'000);
  EXPECT_GE(used, 900);
}

TEST_F(Limits, tell_no_time_to_come_where_running_calls_hold_the_rest) {
  const auto runs = reserve(kTokens, 800);
  const auto refused = reserve(kTokens, 300);
  EXPECT_EQ(refused.answer.over, Over::Tokens);
  EXPECT_EQ(refused.answer.retry_after, std::nullopt);
  EXPECT_EQ(refused.answer.left.tokens->remaining, 200);
}

TEST_F(Limits, refuse_tokens_that_are_not_there_and_take_none) {
  reserve(kTokens, 800).lease.settle(800, now_);
  const auto refused = reserve(kTokens, 300);
  EXPECT_EQ(refused.answer.over, Over::Tokens);
  EXPECT_EQ(refused.answer.retry_after, 6s);
  EXPECT_EQ(refused.answer.left.tokens->remaining, 200);
  EXPECT_EQ(reserve(kTokens, 1'001).answer.retry_after, std::nullopt) << "it never could be";
}

TEST_F(Limits, let_pass_what_takes_no_tokens_while_the_key_is_in_debt) {
  auto made = reserve(kTokens, 1'000);
  made.lease.settle(5'000, now_);
  EXPECT_EQ(reserve(kTokens, 1).answer.over, Over::Tokens);
  EXPECT_EQ(reserve(kTokens, 0).answer.over, std::nullopt);
}

TEST_F(Limits, bound_calls_at_once_and_free_each_place_when_it_ends) {
  auto one = reserve(kTwoCalls);
  std::optional<Limiter::Reservation> two = reserve(kTwoCalls);
  const auto refused = reserve(kTwoCalls);
  EXPECT_EQ(refused.answer.over, Over::Concurrency);
  EXPECT_EQ(refused.answer.retry_after, std::nullopt) << "nobody knows when a call will end";
  two.reset();
  EXPECT_EQ(reserve(kTwoCalls).answer.over, std::nullopt);
  one.lease.settle(0, now_);
  const auto three = reserve(kTwoCalls);
  const auto four = reserve(kTwoCalls);
  EXPECT_EQ(four.answer.over, std::nullopt);
}

TEST_F(Limits, take_no_tokens_for_a_call_without_a_place) {
  const store::KeyLimits both = {.tokens_per_minute = 1'000, .concurrency = 1};
  const auto first = reserve(both, 100);
  EXPECT_EQ(reserve(both, 100).answer.over, Over::Concurrency);
  EXPECT_EQ(tokens_left(kTokens), 900);
}

TEST_F(Limits, take_no_place_for_a_call_without_tokens) {
  const store::KeyLimits both = {.tokens_per_minute = 1'000, .concurrency = 1};
  EXPECT_EQ(reserve(both, 2'000).answer.over, Over::Tokens);
  EXPECT_EQ(reserve(both, 100).answer.over, std::nullopt);
}

TEST_F(Limits, end_a_call_as_it_began_although_they_changed) {
  auto began = reserve({.tokens_per_minute = 1'000, .concurrency = 1}, 500);
  const auto free_now = reserve(kNone, 500);
  EXPECT_EQ(reserve(kTwoCalls).answer.over, std::nullopt);
  began.lease.settle(0, now_);
  EXPECT_EQ(tokens_left(kTokens), 1'000);
  const auto one = reserve(kTwoCalls);
  const auto two = reserve(kTwoCalls);
  EXPECT_EQ(reserve(kTwoCalls).answer.over, Over::Concurrency);
}

TEST_F(Limits, forget_keys_that_are_idle_and_no_others) {
  const auto runs = reserve(kTwoCalls, 0, 64);  // of the same shard as all that follow
  for (std::int64_t i = 2; i < 200; ++i) request(kTwoRequests, 64 * i);
  EXPECT_EQ(limiter_.entries(), 199U) << "all were used within the minute";
  now_ += 61s;
  for (std::int64_t i = 200; i < 600; ++i) {
    request(kTwoRequests, 64 * i);
    now_ += 10s;
  }
  EXPECT_LE(limiter_.entries(), 256U);
  const auto second = reserve(kTwoCalls, 0, 64);
  EXPECT_EQ(reserve(kTwoCalls, 0, 64).answer.over, Over::Concurrency) << "the first still runs";
}

TEST_F(Limits, hold_from_all_threads_at_once) {
  const store::KeyLimits limits = {
      .requests_per_minute = 500, .tokens_per_minute = 1'000, .concurrency = 3};
  std::atomic<int> requests{0};
  std::atomic<int> running{0};
  std::atomic<int> most_running{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 1'000; ++i) {
          if (!request(limits)) ++requests;
          auto made = reserve(limits, 10);
          if (made.answer.over) continue;
          const int now_running = ++running;
          int seen = most_running;
          while (seen < now_running && !most_running.compare_exchange_weak(seen, now_running)) {
          }
          --running;
          made.lease.settle(0, now_);
        }
      });
  }
  EXPECT_EQ(requests, 500);
  EXPECT_LE(most_running, 3);
  EXPECT_EQ(tokens_left(kTokens), 1'000);
}

}  // namespace
}  // namespace naru::gateway
