#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "net/http/server/connection.h"
#include "net/http/server/listener.h"

namespace naru::net {

/// What all loops of one server share.
struct ServerShared {
  ServerShared(ListenOptions given, Handler& answers)
      : options(std::move(given)), handler(answers) {}

  const ListenOptions options;
  Handler& handler;
  std::atomic<std::size_t> connections = 0;
  std::atomic<bool> draining = false;
  std::atomic<bool> leaving = false;  // as draining, but another process accepts
  std::mutex mutex;
  std::condition_variable changed;  // a connection or an acceptor has ended
  std::size_t acceptors = 0;        // still running; under `mutex`
};

/// One loop's part of a server: its accept socket and its connections. Used on its loop alone.
class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(Loop& loop, std::shared_ptr<ServerShared> shared, Listener listener);
  ~Acceptor();

  /// Accepts until `drain`.
  void start();
  /// Accepts no more; connections end after the request under way.
  void drain();
  /// Accepts no more, as another process does; connections end when that breaks no call.
  void leave();
  /// Ends every call under way; its client can still be told.
  void end_calls();
  /// Ends every connection at once.
  void cut();
  Loop& loop() { return loop_; }

 private:
  class Admitted;
  class Listed;
  struct Socket;

  static Task<void> accept(std::shared_ptr<Acceptor> self);
  static Task<void> serve(std::shared_ptr<Acceptor> self, std::unique_ptr<Admitted> client);
  Task<Result<std::unique_ptr<ByteStream>>> open_stream(int fd, SocketAddress peer);
  bool accept_some();
  void let_go_of_socket();
  void admit(int fd, const SocketAddress& peer);
  bool make_room();
  void warn(std::string_view event);

  Loop& loop_;
  std::shared_ptr<ServerShared> shared_;
  ConnectionContext context_;
  std::unique_ptr<Socket> socket_;
  TaskGroup tasks_;
  std::vector<Connection*> connections_;
  int reserve_fd_;  // given up for a moment when no other descriptor is left
};

}  // namespace naru::net
