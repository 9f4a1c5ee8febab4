#pragma once
#include "driver/process/instance.h"
#include "net/http/client.h"

/// What naru asks an engine over its socket.
namespace naru::driver {

/// What the engine says of itself once it has loaded.
struct EngineFacts {
  std::uint32_t slots = 0;
  std::uint32_t context = 0;  ///< tokens a slot
};

/// Talks to one llama-server. Belongs to one loop.
class EngineProbe {
 public:
  /// Lifetime: `client` outlives it.
  EngineProbe(net::Loop& loop, net::HttpClient& client, std::shared_ptr<const net::Remote> remote)
      : loop_(loop), client_(client), remote_(std::move(remote)) {}

  net::Task<Health> health(net::Until until);
  /// Whether one token can be generated.
  net::Task<bool> warm(net::Until until);
  net::Task<std::optional<Progress>> progress(net::Until until);
  net::Task<EngineFacts> facts(net::Until until);

 private:
  struct Got {
    int status = 0;
    std::string body;
  };
  net::Task<Result<Got>> ask(std::string_view method, std::string_view target,
                             std::string_view body, net::Until until);
  net::Loop& loop_;
  net::HttpClient& client_;
  std::shared_ptr<const net::Remote> remote_;
};

/// The figure `name` in Prometheus text, if it is there.
std::optional<std::uint64_t> find_figure(std::string_view text, std::string_view name);

}  // namespace naru::driver
