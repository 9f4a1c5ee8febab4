#include "net/http/server.h"

#include "net/http/server/acceptor.h"

namespace naru::net {
namespace {

constexpr std::chrono::seconds kLastWords{1};      // for clients to be told that we stop
constexpr std::chrono::seconds kAbandonAfter{10};  // a handler that does not end when told

class LoopsServer final : public HttpServer {
 public:
  LoopsServer(Loops& loops, std::shared_ptr<ServerShared> shared, std::vector<Listener> listeners)
      : clock_(loops.at(0).clock()),
        shared_(std::move(shared)),
        address_(listeners.front().address()) {
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      sockets_.push_back(listeners[i].fd());
      Loop& loop = loops.at(static_cast<unsigned>(i % loops.count()));
      acceptors_.push_back(std::make_shared<Acceptor>(loop, shared_, std::move(listeners[i])));
    }
  }

  ~LoopsServer() override {
    if (!drained_) drain(clock_.now());
    // What belongs to a loop ends on it, after the last of its tasks.
    for (auto& acceptor : acceptors_) {
      Loop& loop = acceptor->loop();
      if (loop.running()) loop.post([held = std::move(acceptor)] {});
    }
  }

  void start() override {
    shared_->acceptors = acceptors_.size();
    on_each_loop([](Acceptor& acceptor) { acceptor.start(); });
  }
  std::uint16_t port() const override { return address_.port(); }
  std::string address() const override { return address_.text(); }
  std::size_t connections() const override { return shared_->connections; }

  bool accepting() const override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->acceptors > 0;
  }
  std::vector<int> sockets() const override { return sockets_; }

  void drain(Monotonic by) override {
    drained_ = true;
    shared_->draining = true;
    on_each_loop([](Acceptor& acceptor) { acceptor.drain(); });
    end(by);
  }

  void leave(Monotonic by) override {
    drained_ = true;
    shared_->leaving = true;
    shared_->draining = true;
    on_each_loop([](Acceptor& acceptor) { acceptor.leave(); });
    end(by);
  }

 private:
  void end(Monotonic by) {
    if (wait_for_end(clock_, by)) return;
    const SystemClock real;
    on_each_loop([](Acceptor& acceptor) { acceptor.end_calls(); });
    if (wait_for_end(real, real.now() + kLastWords)) return;
    on_each_loop([](Acceptor& acceptor) { acceptor.cut(); });
    if (!wait_for_end(real, real.now() + kAbandonAfter))
      acceptors_.front()->loop().log().error("listen.abandoned",
                                             {telemetry::field("connections", connections())});
  }

  void on_each_loop(void (*act)(Acceptor&)) {
    for (const auto& acceptor : acceptors_)
      acceptor->loop().post([acceptor, act] { act(*acceptor); });
  }

  bool ended() const { return shared_->acceptors == 0 && shared_->connections == 0; }

  /// Waits for acceptors and connections. A loop that no thread runs (before its start, after its
  /// stop, in a test) is given its turns from here.
  bool wait_for_end(const Clock& clock, Monotonic by) {
    std::unique_lock lock(shared_->mutex);
    while (!ended()) {
      if (clock.now() >= by) return false;
      lock.unlock();
      for (const auto& acceptor : acceptors_)
        if (!acceptor->loop().running()) acceptor->loop().poll();
      lock.lock();
      if (!ended()) shared_->changed.wait_for(lock, std::chrono::milliseconds(1));
    }
    return true;
  }

  const Clock& clock_;
  std::shared_ptr<ServerShared> shared_;
  SocketAddress address_;
  std::vector<int> sockets_;
  std::vector<std::shared_ptr<Acceptor>> acceptors_;
  std::atomic<bool> drained_ = false;
};

Result<std::vector<Listener>> take_over(const std::vector<int>& sockets) {
  std::vector<Listener> listeners;
  for (const int socket : sockets) {
    NARU_TRY(Listener listener, Listener::adopt(socket));
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::open(Loops& loops, ListenOptions options,
                                                     Handler& handler) {
  NARU_TRY(auto listeners, options.sockets.empty()
                               ? Listener::open(options.host, options.port, loops.count())
                               : take_over(options.sockets));
  // A loop without a socket of its own shares one: a further socket at the address would have
  // connections of its own waiting, which are reset if this process does not live to accept them.
  for (std::size_t i = 0; listeners.size() < loops.count(); ++i) {
    NARU_TRY(Listener shared, listeners[i].share());
    listeners.push_back(std::move(shared));
  }
  auto shared = std::make_shared<ServerShared>(std::move(options), handler);
  return std::make_unique<LoopsServer>(loops, std::move(shared), std::move(listeners));
}

}  // namespace naru::net
