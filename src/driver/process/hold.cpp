#include "driver/process/hold.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>

#include "driver/process/engine_command.h"
#include "sys/process.h"

namespace naru::driver {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxClients = 4;  // one, and another one during an upgrade
constexpr std::chrono::milliseconds kFirstClient{2'000};
constexpr std::size_t kMaxUnsentBytes = 1 << 20;     // to a naru that does not read
constexpr std::size_t kToldBytes = 256 << 10;        // of output, in each …
constexpr std::chrono::milliseconds kToldIn{1'000};  // … so long; what an engine floods is left out

constexpr std::size_t kLineCost = 64;  // of a line, however short
constexpr int kTurnsOfOutput = 4;

/// An attached naru.
struct Client {
  sys::Fd fd;
  std::string unsent;
};

class Holder {
 public:
  Holder(sys::Fd listener, sys::Child engine, sys::Fd output)
      : listener_(std::move(listener)), engine_(std::move(engine)), output_(std::move(output)) {}

  /// Until the engine has ended.
  void run() {
    while (!engine_.ended()) {
      wait();
      accept_client();
      read_output();
      for (Client& client : clients_) read_client(client);
      std::erase_if(clients_, [](const Client& client) { return !client.fd.is_open(); });
      end_if_unattached();
    }
    read_output();
    if (!was_attached_) wait_for_first();
    tell("X " + engine_.ended()->text());
  }

 private:
  /// An engine that ends at once (a flag it does not know) has last words too: its naru is on the
  /// way here.
  void wait_for_first() {
    pollfd client{.fd = listener_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&client, 1, static_cast<int>(kFirstClient.count())) == 1) accept_client();
  }

  void wait() {
    std::vector<pollfd> watched{{.fd = listener_.get(), .events = POLLIN, .revents = 0},
                                {.fd = engine_.pidfd(), .events = POLLIN, .revents = 0}};
    if (output_.is_open()) watched.push_back({.fd = output_.get(), .events = POLLIN, .revents = 0});
    for (const Client& client : clients_) {
      const short wants = client.unsent.empty() ? POLLIN : POLLIN | POLLOUT;
      watched.push_back({.fd = client.fd.get(), .events = wants, .revents = 0});
    }
    constexpr int kTick_ms = 200;  // while nobody is attached, time itself is an event
    ::poll(watched.data(), watched.size(), clients_.empty() ? kTick_ms : -1);
  }

  void accept_client() {
    sys::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.is_open() || clients_.size() >= kMaxClients) return;
    was_attached_ = true;
    clients_.push_back({.fd = std::move(fd), .unsent = fmt::format("S {}\n", engine_.pid())});
    for (const std::string& line : kept_) clients_.back().unsent += "L " + line + "\n";
    send(clients_.back());
  }

  /// A pipe's worth at most: one that is filled without end keeps nobody waiting.
  void read_output() {
    std::array<char, 16 << 10> chunk;
    for (int turn = 0; turn < kTurnsOfOutput && output_.is_open(); ++turn) {
      const ssize_t got = ::read(output_.get(), chunk.data(), chunk.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return;
      if (got == 0) output_.reset();
      for (const char c :
           std::string_view(chunk.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)))) {
        if (c == '\n')
          end_line();
        else if (line_.size() < kMaxLineBytes && c != '\r')
          line_.push_back(c);
      }
    }
  }

  void end_line() {
    tell_line();
    kept_.push_back(std::exchange(line_, {}));
    if (kept_.size() > kKeptLines) kept_.pop_front();
  }

  /// Tells of the line as far as the time's share reaches; then how many it did not reach for.
  void tell_line() {
    const auto now = Steady::now();
    if (now - telling_since_ >= kToldIn) {
      telling_since_ = now;
      told_bytes_ = 0;
      if (left_out_ > 0) tell(fmt::format("L … {} lines left out", std::exchange(left_out_, 0)));
    }
    told_bytes_ += line_.size() + kLineCost;
    if (told_bytes_ <= kToldBytes)
      tell("L " + line_);
    else
      ++left_out_;
  }

  void tell(const std::string& line) {
    for (Client& client : clients_) {
      if (client.unsent.size() > kMaxUnsentBytes) continue;
      client.unsent += line;
      client.unsent += '\n';
      send(client);
    }
  }

  static void send(Client& client) {
    while (client.fd.is_open() && !client.unsent.empty()) {
      const ssize_t sent =
          ::send(client.fd.get(), client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      if (sent < 0)
        client.fd.reset();
      else
        client.unsent.erase(0, static_cast<std::size_t>(sent));
    }
  }

  void read_client(Client& client) {
    send(client);
    std::array<char, 64> chunk{};
    while (client.fd.is_open()) {
      const ssize_t got = ::read(client.fd.get(), chunk.data(), chunk.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (got <= 0) {
        client.fd.reset();
        return;
      }
      for (const char c : std::string_view(chunk.data(), static_cast<std::size_t>(got))) {
        if (c == 'T') engine_.signal(SIGTERM);
        if (c == 'K') engine_.signal(SIGKILL);
      }
    }
  }

  void end_if_unattached() {
    const auto now = Steady::now();
    if (!clients_.empty()) {
      attached_ = now;
      terminated_ = false;
      return;
    }
    if (now - attached_ >= kUnattachedKill) engine_.signal(SIGKILL);
    if (now - attached_ >= kUnattachedTerm && !std::exchange(terminated_, true))
      engine_.signal(SIGTERM);
  }

  sys::Fd listener_;
  sys::Child engine_;
  sys::Fd output_;
  std::vector<Client> clients_;
  std::deque<std::string> kept_;
  std::string line_;
  Steady::time_point telling_since_ = Steady::now();
  std::size_t told_bytes_ = 0;
  std::size_t left_out_ = 0;  // lines
  Steady::time_point attached_ = Steady::now();
  bool terminated_ = false;
  bool was_attached_ = false;
};

sys::Fd listen_on(const std::string& path) {
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) return {};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, address.sun_path);
  sys::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ::unlink(path.c_str());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), static_cast<int>(kMaxClients)) != 0)
    fd.reset();
  return fd;
}

/// A file, whatever its name; it keeps its number while its socket is open.
struct Inode {
  dev_t device = 0;
  ino_t number = 0;
  bool operator==(const Inode&) const = default;
};

Inode inode_of(const std::string& path) {
  struct stat facts{};
  if (::lstat(path.c_str(), &facts) != 0) return {};
  return {.device = facts.st_dev, .number = facts.st_ino};
}

int complain(std::string_view text) {
  std::fprintf(stderr, "naru hold: %.*s\n", static_cast<int>(text.size()), text.data());
  return 1;
}

}  // namespace

const std::vector<std::string>& engine_environment() {
  static const std::vector<std::string> names{"PATH",
                                              "LANG",
                                              "LC_ALL",
                                              "TMPDIR",
                                              "LD_LIBRARY_PATH",
                                              "CUDA_VISIBLE_DEVICES",
                                              "HIP_VISIBLE_DEVICES",
                                              "ROCR_VISIBLE_DEVICES",
                                              "GGML_CUDA_ENABLE_UNIFIED_MEMORY"};
  return names;
}

int hold_main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  if (arguments.size() < 3 || arguments[1] != "--")
    return complain("takes the path of its socket, `--`, and an engine's command line");
  sys::Fd listener = listen_on(arguments[0]);
  if (!listener.is_open()) return complain("cannot listen on " + arguments[0]);
  const Inode ours = inode_of(arguments[0]);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return complain("no pipe for the engine's output");
  sys::Fd output(pipe[0]);
  sys::Fd inlet(pipe[1]);
  ::fcntl(output.get(), F_SETFL, O_NONBLOCK);
  auto engine = sys::spawn({.arguments = {arguments.begin() + 2, arguments.end()},
                            .environment = sys::environment_of(engine_environment()),
                            .descriptors = {{inlet.get(), 1}, {inlet.get(), 2}},
                            .die_with_parent = true});
  inlet.reset();
  if (!engine) return complain(engine.error().detail);
  Holder holder(std::move(listener), *std::move(engine), std::move(output));
  holder.run();
  // Before the holder lets go of its clients: the next one may take the same paths at once; where
  // ours was removed it has them already.
  if (inode_of(arguments[0]) != ours) return 0;
  ::unlink(arguments[0].c_str());
  ::unlink(engine_socket_beside(arguments[0]).c_str());
  return 0;
}

std::vector<std::string> holder_command(const std::string& self_binary,
                                        const std::string& control_path,
                                        const std::vector<std::string>& engine_command) {
  std::vector<std::string> command{self_binary, "hold", control_path, "--"};
  command.insert(command.end(), engine_command.begin(), engine_command.end());
  return command;
}

}  // namespace naru::driver
