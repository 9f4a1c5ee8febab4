#include "gateway/catalogue/catalogue.h"

namespace naru::gateway {
namespace {

dialect::ModelEntry entry_of(const Exchange& exchange, const std::string& name,
                             const ModelSpec& model) {
  // No provider tells when a public name was made; the time of the configuration is what there is.
  return {.id = name, .created_s = exchange.snapshot->published_s(), .owned_by = model.owned_by};
}

std::string list_body(const Exchange& exchange) {
  const Models& models = exchange.snapshot->get<Models>();
  std::vector<dialect::ModelEntry> entries;
  for (const std::string& name : models.names())
    if (exchange.principal->may_use(name))
      entries.push_back(entry_of(exchange, name, *models.find(name)));
  return exchange.dialect().write_models(entries);
}

Result<std::string> one_body(const Exchange& exchange) {
  const std::string& id = exchange.endpoint.model;
  const auto model = exchange.snapshot->get<Models>().find(id);
  if (model == nullptr || !exchange.principal->may_use(id))
    return fail(FaultKind::ModelNotFound, "the model '{}' does not exist here, or not for this key",
                id.substr(0, 120));
  return exchange.dialect().write_model(entry_of(exchange, id, *model));
}

}  // namespace

net::Task<Result<void>> catalogue(Exchange& exchange) {
  Result<std::string> body = exchange.endpoint.serves == Serves::ModelList
                                 ? Result<std::string>(list_body(exchange))
                                 : one_body(exchange);
  NARU_CO_TRY_VOID(body);
  net::ReplyHead head{.headers = exchange.common_headers()};
  head.headers.push_back({"content-type", "application/json"});
  auto sent = co_await exchange.call.reply(std::move(head), *body, exchange.until());
  co_return sent;
}

}  // namespace naru::gateway
