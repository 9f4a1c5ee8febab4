#pragma once
#include <span>

#include "gateway/exchange.h"

namespace naru::gateway {

/// One step of the way of a request.
struct Stage {
  /// For which endpoints a stage runs.
  enum class For : std::uint8_t { Every, Open, Known, Catalogue, Kept, Operations };
  std::string_view name;
  For runs_for;
  net::Task<Result<void>> (*run)(Exchange&);
  std::string_view reason;  ///< why it stands where it stands
};

/// The way of a request, in order.
std::span<const Stage> stages();

/// Answers every call of the data listener: runs the stages until one has answered or failed, then
/// settles the account and tells the client of the failure in its dialect.
class Pipeline final : public net::Handler {
 public:
  /// Lifetime: `services` outlives it.
  explicit Pipeline(Services& services) : services_(services) {}
  net::Task<void> serve(net::ServerCall& call) override;
  net::Refusal refusal(const Fault& fault, std::string_view target) override;

 private:
  Services& services_;
};

}  // namespace naru::gateway
