#include "telemetry/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace naru::telemetry {
namespace {

using std::chrono_literals::operator""s;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What a log wrote, kept beyond the log's end.
struct Written {
  std::mutex mutex;
  std::vector<std::string> lines;
  int urgent = 0;
  std::atomic<std::uint64_t> lost{0};
};

class MemorySink final : public LineSink {
 public:
  explicit MemorySink(std::shared_ptr<Written> written) : written_(std::move(written)) {}
  void write(std::string_view line, bool urgent) override {
    const std::lock_guard lock(written_->mutex);
    // Without the time, which `line_test.cpp` looks at.
    written_->lines.emplace_back(line.substr(std::min<std::size_t>(line.size(), 13)));
    written_->urgent += urgent ? 1 : 0;
  }
  std::uint64_t take_lost() override { return written_->lost.exchange(0); }

 private:
  std::shared_ptr<Written> written_;
};

class LogTest : public testing::Test {
 protected:
  std::unique_ptr<Log> make(LogOptions options = {}) {
    options.form = LineForm::Pretty;
    return std::make_unique<Log>(std::make_unique<MemorySink>(written), options, clock);
  }
  const std::vector<std::string>& lines() const { return written->lines; }

  ManualClock clock;
  std::shared_ptr<Written> written = std::make_shared<Written>();
};

TEST_F(LogTest, shows_its_level_and_those_above) {
  const auto log = make({.level = Level::Warn});
  log->debug("a");
  log->info("b");
  log->warn("c");
  log->error("d");
  EXPECT_THAT(lines(), ElementsAre("WARN  c\n", "ERROR d\n"));
  EXPECT_FALSE(log->shows(Level::Info));
}

TEST_F(LogTest, changes_its_level_while_running) {
  const auto log = make();
  log->debug("a");
  log->set_level(Level::Debug);
  log->debug("b", {field("n", 1)});
  log->set_level(Level::Off);
  log->error("c");
  EXPECT_THAT(lines(), ElementsAre("DEBUG b n=1\n"));
}

TEST_F(LogTest, writes_warnings_and_errors_at_once) {
  const auto log = make();
  log->info("a");
  EXPECT_EQ(written->urgent, 0);
  log->warn("b");
  log->error("c");
  EXPECT_EQ(written->urgent, 2);
}

TEST_F(LogTest, holds_back_repeated_warnings_and_tells_how_many) {
  const auto log = make({.repeats = {.lines = 2, .window = 10s}});
  for (int i = 0; i < 5; ++i) log->warn("upstream.retry", {field("i", i)});
  log->warn("other");
  EXPECT_THAT(lines(), ElementsAre("WARN  upstream.retry i=0\n", "WARN  upstream.retry i=1\n",
                                   "WARN  other\n"));
  written->lines.clear();
  clock.advance(10s);
  log->error("third");
  EXPECT_THAT(lines(), ElementsAre("WARN  log.repeated of=upstream.retry lines_held_back=3\n",
                                   "ERROR third\n"));
  written->lines.clear();
  log->warn("upstream.retry");
  EXPECT_THAT(lines(), ElementsAre("WARN  upstream.retry\n"));
}

TEST_F(LogTest, tells_what_it_held_back_when_it_ends) {
  auto log = make({.repeats = {.lines = 1, .window = 10s}});
  log->warn("a");
  log->warn("a");
  log.reset();
  EXPECT_THAT(lines(), ElementsAre("WARN  a\n", "WARN  log.repeated of=a lines_held_back=1\n"));
}

TEST_F(LogTest, never_holds_back_what_is_no_warning) {
  const auto log = make({.repeats = {.lines = 1, .window = 10s}});
  for (int i = 0; i < 50; ++i) log->info("a");
  EXPECT_EQ(lines().size(), 50U);
}

TEST_F(LogTest, gives_each_exchange_its_line) {
  const auto log = make({.repeats = {.lines = 1, .window = 10s}});
  for (int i = 0; i < 3; ++i) log->exchange_end(true, {field("exchange", "req_1")});
  log->exchange_end(false, {field("exchange", "req_2")});
  EXPECT_EQ(lines().size(), 4U);
  EXPECT_EQ(lines().front(), "WARN  exchange.end exchange=req_1\n");
  EXPECT_EQ(lines().back(), "INFO  exchange.end exchange=req_2\n");
}

TEST_F(LogTest, says_how_many_lines_were_lost) {
  const auto log = make();
  written->lost = 7;
  log->info("a");
  log->info("b");
  EXPECT_THAT(lines(), ElementsAre("WARN  log.lost lines=7\n", "INFO  a\n", "INFO  b\n"));
}

TEST_F(LogTest, is_safe_from_many_threads) {
  {
    const auto log = make({.repeats = {.lines = 5, .window = 10s}});
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&log] {
        for (int i = 0; i < 500; ++i) log->info("a", {field("i", i)});
        for (int i = 0; i < 500; ++i) log->warn("b");
      });
  }
  EXPECT_EQ(lines().size(), 4U * 500 + 5 + 1);
  EXPECT_THAT(lines().back(), HasSubstr("lines_held_back=1995"));
}

TEST(NullLog, shows_nothing) {
  EXPECT_FALSE(null_log().shows(Level::Error));
  null_log().error("a", {field("b", 1)});
}

TEST(Repeats, bounds_the_events_it_remembers) {
  Repeats repeats({.lines = 1, .window = 10s});
  const Monotonic now{1s};
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(repeats.allow(std::to_string(i), now));
  EXPECT_FALSE(repeats.allow("0", now));
  EXPECT_TRUE(repeats.allow("999", now));
  EXPECT_THAT(repeats.take_held(now + 9s), IsEmpty());
  EXPECT_EQ(repeats.take_held(now + 10s).size(), 1U);
  EXPECT_THAT(repeats.take_all_held(), IsEmpty());
}

}  // namespace
}  // namespace naru::telemetry
