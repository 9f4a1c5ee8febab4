#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace naru {

/// What went wrong, as far as a caller or a client reacts to it differently. One row each in
/// `kFaultRows`.
enum class FaultKind : std::uint8_t {
  InvalidRequest,       ///< the client's bytes cannot be understood or ask for the impossible
  Unauthenticated,      ///< no key, or one we do not know
  Forbidden,            ///< a known key that may not do this
  ModelNotFound,        ///< no model of that public name, or none this key may see
  UnsupportedEndpoint,  ///< a path we do not serve
  NotFound,             ///< nothing of that id, or nothing this key may see
  Conflict,             ///< the state it asks to change is not what it thinks
  TooLarge,             ///< a bound on size was passed
  RequestTimeout,       ///< the client's body did not arrive in time
  RateLimited,          ///< too many, too fast; comes with a time to wait
  Overloaded,           ///< no room now: queue, memory, engine loading
  NoTarget,             ///< every target of the model is unusable
  UpstreamRefused,      ///< the provider answered 4xx that is the client's to mend
  UpstreamAuth,         ///< the provider refused naru's own credential: the operator's to mend
  UpstreamSpent,        ///< its account there has no quota or money left: the operator's to mend
  UpstreamMissing,      ///< the provider does not know the model or path that is configured
  UpstreamFailed,       ///< connection, TLS or 5xx of the provider
  UpstreamInvalid,      ///< the provider's bytes break its own protocol
  UpstreamTimeout,      ///< connect, first token, between tokens or total time passed
  DeadlinePassed,       ///< the time that the client gave the call
  Cancelled,            ///< the client went away, or we are stopping
  Unavailable,          ///< the store cannot record what must be recorded
  Internal,             ///< our own mistake
};
inline constexpr std::size_t kFaultKinds = static_cast<std::size_t>(FaultKind::Internal) + 1;

/// Where a fault arose.
enum class Origin : std::uint8_t { Naru, Client, Upstream };

/// An error as a value.
struct Fault {
  FaultKind kind = FaultKind::Internal;
  std::string detail;  ///< one sentence for the client: what, where, the value, what to do
  Origin origin = Origin::Naru;
  bool quotes = false;       ///< `detail` repeats a provider's words: for the client, not for logs
  std::string param = {};    ///< path of the offending field, `messages[0].content`, or empty
  std::string code = {};     ///< a provider's own code, kept for the same dialect, or empty
  std::string details = {};  ///< JSON object beside the words, for SDKs of the dialect, or empty
  int upstream_status = 0;   ///< HTTP status the provider gave, or 0
  std::optional<std::chrono::milliseconds> retry_after = {};  ///< a true time to wait, if known
};

/// How one kind of fault shows itself outside.
struct FaultRow {
  FaultKind kind;
  int status;             ///< HTTP status towards the client
  bool ours;              ///< an operator wants to see it: logged as warning
  std::string_view word;  ///< our own name: logs, metrics (`error.type`), ledger
};

inline constexpr auto kFaultRows = std::to_array<FaultRow>({
    // clang-format off
    // kind, status, ours, word
    {FaultKind::InvalidRequest,      400, false, "invalid_request"},
    {FaultKind::Unauthenticated,     401, false, "unauthenticated"},
    {FaultKind::Forbidden,           403, false, "forbidden"},
    {FaultKind::ModelNotFound,       404, false, "model_not_found"},
    {FaultKind::UnsupportedEndpoint, 404, false, "unsupported_endpoint"},
    {FaultKind::NotFound,            404, false, "not_found"},
    {FaultKind::Conflict,            409, false, "conflict"},
    {FaultKind::TooLarge,            413, false, "too_large"},
    {FaultKind::RequestTimeout,      408, false, "request_timeout"},
    {FaultKind::RateLimited,         429, false, "rate_limited"},
    {FaultKind::Overloaded,          503, true,  "overloaded"},
    {FaultKind::NoTarget,            503, true,  "no_target"},
    {FaultKind::UpstreamRefused,     400, false, "upstream_refused"},
    {FaultKind::UpstreamAuth,        502, true,  "upstream_auth"},
    {FaultKind::UpstreamSpent,       502, true,  "upstream_spent"},
    {FaultKind::UpstreamMissing,     502, true,  "upstream_missing"},
    {FaultKind::UpstreamFailed,      502, true,  "upstream_failed"},
    {FaultKind::UpstreamInvalid,     502, true,  "upstream_invalid"},
    {FaultKind::UpstreamTimeout,     504, true,  "upstream_timeout"},
    {FaultKind::DeadlinePassed,      504, false, "deadline_exceeded"},
    {FaultKind::Cancelled,           499, false, "abandoned"},
    {FaultKind::Unavailable,         503, true,  "unavailable"},
    {FaultKind::Internal,            500, true,  "internal"},
    // clang-format on
});

/// The row of `kind` in a table that has one for each, as `kFaultRows` or a dialect's words.
template <class Row>
constexpr const Row& row_of(const std::array<Row, kFaultKinds>& rows, FaultKind kind) {
  return rows[static_cast<std::size_t>(kind)];
}
constexpr const FaultRow& row(FaultKind kind) { return row_of(kFaultRows, kind); }

/// Status a client sees: a provider's own 4xx that is the client's to mend keeps its number.
constexpr int status_of(const Fault& fault) {
  const bool keeps = fault.kind == FaultKind::UpstreamRefused && fault.upstream_status >= 400 &&
                     fault.upstream_status < 500;
  return keeps ? fault.upstream_status : row(fault.kind).status;
}

/// What every such table is to be asserted of.
template <class Row>
constexpr bool one_row_per_kind_in_order(const std::array<Row, kFaultKinds>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (static_cast<std::size_t>(rows[i].kind) != i) return false;
  return true;
}
static_assert(one_row_per_kind_in_order(kFaultRows));

}  // namespace naru
