#include "gateway/catalogue/catalogue.h"

#include "base/text.h"

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
    if (exchange.principal->may_use(*models.find(name), name))
      entries.push_back(entry_of(exchange, name, *models.find(name)));
  return exchange.dialect().write_models(entries);
}

Result<std::string> one_body(const Exchange& exchange) {
  const std::string& id = exchange.endpoint.id;
  const auto model = exchange.snapshot->get<Models>().find(id);
  const bool pattern = id.find('*') != std::string::npos;  // fits itself, and is no model
  if (pattern || model == nullptr || !exchange.principal->may_use(*model, id))
    return fail(FaultKind::ModelNotFound, "the model '{}' does not exist here, or not for this key",
                clipped(id, 120));
  return exchange.dialect().write_model(entry_of(exchange, id, *model));
}

/// The word stands in the message too, since Anthropic's set of error types has none for it.
Fault not_served(const Exchange& exchange) {
  const net::RequestHead& head = exchange.call.head();
  const std::string_view path = clipped(head.path, 200);
  Fault fault{.kind = FaultKind::UnsupportedEndpoint, .detail = {}};
  if (!exchange.endpoint.known_methods.empty())
    fault.detail = fmt::format("unsupported_endpoint: {} takes {}, not {}", path,
                               exchange.endpoint.known_methods, head.method);
  else
    fault.detail = fmt::format("unsupported_endpoint: {} {} is not served here; served are {}",
                               head.method, path, served_paths());
  return fault;
}

Result<std::string> body_for(const Exchange& exchange) {
  switch (exchange.endpoint.serves) {
    case Serves::ModelList:
      return list_body(exchange);
    case Serves::OneModel:
      return one_body(exchange);
    default:
      return fail(not_served(exchange));
  }
}

}  // namespace

net::Task<Result<void>> catalogue(Exchange& exchange) {
  Result<std::string> body = body_for(exchange);
  NARU_CO_TRY_VOID(body);
  net::ReplyHead head{.headers = exchange.common_headers()};
  head.headers.push_back({"content-type", "application/json"});
  auto sent = co_await exchange.call.reply(std::move(head), *body, exchange.until_written());
  co_return sent;
}

}  // namespace naru::gateway
