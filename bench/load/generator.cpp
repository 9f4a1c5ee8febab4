#include "load/generator.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <random>

namespace naru::load {
namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

constexpr std::size_t kReadBytes = 256 << 10;
constexpr int kMostEvents = 512;
/// Between two tries to connect where the server refuses.
constexpr std::chrono::milliseconds kPause{10};

[[noreturn]] void give_up(const char* what) {
  fmt::print(stderr, "{}: {}\n", what, std::strerror(errno));
  std::exit(2);
}

sockaddr_in address_of(const Load& load) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(load.port);
  if (::inet_pton(AF_INET, load.host.c_str(), &address.sin_addr) != 1) give_up(load.host.c_str());
  return address;
}

/// One connection and the request it is busy with.
struct Connection {
  explicit Connection(const Expect& expect) : response(expect) {}
  int fd = -1;
  bool busy = false;
  Time due{};
  bool first_seen = false;
  std::size_t sent = 0;
  Response response;
};

class Generator {
 public:
  explicit Generator(const Load& load)
      : load_(load),
        address_(address_of(load)),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        chance_(load.seed) {
    if (epoll_ < 0) give_up("epoll");
    for (unsigned i = 0; i < load.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(load_.expect));
      idle_.push_back(connections_.back().get());
    }
  }
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;
  ~Generator() {
    for (const auto& each : connections_)
      if (each->fd >= 0) ::close(each->fd);
    ::close(epoll_);
  }

  Outcome run(const std::function<void()>& measuring) {
    const Time start = Clock::now();
    next_due_ = start;
    pass(start + load_.warm_up);
    outcome_ = {};
    measuring();
    const Time from = Clock::now();
    pass(from + load_.measured);
    outcome_.seconds = std::chrono::duration<double>(Clock::now() - from).count();
    outcome_.unsent = waiting_.size();
    return std::move(outcome_);
  }

 private:
  void pass(Time until) {
    while (Clock::now() < until) {
      start_due();
      wait(until);
    }
  }

  /// Sends what is due to connections that are free.
  void start_due() {
    const Time now = Clock::now();
    if (load_.rate == 0) {
      while (!idle_.empty() && now >= resting_until_) start(now);
      return;
    }
    for (; next_due_ <= now; next_due_ += gap()) waiting_.push_back(next_due_);
    while (!waiting_.empty() && !idle_.empty() && now >= resting_until_) {
      start(waiting_.front());
      waiting_.pop_front();
    }
  }

  /// Exponential, so that arrivals are those of many who know nothing of each other.
  Clock::duration gap() {
    const double seconds = std::exponential_distribution<double>(load_.rate)(chance_);
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }

  void start(Time due) {
    Connection& connection = *idle_.back();  // the one used last has the warmest caches
    idle_.pop_back();
    connection.busy = true;
    connection.due = due;
    connection.first_seen = false;
    connection.sent = 0;
    connection.response.reset();
    if (connection.fd < 0) connect(connection);
    send(connection);
  }

  void connect(Connection& connection) {
    connection.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection.fd < 0) give_up("socket");
    const int on = 1;
    ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto* address = reinterpret_cast<const sockaddr*>(&address_);
    if (::connect(connection.fd, address, sizeof address_) != 0 && errno != EINPROGRESS)
      return fail(connection, std::strerror(errno));
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                      .data = {.ptr = &connection}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) != 0) give_up("epoll");
  }

  void send(Connection& connection) {
    while (connection.busy && connection.sent < load_.request.size()) {
      const ssize_t count = ::send(connection.fd, load_.request.data() + connection.sent,
                                   load_.request.size() - connection.sent, MSG_NOSIGNAL);
      if (count < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
      if (count < 0) return fail(connection, std::strerror(errno));
      connection.sent += static_cast<std::size_t>(count);
    }
  }

  void wait(Time until) {
    Time wake = until;
    if (load_.rate > 0) wake = std::min(wake, next_due_);
    if (resting_until_ > Clock::now()) wake = std::min(wake, resting_until_);
    const auto left = std::max(Clock::duration::zero(), wake - Clock::now());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec time{.tv_sec = seconds.count(),
                        .tv_nsec = std::chrono::nanoseconds(left - seconds).count()};
    std::array<epoll_event, kMostEvents> events;
    const int count = ::epoll_pwait2(epoll_, events.data(), kMostEvents, &time, nullptr);
    for (int i = 0; i < count; ++i) {
      auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (events[static_cast<std::size_t>(i)].events & EPOLLOUT) send(connection);
      if (connection.fd >= 0)
        receive(connection, events[static_cast<std::size_t>(i)].events & EPOLLRDHUP);
    }
  }

  /// Until nothing is left. A short read tells that, too, unless the end is behind it.
  void receive(Connection& connection, bool ends) {
    while (connection.fd >= 0) {
      const ssize_t got = ::recv(connection.fd, room_.data(), room_.size(), 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got < 0) return fail(connection, std::strerror(errno));
      if (!connection.busy) return close(connection);  // idle, and closed or no HTTP
      take(connection, std::string_view(room_.data(), static_cast<std::size_t>(got)));
      if (!ends && static_cast<std::size_t>(got) < room_.size()) return;
    }
  }

  void take(Connection& connection, std::string_view bytes) {
    Response& response = connection.response;
    const std::size_t had = response.marks();
    const auto state = bytes.empty() ? response.end() : response.feed(bytes);
    outcome_.marks += response.marks() - had;
    if (!connection.first_seen && response.marks() > 0) {
      connection.first_seen = true;
      outcome_.first_us.push_back(since(connection.due));
    }
    if (state == Response::State::Broken) return fail(connection, response.trouble());
    if (state != Response::State::Done) return;
    outcome_.whole_us.push_back(since(connection.due));
    connection.busy = false;
    idle_.push_back(&connection);
    if (!response.stays_open()) return close(connection);
    if (load_.rate == 0 && idle_.size() == 1) start(Clock::now());
  }

  static std::uint32_t since(Time due) {
    const auto length = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - due);
    return static_cast<std::uint32_t>(length.count());
  }

  void fail(Connection& connection, std::string why) {
    ++outcome_.troubles[why];
    resting_until_ = Clock::now() + kPause;
    if (connection.busy) idle_.push_back(&connection);
    connection.busy = false;
    close(connection);
  }

  static void close(Connection& connection) {
    ::close(connection.fd);
    connection.fd = -1;
  }

  const Load& load_;
  const sockaddr_in address_;
  const int epoll_;
  std::mt19937_64 chance_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  std::deque<Time> waiting_;  ///< when those were due that no connection was free for
  Time next_due_{};
  Time resting_until_{};
  Outcome outcome_;
  std::array<char, kReadBytes> room_;
};

}  // namespace

Outcome run(const Load& load, const std::function<void()>& measuring) {
  return std::make_unique<Generator>(load)->run(measuring);
}

}  // namespace naru::load
