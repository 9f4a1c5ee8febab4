#include "net/http/client.h"

#include "net/http/client/call.h"
#include "net/http/client/connect.h"
#include "net/http/client/pool.h"
#include "net/http/client/request_head.h"

namespace naru::net {
namespace {

using CallPtr = std::unique_ptr<ClientCall>;
using RemotePtr = std::shared_ptr<const HttpRemote>;

/// A peer that had closed a connection before our request came says so within one round trip.
/// Later it may have worked on the request, which is not sent again behind the caller's back.
constexpr std::chrono::milliseconds kRoundTrip{300};

class PooledClient final : public HttpClient {
 public:
  PooledClient(Loop& loop, Resolver& resolver)
      : loop_(loop), resolver_(resolver), pool_(loop.timers()) {}

  Task<Result<CallPtr>> send(std::shared_ptr<const Remote> remote, ClientRequest request,
                             Until until) override {
    // There is no other kind: Remote::make makes this one.
    const auto to = std::static_pointer_cast<const HttpRemote>(remote);
    NARU_CO_TRY(const std::string head, write_request_head(*to, request));
    if (until.stopped()) co_return fail(FaultKind::Cancelled, "nobody waits for an answer");

    if (PooledStream idle = pool_.take(to->key()); idle.stream != nullptr) {
      auto call = std::make_unique<HttpCall>(to, HttpCall::Connection{std::move(idle)}, pool_);
      if (request.leaves != nullptr) *request.leaves = true;
      const Monotonic began = loop_.clock().now();
      const auto opened = co_await call->open(head, request, until);
      if (opened) co_return CallPtr(std::move(call));
      // The peer may have closed an idle connection just as we chose it: RFC 9112, 9.3.1.
      const bool stale = opened.error().kind == FaultKind::UpstreamFailed && call->unanswered() &&
                         loop_.clock().now() - began <= kRoundTrip;
      if (!stale) co_return fail(opened.error());
    }
    co_return co_await send_fresh(to, head, request, until);
  }

  std::size_t idle_connections() const override { return pool_.size(); }
  void close_idle() override { pool_.clear(); }

 private:
  /// Lifetime: `head` stays until the task ends.
  Task<Result<CallPtr>> send_fresh(RemotePtr to, std::string_view head, ClientRequest request,
                                   Until until) {
    const Monotonic began = loop_.clock().now();
    auto connected = co_await connect(loop_, resolver_, to, until);
    NARU_CO_TRY(auto stream, std::move(connected));
    const Monotonic now = loop_.clock().now();
    auto call = std::make_unique<HttpCall>(
        to, HttpCall::Connection{{std::move(stream), now}, now - began}, pool_);
    if (request.leaves != nullptr) *request.leaves = true;
    const auto opened = co_await call->open(head, request, until);
    NARU_CO_TRY_VOID(opened);
    co_return CallPtr(std::move(call));
  }

  Loop& loop_;
  Resolver& resolver_;
  Pool pool_;
};

}  // namespace

std::unique_ptr<HttpClient> HttpClient::make(Loop& loop, Resolver& resolver) {
  return std::make_unique<PooledClient>(loop, resolver);
}

}  // namespace naru::net
