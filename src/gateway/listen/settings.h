#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/settings/fields.h"

namespace naru::gateway {

struct TlsFiles {
  std::string certificate = {};  ///< PEM chain, leaf first; empty: plain HTTP
  std::string key = {};          ///< PEM key
};

struct ListenerSettings {
  std::string listen;  ///< `host:port`
  TlsFiles tls = {};
  std::vector<std::string> cors_origins = {};  ///< exact origins; empty: CORS is off
};

struct LimitSettings {
  std::uint64_t head_bytes = 64 << 10;          ///< request line and headers
  std::uint64_t body_bytes = 32 << 20;          ///< one request body, after decompression
  std::uint64_t body_memory_bytes = 512 << 20;  ///< all request bodies together
  std::uint64_t answer_bytes = 64 << 20;        ///< one plain answer of an upstream
  std::uint64_t event_bytes = 4 << 20;          ///< one event of an upstream's stream
  std::uint32_t connections = 10'000;           ///< clients' connections of a listener
  std::chrono::milliseconds head_timeout{10'000};
  std::chrono::milliseconds body_timeout{60'000};   ///< for the whole body
  std::chrono::milliseconds idle_timeout{120'000};  ///< client keep-alive
  std::chrono::milliseconds hold{15'000};  ///< streams: silence after which 200 and pings go out
  std::chrono::milliseconds ping{15'000};  ///< streams: silence between pings
  std::chrono::milliseconds write_timeout{60'000};  ///< a client that takes nothing
  std::uint32_t queue = 500;                        ///< calls in line for one upstream
  std::uint32_t queue_all = 5'000;                  ///< in all lines together
  std::chrono::milliseconds queue_time{60'000};     ///< one of them waits
  std::chrono::milliseconds cold_start{300'000};    ///< a call waits for its model to be loaded
};

/// What naru fetches for engines of its own, which fetch nothing themselves.
struct MediaSettings {
  std::vector<std::string> fetch = {};        ///< as `find_place` reads them; empty: nothing
  std::uint64_t most_bytes = 8 << 20;         ///< one image
  std::uint32_t most_items = 8;               ///< images of one request
  std::chrono::milliseconds timeout{10'000};  ///< for all of one request
};

enum class LogFormat : std::uint8_t { Auto, Json, Pretty };

struct LogSettings {
  std::string level = "info";  ///< debug, info, warn, error
  LogFormat format = LogFormat::Auto;
  std::string file = {};  ///< empty: stderr
};

/// The process's own settings (document kind `Gateway`; at most one document). Listeners and
/// `loops` are read at start; the rest follows a reload.
struct GatewaySettings {
  ListenerSettings data{.listen = "127.0.0.1:8080"};
  ListenerSettings admin{.listen = "127.0.0.1:8081"};
  LimitSettings limits = {};
  MediaSettings media = {};
  LogSettings log = {};
  std::uint32_t loops = 0;                             ///< event loops; 0: one a core
  std::chrono::milliseconds drain{25'000};             ///< after SIGTERM, for calls to end
  std::chrono::milliseconds upgrade_drain{600'000};    ///< the same after a hand-over
  std::chrono::milliseconds keep_answers{86'400'000};  ///< of the Responses API; 0: none
  bool power_safe_ledger = true;  ///< rows survive a power cut, not only kill -9
};

/// What an operator may set of the process.
const settings::Fields<GatewaySettings>& gateway_fields();

}  // namespace naru::gateway
