#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/server.h"

namespace naru::gateway {

struct ClientStreamOptions {
  std::vector<net::Header> headers;        ///< of the 200 that begins it
  std::string_view ping;                   ///< the dialect's frame for silence
  std::chrono::milliseconds hold{15'000};  ///< silence after which 200 and a ping go out
  std::chrono::milliseconds between_pings{15'000};
  std::chrono::milliseconds write_timeout{60'000};  ///< for a client that takes nothing
};

/// The client's side of a streamed answer: begins it once, writes in turn, and fills silence with
/// pings, also while its owner waits for the upstream. What is written behind its owner goes out
/// before all that its owner writes later. Belongs to one loop.
class ClientStream {
 public:
  /// Lifetime: `call` and `group` outlive it. Pings begin after `hold` of silence.
  ClientStream(net::ServerCall& call, net::TaskGroup& group, ClientStreamOptions options);
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;
  ~ClientStream();  ///< `settle` was awaited before

  /// Headers of the 200, as long as it has not gone out.
  void set_headers(std::vector<net::Header> headers);
  bool started() const;
  /// Writes, and begins the answer before if need be. Fails: Cancelled, UpstreamTimeout (slow).
  net::Task<Result<void>> write(std::string_view bytes);
  /// Has `bytes` written while its owner goes on; gives how many are not taken yet. If a write
  /// fails, the call's `gone` fires, and the rest is dropped.
  std::size_t write_behind(std::string_view bytes);
  /// Waits until at most `most` bytes are not taken. Fails as the write that failed.
  net::Task<Result<void>> catch_up(std::size_t most);
  /// Last bytes and the end.
  net::Task<Result<void>> finish(std::string_view bytes);
  /// No more pings; waits for one that is being written. To be awaited before destruction.
  net::Task<void> settle();

 private:
  struct State;
  static net::Task<void> send_ping(std::shared_ptr<State> state);
  static net::Task<void> send_behind(std::shared_ptr<State> state);
  static net::Task<Result<void>> begin(std::shared_ptr<State> state);
  static net::Task<void> wait_for_write(std::shared_ptr<State> state);
  static net::Task<void> wait_turn(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace naru::gateway
