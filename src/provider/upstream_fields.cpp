#include "provider/upstream.h"

namespace naru::provider {
namespace {

using settings::Fields;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

constexpr const char* kNoSecrets =
    "documents hold no secrets: put it into an environment variable or a file and name that, as "
    "'credential: {env: OPENAI_API_KEY}'";

std::string_view base_url(std::string_view text) {
  return text.starts_with("unix:/") ? std::string_view{} : settings::http_url(text);
}

std::string_view proxy(std::string_view text) {
  if (text == "environment" || text == "none") return {};
  if (text.find('@') != text.npos)
    return "documents hold no passwords; give the proxy in HTTPS_PROXY and write 'environment'";
  const bool fits = text.starts_with("http://") && settings::http_url(text).empty();
  return fits ? std::string_view{}
              : "write 'environment', 'none' or a URL, as http://proxy.example.com:3128";
}

/// A key put here by mistake seldom has a slash.
std::string_view file_path(std::string_view text) {
  const bool fits = text.empty() || text.find('/') != text.npos;
  return fits ? std::string_view{} : "give a path with a slash, as ./openai.key";
}

std::string_view header_value(std::string_view text) {
  const bool fits = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
  return fits ? std::string_view{} : "use visible ASCII characters, without spaces";
}

const std::string& dialect_names() {
  static const std::string names = [] {
    std::string all;
    for (const dialect::Dialect* one : dialect::all_dialects())
      all += fmt::format("{}{}", all.empty() ? "" : ", ", one->name());
    return all;
  }();
  return names;
}

std::string_view dialect_name(std::string_view text) {
  static const std::string known = "write one of " + dialect_names();
  return dialect::find_dialect(text) != nullptr ? std::string_view{} : known;
}

const std::string& speaks_doc() {
  static const std::string doc =
      "Dialects that are spoken there, best first: " + dialect_names() +
      ". A call goes on in the client's own if it is among them, else in the first that can carry "
      "it. Left out: those of the provider; openai_compatible says openai_chat alone, since not "
      "every such server has the others.";
  return doc;
}

std::vector<std::string> provider_names() {
  std::vector<std::string> names;
  for (const ProviderRow& row : all_providers()) names.emplace_back(row.name);
  return names;
}

std::vector<Problem> check_credential(const CredentialRef& credential) {
  if (credential.env.empty() || credential.file.empty()) return {};
  return {{.path = "file", .text = "stands beside env; keep one of the two"}};
}

const Fields<CredentialRef>& credential_fields() {
  static const auto fields =
      Fields<CredentialRef>{}
          .text("env", &CredentialRef::env, settings::env_name,
                "Environment variable that holds the key. It is read at start and at each reload, "
                "and reaches no engine naru runs.")
          .hidden()
          .text("file", &CredentialRef::file, file_path,
                "File that holds the key, with or without a final newline. A change of the file is "
                "a reload, so a key can be replaced without a restart.")
          .hidden()
          .refuse("value", kNoSecrets)
          .refuse("key", kNoSecrets)
          .refuse("token", kNoSecrets)
          .check(check_credential);
  return fields;
}

const Fields<Timeouts>& timeouts_fields() {
  static const auto fields =
      Fields<Timeouts>{}
          .duration("connect", &Timeouts::connect, 10ms, 60s,
                    "Time for name, proxy, TCP and TLS together. When it passes, the next attempt "
                    "or target takes over.")
          .duration("first_token", &Timeouts::first_token, 100ms, 1h,
                    "Streams: time from the request to the first content. Models that think need "
                    "minutes; a shorter time fails over sooner and pays for answers nobody reads.")
          .duration("between_tokens", &Timeouts::between_tokens, 100ms, 1h,
                    "Streams: silence after content, pings aside. When it passes, the stream ends "
                    "with an error, since no other target can go on with it.")
          .duration("total", &Timeouts::total, 100ms, 24h,
                    "A whole attempt, plain or streamed, to its last byte; it ends the other times "
                    "too. Further attempts at a model's targets end with the sum of their totals.");
  return fields;
}

std::vector<Problem> check_concurrency(const Concurrency& concurrency) {
  if (concurrency.least <= concurrency.most) return {};
  return {{.path = "least",
           .text = fmt::format("is {}, more than most, {}; make it smaller", concurrency.least,
                               concurrency.most)}};
}

const Fields<Concurrency>& concurrency_fields() {
  static const auto fields =
      Fields<Concurrency>{}
          .integer("least", &Concurrency::least, 1, 1'000'000,
                   "So many calls at once it is always given, however often it refuses.")
          .integer("most", &Concurrency::most, 1, 1'000'000,
                   "So many calls at once it is never given more of: for a server of your own, "
                   "what it computes at once.")
          .check(check_concurrency);
  return fields;
}

std::vector<Problem> check_upstream(const UpstreamSpec& spec) {
  const ProviderRow* row = find_provider(spec.provider);
  if (row == nullptr) return {};  // the choice of words has said so
  std::vector<Problem> problems;
  if (row->base_url.empty() && spec.base_url.empty())
    problems.push_back({.path = "base_url",
                        .text = "is missing; add a line as 'base_url: http://127.0.0.1:8000/v1'"});
  const bool credential = !spec.credential.env.empty() || !spec.credential.file.empty();
  if (row->credential_required && !credential)
    problems.push_back({.path = "credential",
                        .text = "is missing; add a line as 'credential: {env: NAME_OF_VARIABLE}'"});
  if (spec.provider == "openai" || (spec.organization.empty() && spec.project.empty()))
    return problems;
  for (const auto& [path, value] :
       {std::pair{"organization", spec.organization}, std::pair{"project", spec.project}})
    if (!value.empty())
      problems.push_back({.path = path, .text = "is known to provider openai alone; take it out"});
  return problems;
}

}  // namespace

const Fields<UpstreamSpec>& upstream_fields() {
  static const auto fields =
      Fields<UpstreamSpec>{}
          .text("name", &UpstreamSpec::name, settings::dns_label,
                "Name of the account: targets, metrics and the ledger use it. Upstreams and "
                "deployments share one set of names.")
          .required("openai")
          .word("provider", &UpstreamSpec::provider, provider_names(),
                "What speaks there; it decides wire format, authentication and default URL.")
          .required("openai")
          .text("base_url", &UpstreamSpec::base_url, base_url,
                "Where calls go, as the provider's own SDK takes it: with /v1 for OpenAI and "
                "compatible servers, with or without for Anthropic. unix:/path/to.sock is a UNIX "
                "socket. "
                "Left out: the provider's own; openai_compatible has none.")
          .object("credential", &UpstreamSpec::credential, credential_fields(),
                  "Where the key is. No document holds a key itself.")
          .texts("speaks", &UpstreamSpec::speaks, dialect_name, speaks_doc().c_str())
          .text("country", &UpstreamSpec::country, settings::country_code,
                "ISO 3166 code of the country where requests are processed, as KR. Left out: "
                "unknown.")
          .text("ca_file", &UpstreamSpec::ca_file, settings::any_text,
                "PEM file of a private certificate authority, trusted for this upstream in place "
                "of the system's. Chain and host name are verified either way.")
          .text("proxy", &UpstreamSpec::proxy, proxy,
                "'environment' follows HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; 'none' "
                "connects directly; else the URL of an HTTP proxy.")
          .text("organization", &UpstreamSpec::organization, header_value,
                "OpenAI: organisation that is billed, sent as OpenAI-Organization.")
          .text("project", &UpstreamSpec::project, header_value,
                "OpenAI: project that is billed, sent as OpenAI-Project.")
          .choice("unknown_fields", &UpstreamSpec::unknown_fields,
                  {{"forward", UnknownFields::Forward}, {"refuse", UnknownFields::Refuse}},
                  "Request fields naru does not know: forwarded untouched, or the request is "
                  "refused with 400 naming them.")
          .object("timeouts", &UpstreamSpec::timeouts, timeouts_fields(),
                  "How long each phase of a call may take.")
          .object("concurrency", &UpstreamSpec::concurrency, concurrency_fields(),
                  "Calls at once. naru learns how many it serves: when it refuses some for want of "
                  "room (429 without a time, 503, 529, no answer in time), as many as go on, and "
                  "after 5 s without a refusal one more now and then. Further calls stand in line "
                  "(limits.queue).")
          .integer(
              "failures_to_open", &UpstreamSpec::failures_to_open, 0, 1'000,
              "After so many failures in a row calls are kept from it, but for one a second "
              "that shows how it does; other targets take over, else clients get 503 at once. "
              "If half of 20 or more within 5 s fail, the same. 0: never, as for a server with "
              "many models of which one may fail.")
          .refuse("api_key", kNoSecrets)
          .refuse("key", kNoSecrets)
          .refuse("token", kNoSecrets)
          .check(check_upstream);
  return fields;
}

}  // namespace naru::provider
