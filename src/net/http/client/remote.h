#pragma once
#include <memory>
#include <optional>
#include <string>

#include "net/http/client.h"
#include "net/http/client/endpoint.h"
#include "net/tls_client.h"

namespace naru::net {

/// The one kind of Remote: options, taken apart and checked.
class HttpRemote final : public Remote {
 public:
  HttpRemote(RemoteOptions options, Endpoint endpoint, std::optional<ProxyEndpoint> proxy,
             std::shared_ptr<const TlsClient> tls);

  const RemoteOptions& options() const override { return options_; }
  const std::string& key() const override { return key_; }
  const std::string& prefix() const override { return endpoint_.prefix; }
  const std::string& authority() const override { return endpoint_.authority; }

  const Endpoint& endpoint() const { return endpoint_; }
  const ProxyEndpoint* proxy() const { return proxy_ ? &*proxy_ : nullptr; }
  const TlsClient* tls() const { return tls_.get(); }  ///< null: plain
  /// Requests go to a proxy that is to fetch them, and name the whole URL.
  bool absolute_form() const { return proxy_ && !endpoint_.tls; }
  /// Where it is, for messages: `api.openai.com:443`, or a socket's path.
  const std::string& place() const { return place_; }

 private:
  RemoteOptions options_;
  Endpoint endpoint_;
  std::optional<ProxyEndpoint> proxy_;
  std::shared_ptr<const TlsClient> tls_;
  std::string place_;
  std::string key_;
};

}  // namespace naru::net
