#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace naru::telemetry {

/// What one exchange that has ended adds to the metrics. Keys and clients are in none of them.
struct ExchangeFigures {
  std::string_view model;      ///< public name, as the ledger has it
  std::string_view upstream;   ///< of the last attempt; empty if there was none
  std::string_view dialect;    ///< the client's
  std::string_view operation;  ///< `chat`, `complete`, `embed`, `count_tokens`
  std::string_view outcome;    ///< `ok` or the word of a fault
  std::chrono::nanoseconds total{};
  std::optional<std::chrono::nanoseconds> first_token = {};  ///< of streams, from the head on
  std::int64_t input_tokens = 0;                             ///< neither from nor into a cache
  std::int64_t cache_read_tokens = 0;
  std::int64_t cache_write_tokens = 0;
  std::int64_t output_tokens = 0;  ///< reasoning among them
};

/// What is read when somebody asks, rather than counted as it happens.
struct Levels {
  struct Connections {
    std::string listener;
    std::int64_t open = 0;
  };
  struct Engine {
    std::string deployment;
    std::string state;  ///< one word
    std::int64_t in_flight = 0;
  };
  struct Upstream {
    std::string name;
    std::int64_t in_flight = 0;
    std::int64_t limit = 0;  ///< calls at once
    std::int64_t waiting = 0;
  };
  std::int64_t ledger_queue = 0;  ///< rows
  std::int64_t body_bytes = 0;
  std::vector<Connections> connections = {};
  std::vector<Engine> engines = {};
  std::vector<Upstream> upstreams = {};
};

struct MetricsOptions {
  std::string version;
  WallTime started{};               ///< of the process
  std::size_t most_values = 200;    ///< of one label; further ones count as `other`
  std::size_t most_series = 2'000;  ///< of one metric; further ones count as `other` in all labels
};

/// The figures of this process, named in `metric_table.cpp`. Safe from any thread; counting costs
/// a look-up under a shared lock.
class Metrics {
 public:
  explicit Metrics(MetricsOptions options);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// One exchange in flight; destroying it ends it.
  class [[nodiscard]] InFlight {
   public:
    explicit InFlight(Metrics& metrics);
    InFlight(InFlight&& from) noexcept;
    InFlight& operator=(InFlight&&) = delete;
    ~InFlight();

   private:
    Metrics* metrics_;
  };

  InFlight enter() { return InFlight(*this); }
  std::int64_t in_flight() const;  ///< exchanges
  void exchange_ended(const ExchangeFigures& figures);
  void attempt(std::string_view upstream, std::string_view outcome);  ///< `ok` or a fault's word
  void refused(std::string_view reason);  ///< no valid key; `reason` is one of a few words of ours
  void limited(std::string_view limit);   ///< of the key: `requests`, `tokens`, `concurrency`
  void losses(std::string_view model, std::size_t count);
  void retry_forgone(std::string_view upstream);  ///< for want of budget
  void breaker_opened(std::string_view upstream);
  void hedged(std::string_view upstream, bool won);  ///< a second call beside a slow one
  /// A call stood in line for a place; `outcome` is `served`, or the word of a fault.
  void queued(std::string_view outcome, std::chrono::nanoseconds waited);
  void engine_restarted(std::string_view deployment);

  /// Has `fill` add its part to the levels whenever the figures are read, from the thread that
  /// reads them. Lifetime: what it refers to outlives the last `text`.
  void watch(std::function<void(Levels&)> fill);

  /// All figures in Prometheus' text format. Cost: milliseconds; call it from no loop.
  std::string text() const;
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace naru::telemetry
