#include "gateway/listen/settings.h"
#include "gateway/media_rule.h"

namespace naru::gateway {
namespace {

using settings::Fields;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

constexpr std::uint64_t kKiB = 1ULL << 10;
constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kGiB = 1ULL << 30;

std::vector<Problem> check_tls(const TlsFiles& files) {
  if (files.certificate.empty() == files.key.empty()) return {};
  const bool no_key = files.key.empty();
  return {{.path = no_key ? "key" : "certificate",
           .text = no_key ? "is missing; TLS needs the certificate's key too"
                          : "is missing; TLS needs the key's certificate too"}};
}

const Fields<TlsFiles>& tls_fields() {
  static const auto fields =
      Fields<TlsFiles>{}
          .text("certificate", &TlsFiles::certificate, settings::any_text,
                "PEM file: the certificate and those between it and its root, leaf first. Left "
                "out: plain HTTP. A change of the file is taken up without a restart.")
          .text("key", &TlsFiles::key, settings::any_text, "PEM file: the certificate's key.")
          .check(check_tls);
  return fields;
}

const Fields<ListenerSettings>& listener_fields() {
  static const auto fields =
      Fields<ListenerSettings>{}
          .text("listen", &ListenerSettings::listen, settings::host_port,
                "Address and port; read at start alone. Beyond loopback, keys travel in the clear "
                "unless tls is set or something in front does it.")
          .object("tls", &ListenerSettings::tls, tls_fields(), "TLS of this listener.")
          .texts("cors_origins", &ListenerSettings::cors_origins, settings::origin,
                 "Origins of web pages that may call from a browser. Empty: none, CORS is off. "
                 "With one, OPTIONS is answered without a key.");
  return fields;
}

std::vector<Problem> check_limits(const LimitSettings& limits) {
  if (limits.body_bytes <= limits.body_memory_bytes) return {};
  return {{.path = "body_memory_bytes",
           .text = fmt::format("is {}; one body of body_bytes, {}, would never fit",
                               settings::write_bytes(limits.body_memory_bytes),
                               settings::write_bytes(limits.body_bytes))}};
}

const Fields<LimitSettings>& limit_fields() {
  static const auto fields =
      Fields<LimitSettings>{}
          .bytes("head_bytes", &LimitSettings::head_bytes, kKiB, kMiB,
                 "Request line and headers of one request; more is answered with 431.")
          .bytes("body_bytes", &LimitSettings::body_bytes, kKiB, kGiB,
                 "One request body after decompression; more is answered with 413. Images and "
                 "documents inside requests count.")
          .bytes("body_memory_bytes", &LimitSettings::body_memory_bytes, kMiB, 1024 * kGiB,
                 "All request bodies together; beyond it calls are answered with 503 until others "
                 "end.")
          .bytes("answer_bytes", &LimitSettings::answer_bytes, kKiB, kGiB,
                 "One plain answer of an upstream; a longer one fails the attempt.")
          .bytes("event_bytes", &LimitSettings::event_bytes, kKiB, 64 * kMiB,
                 "One event of an upstream's stream; a longer one ends the stream with an error.")
          .integer("connections", &LimitSettings::connections, 1, 1'000'000,
                   "Clients' connections of one listener; further ones are closed at once.")
          .duration("head_timeout", &LimitSettings::head_timeout, 100ms, 1h,
                    "Time for a request's head, from its first byte; slower clients are closed.")
          .duration("body_timeout", &LimitSettings::body_timeout, 100ms, 1h,
                    "Time for a request's whole body; slower clients get 408.")
          .duration("idle_timeout", &LimitSettings::idle_timeout, 1s, 1h,
                    "How long a client's connection is kept between requests. Shorter than a load "
                    "balancer's own idle time, it resets calls now and then.")
          .duration("hold", &LimitSettings::hold, 100ms, 1h,
                    "Streams: silence of the upstream after which status 200 and pings go out. "
                    "Until then a failure still has its true status.")
          .duration("ping", &LimitSettings::ping, 100ms, 1h,
                    "Streams: silence between pings, which keep proxies from closing the "
                    "connection.")
          .duration("write_timeout", &LimitSettings::write_timeout, 1s, 1h,
                    "Time a client may take no byte before its call is ended and the upstream's is "
                    "cancelled.")
          .integer("queue", &LimitSettings::queue, 0, 100'000,
                   "Calls of one class in line for one upstream that has no place. Critical ones "
                   "go first, then interactive, then batch; in each class every key in turn. "
                   "Beyond the bound the one of its class that would be served last gets 429 with "
                   "the time to come back.")
          .integer("queue_all", &LimitSettings::queue_all, 0, 100'000,
                   "Calls in all lines together. Beyond it a call of a higher class takes the "
                   "place of the last of a lower one; others get 429.")
          .duration("queue_time", &LimitSettings::queue_time, 0s, 1h,
                    "How long a call stands in line at most. One that would have to stand longer "
                    "gets 429 with the time to come back, as soon as that can be told.")
          .duration("cold_start", &LimitSettings::cold_start, 100ms, 1h,
                    "How long a call waits for an engine that is being loaded; then it goes to the "
                    "model's next target, or is answered with 503 and Retry-After.")
          .check(check_limits);
  return fields;
}

const Fields<MediaSettings>& media_fields() {
  static const auto fields =
      Fields<MediaSettings>{}
          .texts("fetch", &MediaSettings::fetch, media_host,
                 "Hosts that naru asks for the images which a request to one of its own engines "
                 "gives by URL; those of others stay here, as a loss. images.example.com: that "
                 "name, https, port 443. *.cdn.example.com: each name below it, at whatever "
                 "address its owner gives it. http://10.0.0.5:8000: that address, plain HTTP, that "
                 "port. Redirects are not followed; a proxy of the environment is used. Empty: "
                 "nothing is fetched. Providers get every URL as it came, whatever stands here.")
          .bytes(
              "most_bytes", &MediaSettings::most_bytes, kKiB, 64 * kMiB,
              "One image; a larger one stays here, as a loss. While its request lives, each takes "
              "up to five times its size of limits.body_memory_bytes.")
          .integer("most_items", &MediaSettings::most_items, 1, 32,
                   "Images fetched for one request; those after them stay here, as a loss.")
          .duration("timeout", &MediaSettings::timeout, 100ms, 5min,
                    "Time for all images of one request together; those that have not come whole "
                    "stay here, as a loss.");
  return fields;
}

std::vector<Problem> check_gateway(const GatewaySettings& gateway) {
  const std::string& listen = gateway.admin.listen;
  if (listen != gateway.data.listen || listen.ends_with(":0")) return {};
  return {{.path = "admin.listen",
           .text = fmt::format("is {}, as data.listen is; give each a port of its own", listen)}};
}

const Fields<LogSettings>& log_fields() {
  static const auto fields =
      Fields<LogSettings>{}
          .word("level", &LogSettings::level, {"debug", "info", "warn", "error"},
                "What is written: info is an operator's day, debug adds each request's steps. "
                "Prompts and keys are never written.")
          .choice(
              "format", &LogSettings::format,
              {{"auto", LogFormat::Auto}, {"json", LogFormat::Json}, {"pretty", LogFormat::Pretty}},
              "auto is pretty on a terminal, JSON elsewhere.")
          .text("file", &LogSettings::file, settings::any_text,
                "File to write to, opened anew on SIGUSR1. Left out: stderr.");
  return fields;
}

}  // namespace

const Fields<GatewaySettings>& gateway_fields() {
  static const auto fields =
      Fields<GatewaySettings>{}
          .object("data", &GatewaySettings::data, listener_fields(),
                  "Listener for clients: the models.")
          .object("admin", &GatewaySettings::admin, listener_fields(),
                  "Listener for operators: management and metrics.")
          .object("limits", &GatewaySettings::limits, limit_fields(),
                  "Bounds on what one client, and all of them together, can take.")
          .object("media", &GatewaySettings::media, media_fields(),
                  "Images that naru fetches for its own engines.")
          .object("log", &GatewaySettings::log, log_fields(), "What naru says of its work.")
          .integer("loops", &GatewaySettings::loops, 0, 1'024,
                   "Event loops, one thread each; 0: one a core. Read at start alone.")
          .duration("drain", &GatewaySettings::drain, 0s, 1h,
                    "Time after SIGTERM for running calls to end; what is left then is cut.")
          .duration("upgrade_drain", &GatewaySettings::upgrade_drain, 0s, 24h,
                    "Time after naru upgrade for calls that run in the old process to end, while "
                    "the new one serves; what is left then is cut.")
          .duration("keep_answers", &GatewaySettings::keep_answers, 0s, 8760h,
                    "Answers of the Responses API asked without store: false: how long they, and "
                    "the conversation before them, stay in the database for their key to read and "
                    "to go on from. 0: none is kept, and previous_response_id is refused.")
          .boolean("power_safe_ledger", &GatewaySettings::power_safe_ledger,
                   "Whether an answer ends only when its ledger row would survive a power cut. "
                   "false: it survives a crash of naru alone, and answers end a little sooner.")
          .check(check_gateway);
  return fields;
}

}  // namespace naru::gateway
