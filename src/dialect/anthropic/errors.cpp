#include "base/json_writer.h"
#include "dialect/anthropic/codec.h"
#include "dialect/anthropic/words.h"
#include "dialect/provider_words.h"

/// Source: Anthropic API reference, Errors.
namespace naru::dialect::anthropic_wire {
namespace {

constexpr std::size_t kMostTypeBytes = 64;  // of an upstream's own word
constexpr std::size_t kMostDetailsBytes = 4096;

struct ErrorRow {
  std::string_view type;
  int status;
};
// Anthropic's own types first; below them those llama-server uses for the same calls.
constexpr auto kErrorRows = std::to_array<ErrorRow>({
    {"invalid_request_error", 400},
    {"authentication_error", 401},
    {"billing_error", 402},
    {"permission_error", 403},
    {"not_found_error", 404},
    {"request_too_large", 413},
    {"rate_limit_error", 429},
    {"api_error", 500},
    {"timeout_error", 504},
    {"overloaded_error", 529},
    {"exceed_context_size_error", 400},
    {"unavailable_error", 503},
    {"server_error", 500},
});
constexpr std::size_t kOwnErrorRows = 10;

/// How a kind of fault reads to clients.
struct FaultWords {
  FaultKind kind;
  std::string_view type;
};
constexpr auto kFaultWords = std::to_array<FaultWords>({
    {FaultKind::InvalidRequest, "invalid_request_error"},
    {FaultKind::Unauthenticated, "authentication_error"},
    {FaultKind::Forbidden, "permission_error"},
    {FaultKind::ModelNotFound, "not_found_error"},
    {FaultKind::UnsupportedEndpoint, "not_found_error"},
    {FaultKind::NotFound, "not_found_error"},
    {FaultKind::Conflict, "invalid_request_error"},
    {FaultKind::TooLarge, "request_too_large"},
    {FaultKind::RequestTimeout, "invalid_request_error"},
    {FaultKind::RateLimited, "rate_limit_error"},
    {FaultKind::Overloaded, "overloaded_error"},
    {FaultKind::NoTarget, "overloaded_error"},
    {FaultKind::UpstreamRefused, "invalid_request_error"},
    {FaultKind::UpstreamAuth, "api_error"},
    {FaultKind::UpstreamSpent, "api_error"},
    {FaultKind::UpstreamMissing, "api_error"},
    {FaultKind::UpstreamFailed, "api_error"},
    {FaultKind::UpstreamInvalid, "api_error"},
    {FaultKind::UpstreamTimeout, "api_error"},
    {FaultKind::DeadlinePassed, "api_error"},
    {FaultKind::Cancelled, "api_error"},
    {FaultKind::Unavailable, "api_error"},
    {FaultKind::Internal, "api_error"},
});
static_assert(one_row_per_kind_in_order(kFaultWords));

/// What the upstream says about its refusal.
struct Said {
  std::string type;
  std::string message;
  std::string details = {};     // its JSON object, or empty
  std::string error_code = {};  // within them: finer than the type
};

/// What SDKs act on beside the words, if it is plain JSON of a reasonable size.
std::string read_details(json::ValueView error) {
  const std::optional<json::ValueView> details = find_object(error, "details");
  if (!details || details->raw().size() > kMostDetailsBytes) return {};
  return is_json_object(details->raw()) ? std::string(details->raw()) : std::string();
}

std::string read_error_code(json::ValueView error) {
  const std::optional<json::ValueView> details = find_object(error, "details");
  return details ? cleaned(text_of(*details, "error_code"), kMostTypeBytes) : std::string();
}

/// Looks into `{"error":{…}}`, and into the object itself as engines stream it.
Said read_said(json::ValueView body) {
  const std::optional<json::ValueView> inner = body.find("error");
  if (inner && inner->is_string()) return {.type = {}, .message = cleaned(inner->text())};
  const json::ValueView error = inner && inner->is_object() ? *inner : body;
  return {.type = cleaned(text_of(error, "type"), kMostTypeBytes),
          .message = cleaned(text_of(error, "message")),
          .details = read_details(error),
          .error_code = read_error_code(error)};
}

/// How a spent account is told, whatever status and type it comes with: a limit that its owner or
/// his tier set is a wrong request or a rate limit without a time to wait.
constexpr auto kSpentWords =
    std::to_array<std::string_view>({"credit balance is too low", "specified API usage limits",
                                     "workspace API usage limits", "enforced_spend_limit_reached"});

/// What no client can mend is the operator's.
FaultKind kind_of(int status, const Said& said) {
  const FaultKind kind = kind_of_status(status);
  if (kind != FaultKind::UpstreamRefused && kind != FaultKind::RateLimited) return kind;
  const bool spent = std::ranges::any_of(kSpentWords, [&](std::string_view words) {
    return said.message.contains(words) || said.error_code == words;
  });
  return spent ? FaultKind::UpstreamSpent : kind;
}

/// One sentence for the client; `how` is what the provider did. What it says about naru's own
/// account is never passed on: it names the organisation, and some repeat a part of the key.
std::string detail_of(FaultKind kind, std::string_view how, std::string_view message) {
  if (kind == FaultKind::UpstreamAuth || kind == FaultKind::UpstreamSpent)
    return fmt::format(
        "the provider {} over naru's own credential or account; the operator must mend it", how);
  if (kind == FaultKind::RateLimited)
    return fmt::format("the provider {}: naru's own account is at its limit; try again later", how);
  const std::string_view colon = message.empty() ? "" : ": ";
  if (kind == FaultKind::UpstreamMissing || kind == FaultKind::UpstreamInvalid)
    return fmt::format("the provider {}; naru may be configured with a wrong model or path{}{}",
                       how, colon, message);
  if (kind == FaultKind::UpstreamRefused && !message.empty()) return std::string(message);
  return fmt::format("the provider {}{}{}", how, colon, message);
}

/// The type word for a fault. A provider's own refusal keeps its word, if that is one of the
/// dialect's: the set is closed for clients.
std::string_view type_of(const Fault& fault) {
  const std::string_view usual = row_of(kFaultWords, fault.kind).type;
  if (fault.kind != FaultKind::UpstreamRefused) return usual;
  const auto own = std::span(kErrorRows).first(kOwnErrorRows);
  for (const ErrorRow& known : own)
    if (known.type == fault.code) return known.type;
  for (const ErrorRow& known : own)
    if (known.status == fault.upstream_status) return known.type;
  return usual;
}

}  // namespace

std::string write_error(const Fault& fault, std::string_view request_id) {
  std::string body;
  json::Writer out(body);
  out.object().field("type", "error");
  out.key("error").object();
  out.field("type", type_of(fault)).field("message", fault.detail);
  if (!fault.details.empty()) out.key("details").raw(fault.details);
  out.end_object();
  if (!request_id.empty()) out.field("request_id", request_id);
  out.end_object();
  return body;
}

std::string write_stream_error(const Fault& fault, std::string_view request_id) {
  std::string frame;
  wire::append_event(frame, "error", write_error(fault, request_id));
  return frame;
}

Fault read_error(int status, std::string_view body) {
  const Result<json::Tree> tree = json::Tree::parse(body, json::kFromUpstream);
  Said said = tree ? read_said(tree->root()) : Said{};
  const FaultKind kind = kind_of(status, said);
  return Fault{.kind = kind,
               .detail = detail_of(kind, fmt::format("answered HTTP {}", status), said.message),
               .origin = Origin::Upstream,
               .quotes = !said.message.empty(),
               .code = std::move(said.type),
               .details = kind == FaultKind::UpstreamRefused ? std::move(said.details) : "",
               .upstream_status = status};
}

Fault read_stream_error(json::ValueView body) {
  Said said = read_said(body);
  FaultKind kind = FaultKind::UpstreamFailed;
  for (const ErrorRow& known : kErrorRows)
    if (known.type == said.type) kind = kind_of(known.status, said);
  const std::string how = fmt::format("ended its answer with {}",
                                      said.type.empty() ? std::string_view("an error") : said.type);
  return Fault{.kind = kind,
               .detail = detail_of(kind, how, said.message),
               .origin = Origin::Upstream,
               .quotes = !said.message.empty(),
               .code = std::move(said.type)};
}

}  // namespace naru::dialect::anthropic_wire
