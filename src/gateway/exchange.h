#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/json.h"
#include "dialect/translate.h"
#include "gateway/client_stream.h"
#include "gateway/queue/places.h"
#include "gateway/routes.h"
#include "gateway/services.h"
#include "gateway/wishes.h"
#include "net/http/server.h"
#include "provider/upstream.h"
#include "registry/snapshot.h"
#include "store/rows.h"

namespace naru::gateway {

/// Loss names in a header end after about so many bytes; the log has them all.
inline constexpr std::size_t kMaxLossHeaderBytes = 512;
inline constexpr std::size_t kMaxLossNameBytes = 128;
/// Longer names of models are refused; of theirs the ledger keeps so many bytes.
inline constexpr std::size_t kMaxModelBytes = 256;

/// For whom a call is. There is none without a key that we know and that is live.
struct Principal {
  std::int64_t key_id;
  std::string key_name;
  std::vector<std::string> models;  ///< names or patterns it may use; empty: all
  store::KeyLimits limits = {};
  Priority priority = Priority::Interactive;

  bool may_use(std::string_view name) const;
  /// By its own name, or by the one that was asked for.
  bool may_use(const ModelSpec& model, std::string_view asked) const {
    return may_use(asked) || may_use(model.name);
  }
};

/// One place a call may go, ready to be called.
struct Target {
  const TargetSpec* spec = nullptr;
  std::shared_ptr<const provider::Upstream> upstream = {};  ///< null for a deployment
  std::string deployment = {};                              ///< its name, or empty
  std::shared_ptr<Load> load = {};                          ///< of the place it names
  const dialect::Dialect* speaks = nullptr;                 ///< what the call goes on in
  /// Why it stands where it stands: a word of `Balance`, `spill`, `fallback`, `cooling`.
  std::string rule = {};
};

/// The targets of a call in the order they are to be tried, and why others are not among them.
struct Decision {
  std::vector<Target> order;
  struct Rejected {
    std::string upstream;
    std::string reason;
  };
  std::vector<Rejected> rejected;
};

/// What the attempts gave: a whole plain answer, or a stream whose first content has come.
struct Answer {
  std::string body;                                ///< plain: the client's bytes
  std::unique_ptr<net::ClientCall> upstream_call;  ///< stream: still open
  std::unique_ptr<wire::Splitter> splitter;        ///< stream: events not yet taken
  std::unique_ptr<dialect::AnswerStream> stream;
  dialect::AnswerStream::Progress progress = dialect::AnswerStream::Progress::Quiet;
  std::string held;     ///< stream: client bytes that wait for the commit
  Places::Lease place;  ///< at the upstream
  std::unique_ptr<registry::Endpoints::Lease> slot;  ///< at the engine, if one answers
  std::optional<Load::Lease> under_way;              ///< of the calls to its target

  /// The upstream computes for this call no more.
  void leave_upstream() {
    upstream_call.reset();
    slot.reset();
    under_way.reset();
    place = {};
  }
};

/// The request as engines of ours get it where that is not as it came: images it gave by address
/// have come along, or stay here. Never moved, since `tree` views `body`.
struct EngineRequest {
  std::string body;
  std::optional<json::Tree> tree = {};
  dialect::RequestScan scan = {};
  std::vector<chat::Loss> losses = {};
};

/// What account writes down of the attempts.
struct Trail {
  int attempts = 0;
  std::string upstream;
  std::string upstream_model;
  std::string rule;
  std::shared_ptr<const provider::Upstream> account = {};  ///< of the last attempt; null: an engine
  bool sent = false;  ///< its request has begun to leave, and was not refused
  /// Reported by attempts that failed, each with its last word; summed.
  std::optional<chat::Usage> failed_usage = {};
  bool failed_estimated = false;      ///< part of it, since nobody reported it
  std::chrono::nanoseconds queued{};  ///< in line for places
  bool forgone = false;               ///< a retry was due, but there was no budget for it
  std::optional<Monotonic> first_token = {};
  std::vector<net::Header> returned = {};  ///< headers of the upstream that reach the client
};

/// How an answer names its call: as OpenAI's clients look for it, and as Anthropic's do.
std::vector<net::Header> id_headers(std::string_view request_id);

/// One client request with all that happens to it. Lives in the frame of the pipeline's `serve`;
/// never moved, since `tree` views `body` and leases point into it.
class Exchange {
 public:
  Exchange(net::ServerCall& call_, Services& services_);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  net::Loop& loop() { return call.loop(); }
  Monotonic now() { return services.clock.now(); }
  /// Ends at `deadline`, or when the client is gone.
  net::Until until() { return {deadline, &call.gone()}; }
  const GatewaySettings& settings() const { return snapshot->get<GatewaySettings>(); }
  const LimitSettings& limits() const { return settings().limits; }
  const dialect::Dialect& dialect() const { return *endpoint.dialect; }
  /// For what is written once the answer is there: only the client can take too long.
  net::Until until_written() { return {now() + limits().write_timeout, &call.gone()}; }
  bool streams() const { return scan.stream && endpoint.operation != dialect::Operation::Embed; }
  Wait waits_for() const { return streams() ? Wait::FirstContent : Wait::WholeAnswer; }
  /// Holds memory for `bytes` beside the request. Fails: Overloaded.
  Result<void> hold_beside(std::uint64_t bytes);
  /// What the client wrote, as far as it becomes tokens. Cost: a walk over it, the first time.
  const chat::Tally& prompt();
  /// What `target` calls the model: by its own name for it, else by that which was asked for.
  const std::string& upstream_model(const TargetSpec& target) const;
  /// Headers each answer carries: ids, the key's limits, and once known the target and what was
  /// lost.
  std::vector<net::Header> common_headers() const;
  /// Names of the fields that were lost, as far as policy lets them be told and a header has room.
  std::string told_losses() const;

  net::ServerCall& call;
  Services& services;
  const ExchangeId id;
  const std::string request_id;
  const Monotonic began;
  const std::shared_ptr<const registry::Snapshot> snapshot;
  Monotonic deadline = Monotonic::max();         ///< never later than the client's
  Monotonic client_deadline = Monotonic::max();  ///< set by `x-request-timeout`

  // listen
  Endpoint endpoint;
  std::string client_request_id;
  std::vector<net::Header> cors;  ///< for a browser of a listed origin
  // authenticate
  std::optional<Principal> principal;
  Wishes wishes;
  dialect::RateLimits rate_limits;  ///< as the last stage that asked found them
  // understand
  std::optional<BodyMemory::Lease> body_memory;
  std::string body;
  std::optional<json::Tree> tree;
  dialect::RequestScan scan;
  // recall
  bool keeps_answer = false;          ///< for later requests to stand on
  std::string previous_answer;        ///< id of the one this request stands on, or empty
  std::vector<std::string> recalled;  ///< ids of the items of its input that were said before
  // admit
  std::shared_ptr<const ModelSpec> model;
  std::optional<telemetry::Metrics::InFlight> in_flight;
  Limiter::Lease allowance;  ///< tokens and a place of the key's limits
  // route
  Decision decision;
  // call
  std::unique_ptr<const EngineRequest> for_engines;  ///< null: as it came
  provider::Timeouts timeouts;                       ///< of the attempt
  Trail trail;
  std::vector<chat::Loss> losses;
  dialect::AnswerFacts facts;
  Answer answer;
  // stream
  std::optional<ClientStream> client;  ///< set for streamed answers
  /// Runs before the answer's last bytes go out; a fault replaces them by the dialect's error.
  net::Task<Result<void>> (*before_end)(Exchange&, Result<void> outcome) = nullptr;
  // account
  bool settled = false;

 private:
  std::optional<chat::Tally> prompt_;
};

/// `outcome`; but where time ran out that the client gave no more of, that is nobody's fault:
/// DeadlinePassed.
Result<void> weigh_time(Exchange& exchange, Result<void> outcome);

}  // namespace naru::gateway
