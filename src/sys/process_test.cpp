#include "sys/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include "sys/files.h"

namespace naru::sys {
namespace {

constexpr int kPatience_ms = 10'000;

Exit exit_of(Child& child) {
  pollfd watched{.fd = child.pidfd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&watched, 1, kPatience_ms), 1) << "the child did not end";
  return child.ended().value_or(Exit{.code = -1});
}

/// What a shell script prints, run with `options` otherwise.
std::string output_of(const std::string& script, SpawnOptions options = {}) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  options.arguments = {"/bin/sh", "-c", script};
  options.descriptors.emplace_back(write_end.get(), 1);
  auto child = spawn(options);
  EXPECT_TRUE(child) << child.error().detail;
  write_end.reset();
  std::string text;
  std::array<char, 256> chunk{};
  while (true) {
    const ssize_t got = ::read(read_end.get(), chunk.data(), chunk.size());
    if (got <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  EXPECT_EQ(exit_of(*child).code, 0);
  return text;
}

TEST(Process, gives_a_child_its_own_environment_and_nothing_of_ours) {
  ::setenv("NARU_TEST_PROVIDER_KEY", "sk-secret", 1);
  EXPECT_EQ(output_of("env | grep -v -e ^PWD= -e ^_= -e ^SHLVL=",
                      {.arguments = {}, .environment = {"NAME=value"}}),
            "NAME=value\n");
}

TEST(Process, gives_a_child_no_descriptors_of_ours) {
  const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Fd ours(::fcntl(null.get(), F_DUPFD, 50));  // without close-on-exec
  ASSERT_TRUE(ours.is_open());
  const std::string look =
      fmt::format("[ -e /proc/$$/fd/{} ] && echo leaked || echo closed", ours.get());
  EXPECT_EQ(output_of(look), "closed\n");
}

TEST(Process, passes_descriptors_that_would_tread_on_each_other) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Fd read_end(ends[0]);
  const Fd write_end(ends[1]);
  ASSERT_EQ(::write(write_end.get(), "hello\n", 6), 6);
  EXPECT_EQ(output_of("head -n 1 <&5",
                      {.arguments = {}, .environment = {}, .descriptors = {{read_end.get(), 5}}}),
            "hello\n");
}

TEST(Process, says_why_a_binary_cannot_run) {
  const auto missing = spawn({.arguments = {"/no/such/binary"}, .environment = {}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().detail, "cannot start /no/such/binary: No such file or directory");
}

TEST(Process, tells_how_a_child_ended) {
  auto exits = spawn({.arguments = {"/bin/sh", "-c", "exit 3"}, .environment = {}});
  ASSERT_TRUE(exits);
  EXPECT_EQ(exit_of(*exits).text(), "exit 3");
  auto waits =
      spawn({.arguments = {"/bin/sh", "-c", "read line"}, .environment = {}, .descriptors = {}});
  ASSERT_TRUE(waits);
  (void)exit_of(*waits);  // its standard input is /dev/null
}

TEST(Process, signals_a_whole_group) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  auto child = spawn({.arguments = {"/bin/sh", "-c", "cat <&5 & wait"},
                      .environment = {"PATH=/usr/bin:/bin"},
                      .descriptors = {{read_end.get(), 5}, {write_end.get(), 6}}});
  ASSERT_TRUE(child) << child.error().detail;
  child->signal(SIGKILL);
  EXPECT_EQ(exit_of(*child).text(), "signal 9");
  write_end.reset();
}

}  // namespace
}  // namespace naru::sys
