#pragma once
#include <atomic>
#include <string>

#include "mock/answer.h"
#include "mock/journal.h"
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
  Answer answer_for(const net::RequestHead& head, const Ask& ask, std::uint64_t number);

  Script& script_;
  Journal& journal_;
  std::uint64_t seed_;
};

/// Sends an answer piece by piece, with its waits; false if the client left before its end.
/// Lifetime: `call` lives until it returns.
net::Task<bool> play(net::ServerCall& call, Answer answer);

}  // namespace naru::mock
