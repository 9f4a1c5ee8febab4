#include "provider/upstream.h"

#include <algorithm>

#include "base/check.h"
#include "provider/credential.h"

namespace naru::provider {
namespace {

std::string proxy_of(const UpstreamSpec& spec, std::string_view url) {
  if (spec.proxy == "none") return {};
  return spec.proxy == "environment" ? net::proxy_from_environment(url) : spec.proxy;
}

/// A dialect whose paths begin with a version wants a URL without it.
bool repeats_version(const dialect::Dialect& dialect, std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  return url.ends_with("/v1") && dialect.path(dialect::Operation::Chat).starts_with("/v1/");
}

Result<std::shared_ptr<const net::Remote>> make_remote(const Upstream& upstream) {
  const UpstreamSpec& spec = upstream.spec;
  const std::string url =
      spec.base_url.empty() ? std::string(upstream.provider->base_url) : spec.base_url;
  if (repeats_version(*upstream.dialect, url))
    return fail(FaultKind::InvalidRequest,
                "ends in /v1, which provider {} adds itself; leave it out", spec.provider);
  return net::Remote::make({.base_url = url,
                            .tls = {.ca_file = spec.ca_file},
                            .proxy = proxy_of(spec, url),
                            .connect_timeout = spec.timeouts.connect});
}

}  // namespace

std::shared_ptr<const Upstream> make_upstream(UpstreamSpec spec, std::vector<Problem>& problems) {
  const std::size_t before = problems.size();
  auto upstream = std::make_shared<Upstream>();
  upstream->provider = find_provider(spec.provider);
  if (upstream->provider == nullptr) {
    problems.push_back({.path = "provider",
                        .text = fmt::format("is '{}', which naru does not know", spec.provider)});
    return nullptr;
  }
  upstream->dialect = dialect::find_dialect(upstream->provider->dialect);
  NARU_CHECK(upstream->dialect != nullptr, "every row of providers names a dialect there is");
  upstream->spec = std::move(spec);
  if (auto credential = read_credential(upstream->spec.credential)) {
    upstream->credential = *std::move(credential);
  } else {
    problems.push_back({.path = credential.error().param, .text = credential.error().detail});
  }
  if (auto remote = make_remote(*upstream)) {
    upstream->remote = *std::move(remote);
  } else {
    problems.push_back({.path = "base_url", .text = remote.error().detail});
  }
  return problems.size() == before ? upstream : nullptr;
}

Result<std::shared_ptr<const Upstream>> make_upstream(UpstreamSpec spec) {
  std::vector<Problem> problems;
  const std::string name = spec.name;
  auto upstream = make_upstream(std::move(spec), problems);
  if (upstream != nullptr) return upstream;
  std::string detail = fmt::format("upstream {}:", name);
  for (const Problem& problem : problems)
    detail +=
        fmt::format("{} {} {}", &problem == problems.data() ? "" : ";", problem.path, problem.text);
  return fail({.kind = FaultKind::InvalidRequest,
               .detail = std::move(detail),
               .param = problems.front().path});
}

std::vector<net::Header> own_headers(const Upstream& upstream) {
  std::vector<net::Header> headers;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!name.empty() && !value.empty()) headers.push_back({std::string(name), std::string(value)});
  };
  const std::string_view key = upstream.credential.reveal();
  if (!key.empty() && upstream.provider->auth == Auth::Bearer)
    add("authorization", fmt::format("Bearer {}", key));
  if (upstream.provider->auth == Auth::XApiKey) add("x-api-key", key);
  add(upstream.provider->version_header, upstream.provider->version);
  add("openai-organization", upstream.spec.organization);
  add("openai-project", upstream.spec.project);
  return headers;
}

std::shared_ptr<const Upstream> Upstreams::find(std::string_view name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : found->second;
}

}  // namespace naru::provider
