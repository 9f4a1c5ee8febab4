#include "gateway/admit/admit.h"

#include "base/text.h"

namespace naru::gateway {
namespace {

constexpr std::size_t kNamedModels = 3;
constexpr std::size_t kMaxShownBytes = 120;  // of a name the client made up

Fault unknown_model(const Exchange& exchange, const Models& models) {
  std::vector<std::string> usable;
  std::ranges::copy_if(models.names(), std::back_inserter(usable), [&](const std::string& name) {
    return exchange.principal->may_use(*models.find(name), name);
  });
  const std::string& asked = exchange.scan.model;
  const auto near = nearest(std::string(clipped(asked, kMaxShownBytes)), usable, kNamedModels);
  std::string detail =
      fmt::format("the model '{}' does not exist here", clipped(asked, kMaxShownBytes));
  if (near.empty())
    detail += "; GET /v1/models lists those there are";
  else
    detail += fmt::format("; did you mean {}?", fmt::join(near, ", "));
  return {.kind = FaultKind::ModelNotFound, .detail = std::move(detail), .param = "model"};
}

}  // namespace

net::Task<Result<void>> admit(Exchange& exchange) {
  if (exchange.scan.model.size() > kMaxModelBytes)
    co_return fail(Fault{.kind = FaultKind::InvalidRequest,
                         .detail = fmt::format("the model's name has {} bytes; at most {} can be",
                                               exchange.scan.model.size(), kMaxModelBytes),
                         .param = "model"});
  const Models& models = exchange.snapshot->get<Models>();
  exchange.model = models.find(exchange.scan.model);
  if (exchange.model == nullptr) co_return fail(unknown_model(exchange, models));
  if (!exchange.principal->may_use(*exchange.model, exchange.scan.model)) {
    co_return fail(Fault{.kind = FaultKind::Forbidden,
                         .detail = fmt::format("the key '{}' may not use the model '{}'",
                                               exchange.principal->key_name, exchange.scan.model),
                         .param = "model"});
  }
  exchange.in_flight.emplace(exchange.services.metrics.enter());
  co_return exchange.services.store.ready();
}

}  // namespace naru::gateway
