#pragma once
#include "gateway/exchange.h"

namespace naru::gateway {

/// The limits on one call to `target`.
const provider::Timeouts& timeouts_of(const Target& target);

/// One call to one target: what it is bounded by, how far it got, and what it gave.
struct Attempt {
  /// In `place` there. Lifetime: both outlive it.
  Attempt(Exchange& exchange, const Target& target_, Places::Lease place);

  const Target& target;
  net::Until until;                ///< of the exchange, or sooner
  std::uint64_t beside_bytes = 0;  ///< of memory that attempts beside it hold
  provider::Timeouts timeouts;
  std::string rule;  ///< why its target was called
  registry::Endpoints::InBackoff in_backoff = registry::Endpoints::InBackoff::Wait;

  bool called = false;           ///< it got as far as its target
  bool sent = false;             ///< its request has begun to leave, and was not refused
  bool refused_loss = false;     ///< the target could not carry all, which policy wants
  bool crowded = false;          ///< it was refused for want of room, while others were served
  std::uint64_t body_bytes = 0;  ///< of the request as it goes there
  std::vector<net::Header> returned = {};  ///< headers of the upstream that reach the client
  std::vector<chat::Loss> losses = {};
  std::optional<Monotonic> first_token = {};
  Monotonic ends = Monotonic::max();  ///< the whole answer has come, or is given up
  Answer answer = {};
  dialect::AnswerFacts facts = {};
};

/// Translates, connects, sends, and reads until the answer is whole (plain) or its first content
/// has come (stream). Fails: the fault of connection, time or provider; InvalidRequest when policy
/// refuses a loss. Lifetime: both outlive the task.
net::Task<Result<void>> run(Exchange& exchange, Attempt& attempt);

/// What an attempt that failed reports is owed to its upstream, whoever answers in the end; then
/// nothing of it is left to be estimated.
void owe(Exchange& exchange, Attempt& attempt);

/// The same of one that was called off; if it has reported nothing, its prompt is estimated.
void owe_called_off(Exchange& exchange, Attempt& attempt);

/// From here on the exchange is what this attempt, its last, made of it.
void adopt(Exchange& exchange, Attempt&& attempt);

}  // namespace naru::gateway
