#include "cli/serve/predecessor.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cstdlib>

namespace naru::cli {
namespace {

constexpr std::chrono::seconds kItsPatience{600};  // it ends us long before

std::vector<int> all_numbers(const Handover& handover) {
  std::vector<int> numbers{handover.channel, handover.lock, handover.error_output};
  for (const auto& [name, sockets] : handover.sockets)
    numbers.insert(numbers.end(), sockets.begin(), sockets.end());
  numbers.insert(numbers.end(), handover.elders.begin(), handover.elders.end());
  return numbers;
}

std::unexpected<Fault> gone() {
  return fail(FaultKind::Unavailable, "the naru whose place this one is to take wants it no more");
}

}  // namespace

Predecessor::Predecessor(Handover handover)
    : handover_(std::move(handover)), channel_(sys::Fd(handover_.channel)) {}

Result<std::unique_ptr<Predecessor>> Predecessor::of_environment() {
  const char* value = std::getenv(kHandoverVariable);
  if (value == nullptr) return nullptr;
  NARU_TRY(Handover handover, read_handover(value));
  ::unsetenv(kHandoverVariable);
  for (const int number : all_numbers(handover))
    if (::fcntl(number, F_SETFD, FD_CLOEXEC) != 0)
      return fail(FaultKind::InvalidRequest, "{} names the descriptor {}, which is not open",
                  kHandoverVariable, number);
  ::dup2(handover.error_output, STDERR_FILENO);
  ::close(handover.error_output);
  std::unique_ptr<Predecessor> made(new Predecessor(std::move(handover)));
  NARU_TRY_VOID(made->hear_hello());
  return made;
}

Result<Message> Predecessor::hear(std::string_view word) {
  NARU_TRY(const auto heard, channel_.receive(kItsPatience));
  if (!heard) return gone();
  Message message = read_message(*heard);
  if (message.word == word) return message;
  return fail(FaultKind::Unavailable, "the naru whose place this one is to take says '{}', not {}",
              message.word, word);
}

/// At once: what lies unread when we end would hide from it what we said last.
Result<void> Predecessor::hear_hello() {
  NARU_TRY(const Message hello, hear("hello"));
  itself_.pid = ::getppid();
  itself_.accepts = true;
  for (const std::string& line : hello.lines) {
    if (line.empty()) continue;
    const std::string rest = line.substr(1);
    if (line.front() == 'v') itself_.version = rest;
    if (line.front() == '+' || line.front() == '-') engines_.emplace(rest, line.front() == '+');
    if (line.front() == 'e') elders_.push_back(read_elder(rest));
  }
  return {};
}

Result<void> Predecessor::check() const {
  pollfd watched{.fd = channel_.fd(), .events = POLLRDHUP, .revents = 0};
  if (::poll(&watched, 1, 0) == 0) return {};
  return gone();
}

Result<void> Predecessor::wait_for_go(const std::string& version,
                                      const std::vector<std::string>& taken) {
  Message ready{.word = "ready", .lines = {version}};
  ready.lines.insert(ready.lines.end(), taken.begin(), taken.end());
  if (!channel_.send(write_message(ready))) return gone();
  NARU_TRY(const Message go, hear("go"));
  if (!go.lines.empty()) itself_.calls = read_elder(fmt::format("0 {} -", go.lines.front())).calls;
  return {};
}

void Predecessor::refuse(const std::string& why) {
  channel_.send(write_message({.word = "failed", .lines = {why}}));
}

void Predecessor::serving(Elders& elders) {
  channel_.send("serving");
  elders_.resize(handover_.elders.size());
  for (std::size_t i = 0; i < handover_.elders.size(); ++i)
    elders.add(sys::Channel(sys::Fd(handover_.elders[i])), elders_[i]);
  elders.add(std::move(channel_), itself_);
}

}  // namespace naru::cli
