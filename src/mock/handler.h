#pragma once
#include <atomic>
#include <string>

#include "mock/journal.h"
#include "mock/replay.h"
#include "mock/script.h"
#include "net/http/server.h"

namespace naru::mock {

/// Answers the mock's listener. Safe to call from each loop.
class MockHandler final : public net::Handler {
 public:
  /// Lifetime: `script` and `journal` outlive it.
  MockHandler(Script& script, Journal& journal, std::uint64_t seed)
      : script_(script), journal_(journal), seed_(seed) {}
  net::Task<void> serve(net::ServerCall& call) override;
  net::Refusal refusal(const Fault& fault, std::string_view target) override;

 private:
  net::Task<void> serve_journal(net::ServerCall& call);
  net::Task<void> serve_provider(net::ServerCall& call);
  Plan plan_for(const net::RequestHead& head, const Ask& ask);
  Replay replay_for(const Ask& ask, const Plan& plan, std::uint64_t seed);

  Script& script_;
  Journal& journal_;
  std::uint64_t seed_;
  Shelf shelf_;
};

/// Sends an answer piece by piece, with its waits; false if the client left before its end.
/// Lifetime: `call` lives until it returns.
net::Task<bool> play(net::ServerCall& call, Replay replay, Pace pace);

/// What tells a client when to come again.
std::vector<net::Header> retry_headers(const Retry& retry, WallTime now);

}  // namespace naru::mock
