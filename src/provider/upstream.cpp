#include "provider/upstream.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "provider/credential.h"

namespace naru::provider {
namespace {

std::string proxy_of(const UpstreamSpec& spec, std::string_view url) {
  if (spec.proxy == "none") return {};
  return spec.proxy == "environment" ? net::proxy_from_environment(url) : spec.proxy;
}

/// Base URLs are taken as the provider's own SDK takes them, and with the API's path too.
std::string url_of(const UpstreamSpec& spec, const ProviderRow& provider) {
  std::string_view url = spec.base_url.empty() ? provider.base_url : spec.base_url;
  while (url.ends_with('/')) url.remove_suffix(1);
  const bool has_path = url.ends_with(provider.api_path);
  return fmt::format("{}{}", url, has_path ? "" : provider.api_path);
}

/// What the document says, else what the provider's row says.
std::vector<const dialect::Dialect*> dialects_of(const Upstream& upstream,
                                                 std::vector<Problem>& problems) {
  std::vector<const dialect::Dialect*> spoken;
  for (std::size_t i = 0; i < upstream.spec.speaks.size(); ++i) {
    const std::string& name = upstream.spec.speaks[i];
    if (const dialect::Dialect* found = dialect::find_dialect(name))
      spoken.push_back(found);
    else
      problems.push_back({.path = settings::join("speaks", i),
                          .text = fmt::format("is '{}', which naru does not know", name)});
  }
  if (!spoken.empty()) return spoken;
  for (const std::string_view name : split(upstream.provider->dialects, ' ')) {
    spoken.push_back(dialect::find_dialect(name));
    NARU_CHECK(spoken.back() != nullptr, "every row of providers names dialects there are");
  }
  return spoken;
}

/// Null, and a problem, if URL, CA or proxy cannot be used.
std::shared_ptr<const net::Remote> make_remote(const Upstream& upstream,
                                               std::vector<Problem>& problems) {
  const UpstreamSpec& spec = upstream.spec;
  const std::string url = url_of(spec, *upstream.provider);
  const std::string proxy = proxy_of(spec, url);
  const auto make = [&](const std::string& ca_file, const std::string& through) {
    return net::Remote::make({.base_url = url,
                              .tls = {.ca_file = ca_file},
                              .proxy = through,
                              .connect_timeout = spec.timeouts.connect});
  };
  auto remote = make(spec.ca_file, proxy);
  if (remote) return *std::move(remote);
  // What can be left out tells which setting is the wrong one.
  const char* path = !make("", "") ? "base_url" : make("", proxy) ? "ca_file" : "proxy";
  problems.push_back({.path = path, .text = "cannot be used: " + remote.error().detail});
  return nullptr;
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
  upstream->spec = std::move(spec);
  upstream->dialects = dialects_of(*upstream, problems);
  if (auto credential = read_credential(upstream->spec.credential)) {
    upstream->credential = *std::move(credential);
  } else {
    problems.push_back({.path = credential.error().param, .text = credential.error().detail});
  }
  upstream->remote = make_remote(*upstream, problems);
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

const dialect::Dialect& dialect_for(const Upstream& upstream, const dialect::Dialect& client,
                                    dialect::Operation operation) {
  const auto& spoken = upstream.dialects;
  if (client.serves(operation) && std::ranges::find(spoken, &client) != spoken.end()) return client;
  const auto serves = [&](const dialect::Dialect* one) { return one->serves(operation); };
  const auto first = std::ranges::find_if(spoken, serves);
  return first == spoken.end() ? *spoken.front() : **first;
}

std::shared_ptr<const Upstream> Upstreams::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

}  // namespace naru::provider
