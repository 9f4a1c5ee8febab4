#include <charconv>

#include "base/json_writer.h"
#include "base/text.h"
#include "dialect/json_views.h"
#include "dialect/openai/openai.h"
#include "dialect/provider_words.h"

namespace naru::dialect::openai_wire {
namespace {

using json::ValueView;

constexpr std::size_t kLongestCode = 64;

/// How a kind of fault reads to clients.
struct FaultWords {
  FaultKind kind;
  std::string_view type;
  std::string_view code;  ///< empty is null
};
constexpr auto kFaultWords = std::to_array<FaultWords>({
    {FaultKind::InvalidRequest, "invalid_request_error", ""},
    {FaultKind::Unauthenticated, "invalid_request_error", "invalid_api_key"},
    {FaultKind::Forbidden, "invalid_request_error", "permission_denied"},
    {FaultKind::ModelNotFound, "invalid_request_error", "model_not_found"},
    {FaultKind::UnsupportedEndpoint, "invalid_request_error", "unsupported_endpoint"},
    {FaultKind::NotFound, "invalid_request_error", "not_found"},
    {FaultKind::Conflict, "invalid_request_error", "conflict"},
    {FaultKind::TooLarge, "invalid_request_error", "request_too_large"},
    {FaultKind::RequestTimeout, "invalid_request_error", "request_timeout"},
    {FaultKind::RateLimited, "rate_limit_error", "rate_limit_exceeded"},
    {FaultKind::Overloaded, "server_error", "overloaded"},
    {FaultKind::NoTarget, "server_error", "no_target"},
    {FaultKind::UpstreamRefused, "invalid_request_error", ""},
    {FaultKind::UpstreamAuth, "server_error", "upstream_auth"},
    {FaultKind::UpstreamSpent, "server_error", "upstream_spent"},
    {FaultKind::UpstreamMissing, "server_error", "upstream_missing"},
    {FaultKind::UpstreamFailed, "server_error", "upstream_failed"},
    {FaultKind::UpstreamInvalid, "server_error", "upstream_invalid"},
    {FaultKind::UpstreamTimeout, "server_error", "upstream_timeout"},
    {FaultKind::DeadlinePassed, "server_error", "deadline_exceeded"},
    {FaultKind::Cancelled, "server_error", "cancelled"},
    {FaultKind::Unavailable, "server_error", "unavailable"},
    {FaultKind::Internal, "server_error", "internal_error"},
});
static_assert(one_row_per_kind_in_order(kFaultWords));

/// What an error object says, whichever server wrote it.
struct Said {
  std::string message;
  std::string type;
  std::string param;
  std::string code;
  int status = 0;        ///< from a numeric code
  bool flagged = false;  ///< OpenRouter: by the moderation that the model requires
  bool daily = false;    ///< Google: a quota by the day, not by the minute
  std::optional<std::chrono::milliseconds> retry_after = {};  ///< Google's, in the body alone
};

/// How providers begin to say that a key is wrong, where neither status nor code does. Only the
/// beginning counts: what a client wrote is quoted further on.
constexpr auto kKeyRefused = std::to_array<std::string_view>(
    {"incorrect api key", "invalid api key", "api key not valid", "no api key"});

/// FastAPI's `detail`: a sentence, or a list of `{loc, msg}`.
std::string detail_of(ValueView detail) {
  if (detail.is_string()) return std::string(detail.text());
  for (const ValueView one : detail) return std::string(text_of(one, "msg"));
  return {};
}

void read_code(ValueView error, Said& said) {
  const std::optional<ValueView> code = error.find("code");
  if (!code) return;
  if (code->is_string()) said.code = cleaned(code->text(), kLongestCode);
  const std::int64_t number = code->integer().value_or(0);
  if (number >= 400 && number <= 599) said.status = static_cast<int>(number);
}

/// `22s` or `22.5s`. Source: google.protobuf.Duration, JSON mapping.
std::optional<std::chrono::milliseconds> find_duration(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole =
      error == std::errc{} && std::string_view(end, text.data() + text.size()) == "s";
  if (!whole || !(seconds >= 0 && seconds <= 86'400)) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

/// Source: google.rpc, RetryInfo and QuotaFailure.
void read_google_details(ValueView error, Said& said) {
  const std::optional<ValueView> details = find_array(error, "details");
  if (!details) return;
  for (const ValueView one : *details) {
    if (const auto wait = find_duration(text_of(one, "retryDelay"))) said.retry_after = wait;
    const std::optional<ValueView> violations = find_array(one, "violations");
    if (!violations) continue;
    for (const ValueView violation : *violations)
      if (text_of(violation, "quotaId").contains("PerDay")) said.daily = true;
  }
}

/// `{"error":{…}}`, `{"error":"…"}`, `{"object":"error",…}`, `{"message":…}`, `{"detail":…}`, or
/// a list that begins with one of these.
Said said_in(ValueView root) {
  Said said;
  if (root.is_array() && root.size() > 0) root = *root.begin();
  const std::optional<ValueView> error = root.find("error");
  if (error && error->is_string()) {
    said.message = error->text();
    return said;
  }
  const ValueView body = error && error->is_object() ? *error : root;
  said.message = text_of(body, "message");
  if (const auto detail = body.find("detail"); detail && said.message.empty())
    said.message = detail_of(*detail);
  said.type = cleaned(text_of(body, "type"), kLongestCode);
  said.param = cleaned(text_of(body, "param"), kLongestCode);
  read_code(body, said);
  const std::optional<ValueView> metadata = find_object(body, "metadata");
  read_google_details(body, said);
  said.flagged = metadata && metadata->find("flagged_input").has_value();
  return said;
}

struct WordRow {
  std::string_view word;  ///< of `code` or `type`
  FaultKind kind;
  bool outranks;  ///< also a status that says something else; other words tell what none does
};
/// What providers' words mean. Sources: OpenAI, Error codes; Azure OpenAI, Content filtering;
/// OpenRouter, Errors; Moonshot, Errors; DeepSeek, Error Codes; llama-server's and vLLM's own.
constexpr auto kWords = std::to_array<WordRow>({
    // clang-format off
    // No quota or money: comes as 429 or 403, but nothing changes until an operator acts.
    {"insufficient_quota",            FaultKind::UpstreamSpent, true},
    {"credit_balance_exhausted",      FaultKind::UpstreamSpent, true},
    {"organization_spend_limit_exceeded", FaultKind::UpstreamSpent, true},
    {"organization_usage_limit_exceeded", FaultKind::UpstreamSpent, true},
    {"project_spend_limit_exceeded",  FaultKind::UpstreamSpent, true},
    {"billing_hard_limit_reached",    FaultKind::UpstreamSpent, true},
    {"billing_not_active",            FaultKind::UpstreamSpent, true},
    {"exceeded_current_quota_error",  FaultKind::UpstreamSpent, true},
    // Refused for what it says: comes as 403 too, which is no fault of the credential.
    {"content_filter",                FaultKind::UpstreamRefused, true},
    {"content_policy_violation",      FaultKind::UpstreamRefused, true},
    {"moderation_blocked",            FaultKind::UpstreamRefused, true},
    {"ResponsibleAIPolicyViolation",  FaultKind::UpstreamRefused, true},
    // No room for anybody: comes as 429 too.
    {"engine_overloaded_error",       FaultKind::Overloaded, true},
    {"overloaded",                    FaultKind::Overloaded, false},
    {"overloaded_error",              FaultKind::Overloaded, false},
    {"server_is_overloaded",          FaultKind::Overloaded, false},
    {"service_unavailable_error",     FaultKind::Overloaded, false},
    {"unavailable_error",             FaultKind::Overloaded, false},
    {"invalid_api_key",               FaultKind::UpstreamAuth, false},
    {"authentication_error",          FaultKind::UpstreamAuth, false},
    {"permission_denied",             FaultKind::UpstreamAuth, false},
    {"permission_error",              FaultKind::UpstreamAuth, false},
    {"model_not_found",               FaultKind::UpstreamMissing, false},
    {"rate_limit_exceeded",           FaultKind::RateLimited, false},
    {"rate_limit_error",              FaultKind::RateLimited, false},
    {"requests",                      FaultKind::RateLimited, false},
    {"tokens",                        FaultKind::RateLimited, false},
    {"context_length_exceeded",       FaultKind::UpstreamRefused, false},
    {"invalid_request_error",         FaultKind::UpstreamRefused, false},
    {"BadRequestError",               FaultKind::UpstreamRefused, false},
    {"exceed_context_size_error",     FaultKind::UpstreamRefused, false},
    // clang-format on
});
constexpr WordRow kRefusesKey{{}, FaultKind::UpstreamAuth, false};
constexpr WordRow kFlagged{{}, FaultKind::UpstreamRefused, true};
constexpr WordRow kDailyQuota{{}, FaultKind::UpstreamSpent, true};

/// The first row that anything in `said` fits; null if none does.
const WordRow* row_for(const Said& said) {
  if (said.flagged) return &kFlagged;
  if (said.daily) return &kDailyQuota;
  const std::string message = to_lower(clipped(said.message, kLongestCode));
  if (std::ranges::any_of(kKeyRefused, [&](auto words) { return message.starts_with(words); }))
    return &kRefusesKey;
  for (const std::string_view word : {std::string_view(said.code), std::string_view(said.type)}) {
    const auto row = std::ranges::find(kWords, word, &WordRow::word);
    if (row != kWords.end()) return &*row;
  }
  return nullptr;
}

/// A specific word outranks the status: quotas come as 429, unknown keys as 400.
FaultKind kind_of(int status, const Said& said) {
  const WordRow* row = row_for(said);
  const bool vague = status == 0 || status == 400;
  if (row != nullptr && (row->outranks || vague)) return row->kind;
  if (status == 0) status = said.status != 0 ? said.status : 500;
  return kind_of_status(status);
}

/// naru's own words for what is the operator's to mend; a provider's tell too much about him.
std::string own_words(FaultKind kind) {
  switch (kind) {
    case FaultKind::UpstreamSpent:
      return "the upstream's account has no credit left";
    case FaultKind::UpstreamAuth:
      return "the upstream refuses naru's credential";
    case FaultKind::RateLimited:
      return "the upstream's rate limit is reached; try again later";
    case FaultKind::UpstreamTimeout:
      return "the upstream took too long";
    case FaultKind::Overloaded:
      return "the upstream has no room now; try again later";
    case FaultKind::UpstreamMissing:
      return "the upstream does not know the model or call it is configured for";
    default:
      return "the upstream failed";
  }
}

Fault fault_of(int status, const Said& said) {
  Fault fault{.kind = kind_of(status, said), .detail = {}, .origin = Origin::Upstream};
  fault.upstream_status = status != 0 ? status : said.status;
  fault.retry_after = said.retry_after;
  if (fault.kind != FaultKind::UpstreamRefused) {
    fault.detail = own_words(fault.kind);
    if (fault.upstream_status != 0)
      fault.detail += fmt::format(" (status {})", fault.upstream_status);
    return fault;
  }
  if (status == 0) fault.upstream_status = said.status != 0 ? said.status : 400;
  fault.detail = cleaned(said.message);
  fault.quotes = true;
  if (fault.detail.empty())
    fault.detail =
        fmt::format("the upstream refuses the request (status {})", fault.upstream_status);
  fault.param = said.param;
  fault.code = said.code;
  return fault;
}

}  // namespace

Fault read_error(int status, std::string_view body) {
  const Result<json::Tree> tree = json::Tree::parse(body, json::kFromUpstream);
  return fault_of(status, tree ? said_in(tree->root()) : Said{});
}

std::unexpected<Fault> broken(std::string_view subject, std::string_view what) {
  return fail({.kind = FaultKind::UpstreamInvalid,
               .detail = fmt::format("the upstream's {} {}", subject, what),
               .origin = Origin::Upstream});
}

std::optional<Fault> find_error(json::ValueView root) {
  const std::optional<ValueView> error = root.find("error");
  const bool says_error =
      (error && (error->is_object() || error->is_string())) || text_of(root, "object") == "error";
  if (!says_error) return std::nullopt;
  return fault_of(0, said_in(root));
}

std::optional<Fault> find_event_error(const wire::EventView& event) {
  constexpr std::string_view kErrorField = "error:";
  const bool as_field = !event.has_data && event.raw.starts_with(kErrorField);
  if (!as_field && event.event != "error") return std::nullopt;
  const std::string_view text =
      as_field ? trim(event.raw.substr(kErrorField.size(),
                                       event.raw.find_first_of("\r\n") - kErrorField.size()))
               : event.data;
  const Result<json::Tree> tree = json::Tree::parse(text, json::kFromUpstream);
  return fault_of(0, tree ? said_in(tree->root()) : Said{});
}

std::string write_error(const Fault& fault) {
  const FaultWords& shown = row_of(kFaultWords, fault.kind);
  const std::string_view code = fault.code.empty() ? shown.code : fault.code;
  std::string body;
  json::Writer out(body);
  out.object().key("error").object();
  out.field("message", fault.detail).field("type", shown.type).key("param");
  if (fault.param.empty())
    out.null();
  else
    out.text(fault.param);
  out.key("code");
  if (code.empty())
    out.null();
  else
    out.text(code);
  out.end_object().end_object();
  return body;
}

}  // namespace naru::dialect::openai_wire
