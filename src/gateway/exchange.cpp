#include "gateway/exchange.h"

#include "base/text.h"

namespace naru::gateway {

bool Principal::may_use(std::string_view model) const {
  if (models.empty()) return true;
  return std::ranges::any_of(
      models, [&](const std::string& allowed) { return matches_pattern(allowed, model); });
}

std::vector<net::Header> id_headers(std::string_view request_id) {
  const std::string id(request_id);
  return {{"x-request-id", id}, {"request-id", id}};
}

Exchange::Exchange(net::ServerCall& call_, Services& services_)
    : call(call_),
      services(services_),
      id(services_.ids.next()),
      request_id(naru::request_id(id)),
      began(services_.clock.now()),
      snapshot(services_.snapshots.pin(call_.loop().index())) {}

Result<void> Exchange::hold_beside(std::uint64_t bytes) {
  std::uint64_t held = body.capacity() + tree->held_bytes();
  if (for_engines) held += for_engines->body.capacity() + for_engines->tree->held_bytes();
  return body_memory->grow_to(held + bytes, limits().body_memory_bytes);
}

const chat::Tally& Exchange::prompt() {
  if (prompt_) return *prompt_;
  prompt_.emplace();
  for (const json::Span& span : scan.texts) {
    const auto quoted = std::string_view(body).substr(span.begin, span.end - span.begin);
    if (quoted.find('\\') == std::string_view::npos) {
      prompt_->add(quoted.substr(1, quoted.size() - 2));
    } else if (const auto text = json::Tree::parse(quoted)) {
      prompt_->add(text->root().text());
    }
  }
  return *prompt_;
}

/// A name the document spells out stands for the model; one that a pattern fits, for itself.
const std::string& Exchange::upstream_model(const TargetSpec& target) const {
  if (!target.model.empty()) return target.model;
  const std::string& asked = scan.model;
  const bool alias = std::ranges::find(model->aliases, asked) != model->aliases.end();
  return alias && !is_pattern(model->name) ? model->name : asked;
}

std::vector<net::Header> Exchange::common_headers() const {
  std::vector<net::Header> headers = cors;
  for (net::Header& id_header : id_headers(request_id)) headers.push_back(std::move(id_header));
  std::string limit_names;
  for (auto& [name, value] : dialect().rate_limit_headers(rate_limits, services.clock.wall_now())) {
    if (!cors.empty()) limit_names += fmt::format("{}{}", limit_names.empty() ? "" : ", ", name);
    headers.push_back({std::move(name), std::move(value)});
  }
  if (!limit_names.empty())
    headers.push_back({"access-control-expose-headers", std::move(limit_names)});
  headers.insert(headers.end(), trail.returned.begin(), trail.returned.end());
  if (!trail.upstream.empty()) headers.push_back({"x-naru-upstream", trail.upstream});
  if (!trail.upstream_model.empty())
    headers.push_back({"x-naru-upstream-model", trail.upstream_model});
  if (trail.queued.count() > 0)
    headers.push_back(
        {"x-naru-queued-ms",
         fmt::format("{}", std::chrono::ceil<std::chrono::milliseconds>(trail.queued).count())});
  if (std::string names = told_losses(); !names.empty())
    headers.push_back({"x-naru-loss", std::move(names)});
  return headers;
}

std::string Exchange::told_losses() const {
  std::string names;
  if (!model || model->on_loss == LossPolicy::Drop) return names;
  for (const auto* lost : {&losses, &facts.losses})
    for (const chat::Loss& loss : *lost) {
      if (names.size() > kMaxLossHeaderBytes) return names;
      names += names.empty() ? "" : ", ";
      names += clipped(loss.field, kMaxLossNameBytes);
    }
  return names;
}

Result<void> weigh_time(Exchange& exchange, Result<void> outcome) {
  if (outcome || exchange.now() < exchange.client_deadline) return outcome;
  const FaultKind kind = outcome.error().kind;
  if (kind != FaultKind::UpstreamTimeout && kind != FaultKind::RequestTimeout) return outcome;
  return fail(FaultKind::DeadlinePassed, "the {} s that {} gave the call have passed",
              timeout_value(*exchange.wishes.timeout), kTimeoutHeader);
}

}  // namespace naru::gateway
