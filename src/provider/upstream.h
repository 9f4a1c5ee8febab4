#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/problem.h"
#include "base/secret.h"
#include "base/settings/fields.h"
#include "dialect/dialect.h"
#include "net/http/client.h"

namespace naru::provider {

/// Where a credential is, so that no document holds one.
struct CredentialRef {
  std::string env = {};   ///< name of an environment variable
  std::string file = {};  ///< path of a file; its text without the final newline
};

struct Timeouts {
  std::chrono::milliseconds connect{2'000};           ///< name, TCP and TLS
  std::chrono::milliseconds first_token{300'000};     ///< streams: until content; models may think
  std::chrono::milliseconds between_tokens{120'000};  ///< streams: silence after content
  std::chrono::milliseconds total{600'000};           ///< a whole attempt; and all at one target
};

/// How many calls an upstream takes at once; between the two it is learnt.
struct Concurrency {
  std::uint32_t least = 1;
  std::uint32_t most = 10'000;
};

enum class UnknownFields : std::uint8_t { Forward, Refuse };

/// A provider account as an operator declares it (document kind `Upstream`).
struct UpstreamSpec {
  std::string name;
  std::string provider;       ///< a row of `all_providers()`
  std::string base_url = {};  ///< empty: the provider's own
  CredentialRef credential = {};
  std::string country = {};  ///< ISO 3166 code of where requests are processed, or empty
  /// Names of the dialects it speaks, best first; empty: those of its provider.
  std::vector<std::string> speaks = {};
  std::string ca_file = {};
  std::string proxy = "environment";  ///< `environment`, `none` or a URL
  std::string organization = {};      ///< openai: sent as OpenAI-Organization
  std::string project = {};           ///< openai: sent as OpenAI-Project
  UnknownFields unknown_fields = UnknownFields::Forward;
  Timeouts timeouts = {};
  Concurrency concurrency = {};
  std::uint32_t failures_to_open = 5;  ///< in a row, until calls are kept from it; 0: never
};

/// How a provider wants its credential.
enum class Auth : std::uint8_t { None, Bearer, XApiKey };

/// One maker of models behind an API, or one kind of server that speaks like one.
struct ProviderRow {
  std::string_view name;      ///< `openai`, `anthropic`, `openai_compatible`
  std::string_view dialects;  ///< names of those it speaks, separated by spaces
  std::string_view base_url;  ///< empty: the operator must give one
  std::string_view api_path;  ///< put after a base URL that does not end with it: `/v1`, or empty
  Auth auth;
  bool credential_required;
  std::string_view
      version_header;  ///< sent when the client sent none: `anthropic-version`, or empty
  std::string_view version;
  std::string_view purpose;  ///< one line for docs and help
};
/// All of them, by name.
std::span<const ProviderRow> all_providers();
const ProviderRow* find_provider(std::string_view name);

/// A declared upstream, ready for use. Immutable; part of a snapshot.
struct Upstream {
  UpstreamSpec spec;
  const ProviderRow* provider = nullptr;
  std::vector<const dialect::Dialect*> dialects = {};  ///< best first; never empty
  std::shared_ptr<const net::Remote> remote;
  Secret credential = {};
};

/// What an operator may set of an upstream.
const settings::Fields<UpstreamSpec>& upstream_fields();
/// Resolves credential, CA and URL. Fails: InvalidRequest, in words an operator can act on.
Result<std::shared_ptr<const Upstream>> make_upstream(UpstreamSpec spec);
/// The same; appends each problem with the path of its setting, and is null when there is one.
std::shared_ptr<const Upstream> make_upstream(UpstreamSpec spec, std::vector<Problem>& problems);
/// Headers naru itself puts on a call: credential, version, organisation.
std::vector<net::Header> own_headers(const Upstream& upstream);

/// The dialect a client's call goes to `upstream` in: the client's own if it is spoken there, else
/// the first that has the operation, else the first.
const dialect::Dialect& dialect_for(const Upstream& upstream, const dialect::Dialect& client,
                                    dialect::Operation operation);

/// All upstreams of a snapshot.
class Upstreams {
 public:
  using Map = std::map<std::string, std::shared_ptr<const Upstream>, std::less<>>;
  explicit Upstreams(Map by_name) : by_name_(std::move(by_name)) {}
  /// Null if there is none.
  std::shared_ptr<const Upstream> find(std::string_view name) const;
  const Map& all() const { return by_name_; }

 private:
  Map by_name_;
};

}  // namespace naru::provider
