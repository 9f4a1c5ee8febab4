#include "telemetry/line_sink.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "telemetry/log.h"

namespace naru::telemetry {
namespace {

using testing::HasSubstr;

class LineSinkTest : public testing::Test {
 protected:
  LineSinkTest() {
    std::string name = testing::TempDir() + "naru_line_sink_XXXXXX";
    folder = ::mkdtemp(name.data());
  }
  ~LineSinkTest() override { std::filesystem::remove_all(folder); }

  std::string path(const std::string& name) const { return folder + "/" + name; }
  std::string content(const std::string& name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::unique_ptr<LineSink> open(const std::string& name) const {
    Result<std::unique_ptr<LineSink>> sink = open_line_sink(path(name));
    if (!sink) ADD_FAILURE() << sink.error().detail;
    return sink ? std::move(*sink) : nullptr;
  }

  std::string folder;
};

TEST_F(LineSinkTest, writes_all_lines_in_order_before_it_ends) {
  auto sink = open("log");
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string line = fmt::format("line {}\n", i);
    sink->write(line, i % 500 == 0);
    expected += line;
  }
  sink.reset();
  EXPECT_EQ(content("log"), expected);
}

TEST_F(LineSinkTest, makes_its_file_for_the_owner_alone_and_appends_to_it) {
  open("log")->write("a\n", false);
  struct stat status{};
  ASSERT_EQ(::stat(path("log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  open("log")->write("b\n", false);
  EXPECT_EQ(content("log"), "a\nb\n");
}

TEST_F(LineSinkTest, says_what_to_do_when_the_file_cannot_be_opened) {
  const auto sink = open_line_sink(path("no_such_folder/log"));
  ASSERT_FALSE(sink.has_value());
  EXPECT_EQ(sink.error().kind, FaultKind::Unavailable);
  EXPECT_THAT(sink.error().detail, HasSubstr("no_such_folder/log cannot be opened: No such file"));
}

TEST_F(LineSinkTest, writes_into_a_new_file_once_reopened) {
  auto sink = open("log");
  sink->write("before\n", true);
  std::filesystem::rename(path("log"), path("log.1"));
  ASSERT_TRUE(sink->reopen().has_value());
  sink->write("after\n", true);
  sink.reset();
  // The first line may have waited for the writer's turn and met the new file.
  EXPECT_EQ(content("log.1") + content("log"), "before\nafter\n");
  EXPECT_THAT(content("log"), HasSubstr("after\n"));
}

TEST_F(LineSinkTest, keeps_the_old_file_when_a_new_one_cannot_be_opened) {
  std::filesystem::create_directory(path("inner"));
  auto sink = open("inner/log");
  std::filesystem::rename(path("inner"), path("moved"));
  EXPECT_FALSE(sink->reopen().has_value());
  sink->write("still here\n", true);
  sink.reset();
  EXPECT_EQ(content("moved/log"), "still here\n");
}

TEST_F(LineSinkTest, never_waits_for_a_reader_that_takes_nothing) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const int reader = ::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  auto sink = open("pipe");
  const std::string line(1023, 'x');
  for (int i = 0; i < 3000; ++i) sink->write(line + "\n", false);
  EXPECT_GT(sink->take_lost(), 0U);
  sink.reset();  // ends all the same
  ::close(reader);
}

TEST_F(LineSinkTest, survives_a_reader_that_is_gone) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const int reader = ::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  auto sink = open("pipe");
  ::close(reader);
  for (int i = 0; i < 100; ++i) sink->write("into the void\n", true);
  sink.reset();
}

TEST_F(LineSinkTest, serves_a_log) {
  const SystemClock clock;
  {
    Result<std::unique_ptr<Log>> log = Log::open(path("log"), {}, clock);
    ASSERT_TRUE(log.has_value());
    (*log)->info("serve.ready", {field("address", "127.0.0.1:8080")});
    EXPECT_TRUE((*log)->reopen().has_value());
  }
  EXPECT_THAT(content("log"), HasSubstr(R"("event":"serve.ready","address":"127.0.0.1:8080"})"));
}

}  // namespace
}  // namespace naru::telemetry
