#include "cli/serve/successor.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "sys/files.h"

namespace naru::cli {
namespace {

constexpr std::size_t kMostWords = 4096;  // of its stderr, the last
constexpr int kFirstNumber = 3;
constexpr int kKilledWithin_ms = 10'000;
constexpr std::chrono::seconds kEndsWithin{1};  // of closing its line

/// Gives descriptors of ours their numbers there.
class Numbers {
 public:
  int add(int ours) {
    placed.emplace_back(ours, next_);
    return next_++;
  }
  std::vector<int> add(const std::vector<int>& ours) {
    std::vector<int> numbers;
    numbers.reserve(ours.size());
    for (const int fd : ours) numbers.push_back(add(fd));
    return numbers;
  }
  std::vector<std::pair<int, int>> placed;

 private:
  int next_ = kFirstNumber;
};

std::string hello(const Successor::Legacy& legacy) {
  Message message{.word = "hello", .lines = {"v" + legacy.version}};
  for (const auto& [handle, serves] : legacy.engines)
    message.lines.push_back((serves ? "+" : "-") + handle);
  for (const ElderChannel& elder : legacy.elders)
    message.lines.push_back("e" + write_elder(elder.elder));
  return write_message(message);
}

}  // namespace

Result<Successor> Successor::start(const std::vector<std::string>& command, const Legacy& legacy) {
  NARU_TRY(auto ends, sys::Channel::make_pair());
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    return fail(FaultKind::Unavailable, "no pipe: {}", sys::error_text(errno));
  sys::Fd words(pipe[0]);
  const sys::Fd inlet(pipe[1]);
  ::fcntl(words.get(), F_SETFL, O_NONBLOCK);
  Numbers numbers;
  Handover handover{.channel = numbers.add(ends.second.fd()),
                    .lock = numbers.add(legacy.lock),
                    .error_output = numbers.add(STDERR_FILENO),
                    .lane = legacy.lane};
  for (const auto& [name, sockets] : legacy.sockets)
    handover.sockets.emplace(name, numbers.add(sockets));
  for (const ElderChannel& elder : legacy.elders)
    handover.elders.push_back(numbers.add(elder.descriptor));
  sys::SpawnOptions options{.arguments = command,
                            .environment = sys::environment(),
                            .descriptors = std::move(numbers.placed),
                            .own_group = false};
  options.descriptors.insert(
      options.descriptors.end(),
      {{STDIN_FILENO, STDIN_FILENO}, {STDOUT_FILENO, STDOUT_FILENO}, {inlet.get(), STDERR_FILENO}});
  options.environment.push_back(fmt::format("{}={}", kHandoverVariable, write_handover(handover)));
  NARU_TRY(sys::Child child, sys::spawn(options));
  if (!ends.first.send(hello(legacy)))
    return fail(FaultKind::Unavailable, "{} does not take what it is told", command.front());
  return Successor(std::move(child), std::move(ends.first), std::move(words));
}

void Successor::read_words() {
  std::array<char, 1024> chunk;
  for (;;) {
    const ssize_t got = ::read(words_.get(), chunk.data(), chunk.size());
    if (got <= 0) return;
    [[maybe_unused]] const ssize_t shown =
        ::write(STDERR_FILENO, chunk.data(), static_cast<std::size_t>(got));
    said_.append(chunk.data(), static_cast<std::size_t>(got));
    if (said_.size() > kMostWords) said_.erase(0, said_.size() - kMostWords);
  }
}

std::string Successor::last_words() const {
  std::string_view text = said_;
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

Successor::News Successor::take(const Message& message) {
  if (message.word == "serving") return News::Serving;
  if (message.word == "ready" && !message.lines.empty()) {
    version_ = message.lines.front();
    taken_.assign(message.lines.begin() + 1, message.lines.end());
    return News::Ready;
  }
  why_ = "it says what this naru does not understand";
  if (message.word == "failed") {
    why_.clear();
    for (const std::string& line : message.lines) why_ += (why_.empty() ? "" : "\n") + line;
  }
  return News::Failed;
}

Successor::News Successor::look() {
  read_words();
  const auto ended = child_.ended();
  const auto heard = channel_.receive({});
  if (heard) {
    const std::optional<std::string>& said = *heard;
    if (said) return take(read_message(*said));
  }
  if (!ended && heard) return News::None;
  if (!ended) {  // as a rule it is about to
    const Monotonic now = SystemClock().now();
    if (!closed_) closed_ = now;
    if (now - *closed_ < kEndsWithin) return News::None;
    why_ = "it has closed its line to this naru";
    return News::Failed;
  }
  read_words();
  why_ = fmt::format("it has ended ({})", ended->text());
  if (const std::string words = last_words(); !words.empty()) why_ += "; its last words: " + words;
  return News::Failed;
}

void Successor::say_go(std::int64_t calls) {
  channel_.send(write_message({.word = "go", .lines = {std::to_string(calls)}}));
}

void Successor::end() {
  child_.signal(SIGKILL);
  pollfd ended{.fd = child_.pidfd(), .events = POLLIN, .revents = 0};
  ::poll(&ended, 1, kKilledWithin_ms);
  (void)child_.ended();
  read_words();
}

}  // namespace naru::cli
