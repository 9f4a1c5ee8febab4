#include "net/http/client/pool.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace naru::net {
namespace {

using std::chrono::seconds;
constexpr PoolLimits kLimits{.idle = seconds(30), .max_age = seconds(300)};

/// A stream that only says whether it is readable, and counts those alive.
class IdleStream final : public ByteStream {
 public:
  IdleStream(std::string name, int& alive, bool& readable)
      : name_(std::move(name)), alive_(alive), readable_(readable) {
    ++alive_;
  }
  ~IdleStream() override { --alive_; }
  Task<Result<std::size_t>> read_some(std::span<char>, Until) override { co_return 0; }
  void start_read(std::span<char>, ReadDone&) override {}
  Result<std::size_t> write_now(const Parts&) override { return 0; }
  Task<Result<void>> write_all(Parts, Until) override { co_return Result<void>{}; }
  bool readable_now() override { return readable_; }
  bool hung_up_now() override { return false; }
  void finish_writing() override {}
  void close() override {}
  void reset() override {}
  Loop& loop() override { throw std::logic_error("an idle stream has no loop"); }
  std::string_view peer() const override { return name_; }

 private:
  std::string name_;
  int& alive_;
  bool& readable_;
};

class PoolTest : public ::testing::Test {
 protected:
  void put(std::string name, std::string key = "k") {
    pool.put(key, {std::make_unique<IdleStream>(std::move(name), alive, readable), clock.now()},
             kLimits);
  }
  std::string take(const std::string& key = "k") {
    const PooledStream taken = pool.take(key);
    return taken.stream ? std::string(taken.stream->peer()) : "none";
  }
  void pass(std::chrono::milliseconds time) {
    clock.advance(time);
    timers.advance();
  }

  ManualClock clock;
  Timers timers{clock};
  int alive = 0;
  bool readable = false;
  Pool pool{timers};
};

TEST_F(PoolTest, gives_the_connection_used_last_first) {
  put("a");
  put("b");
  EXPECT_EQ(take(), "b");
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(take(), "none");
}

TEST_F(PoolTest, keeps_keys_apart) {
  put("a", "one");
  EXPECT_EQ(take("two"), "none");
  EXPECT_EQ(take("one"), "a");
}

TEST_F(PoolTest, gives_none_that_was_idle_too_long) {
  put("a");
  clock.advance(seconds(30));
  EXPECT_EQ(take(), "none");
  EXPECT_EQ(alive, 0);
}

TEST_F(PoolTest, closes_idle_connections_by_itself) {
  put("a");
  pass(seconds(20));
  put("b");
  pass(seconds(11));
  EXPECT_EQ(alive, 1);
  EXPECT_EQ(pool.size(), 1u);
  pass(seconds(20));
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(pool.size(), 0u);
  EXPECT_EQ(timers.set_count(), 0u);
}

TEST_F(PoolTest, lets_a_connection_go_when_its_peer_has_closed) {
  put("a");
  readable = true;
  EXPECT_EQ(take(), "none");
  EXPECT_EQ(alive, 0);
}

TEST_F(PoolTest, lets_closed_connections_go_within_a_second) {
  put("a");
  readable = true;
  pass(seconds(1) + Timers::kTick);
  EXPECT_EQ(alive, 0);
}

TEST_F(PoolTest, ends_a_connection_at_its_age_however_busy) {
  const Monotonic born = clock.now();
  for (int i = 0; i < 14; ++i) {
    pool.put("k", {std::make_unique<IdleStream>("a", alive, readable), born}, kLimits);
    clock.advance(seconds(20));
    ASSERT_EQ(take(), "a") << i;
  }
  clock.advance(seconds(15));  // 295 s old
  pool.put("k", {std::make_unique<IdleStream>("a", alive, readable), born}, kLimits);
  clock.advance(seconds(5));
  EXPECT_EQ(take(), "none");
  pool.put("k", {std::make_unique<IdleStream>("a", alive, readable), born}, kLimits);
  EXPECT_EQ(pool.size(), 0u);
}

TEST_F(PoolTest, keeps_a_bounded_number_and_drops_the_oldest) {
  for (std::size_t i = 0; i <= Pool::kMaxIdleOfKey; ++i) put(fmt::format("{}", i));
  EXPECT_EQ(pool.size(), Pool::kMaxIdleOfKey);
  EXPECT_EQ(take(), fmt::format("{}", Pool::kMaxIdleOfKey));
  std::string last;
  for (std::string name = take(); name != "none"; name = take()) last = name;
  EXPECT_EQ(last, "1");
}

TEST_F(PoolTest, closes_all_when_told) {
  put("a");
  put("b", "other");
  pool.clear();
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(pool.size(), 0u);
}

}  // namespace
}  // namespace naru::net
