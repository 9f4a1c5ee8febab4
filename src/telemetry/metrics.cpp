#include "telemetry/metrics.h"

#include <prometheus/text_serializer.h>

#include <atomic>
#include <iterator>

#include "base/fault.h"
#include "telemetry/process_figures.h"
#include "telemetry/series.h"

namespace naru::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::Counter;
using prometheus::Histogram;
using prometheus::MetricFamily;

double seconds(std::chrono::nanoseconds length) {
  return std::chrono::duration<double>(length).count();
}

/// What exchanges of one operation with one model on one upstream are counted in.
struct Meter {
  Histogram* duration;
  Histogram* first_token;
  Histogram* per_token;
  Histogram* input;
  Histogram* output;
  Counter* input_tokens;
  Counter* cache_read_tokens;
  Counter* cache_write_tokens;
  Counter* output_tokens;

  void count(const ExchangeFigures& figures) const;
};

void Meter::count(const ExchangeFigures& figures) const {
  const std::int64_t prompt =
      figures.input_tokens + figures.cache_read_tokens + figures.cache_write_tokens;
  duration->Observe(seconds(figures.total));
  if (prompt > 0) input->Observe(static_cast<double>(prompt));
  if (figures.output_tokens > 0) output->Observe(static_cast<double>(figures.output_tokens));
  input_tokens->Increment(static_cast<double>(figures.input_tokens));
  cache_read_tokens->Increment(static_cast<double>(figures.cache_read_tokens));
  cache_write_tokens->Increment(static_cast<double>(figures.cache_write_tokens));
  output_tokens->Increment(static_cast<double>(figures.output_tokens));
  if (!figures.first_token) return;
  first_token->Observe(seconds(*figures.first_token));
  if (figures.outcome == "ok" && figures.output_tokens > 1)
    per_token->Observe(seconds(figures.total - *figures.first_token) /
                       static_cast<double>(figures.output_tokens - 1));
}

/// Families of what is read when asked for, built anew each time: a state that is over or a
/// deployment that is gone leaves no series behind.
class Readings {
 public:
  void add(Metric metric, double value, std::initializer_list<std::string_view> labels = {}) {
    MetricFamily& family = family_of(row(metric));
    ClientMetric& one = family.metric.emplace_back();
    std::size_t at = 0;
    for (const std::string_view label : labels)
      one.label.push_back({std::string(row(metric).labels[at++]), std::string(label)});
    if (row(metric).kind == MetricKind::Counter)
      one.counter.value = value;
    else
      one.gauge.value = value;
  }
  void append_to(std::vector<MetricFamily>& all) {
    std::ranges::move(families_, std::back_inserter(all));
  }

 private:
  MetricFamily& family_of(const MetricRow& of) {
    for (MetricFamily& family : families_)
      if (family.name == of.name) return family;
    const bool counts = of.kind == MetricKind::Counter;
    return families_.emplace_back(MetricFamily{
        .name = std::string(of.name),
        .help = std::string(of.help),
        .type = counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge,
        .metric = {}});
  }
  std::vector<MetricFamily> families_;
};

void add_levels(Readings& out, const Levels& levels) {
  out.add(Metric::LedgerQueue, static_cast<double>(levels.ledger_queue));
  out.add(Metric::BodyBytes, static_cast<double>(levels.body_bytes));
  for (const Levels::Connections& each : levels.connections)
    out.add(Metric::Connections, static_cast<double>(each.open), {each.listener});
  for (const Levels::Engine& each : levels.engines) {
    out.add(Metric::EngineState, 1, {each.deployment, each.state});
    out.add(Metric::EngineInFlight, static_cast<double>(each.in_flight), {each.deployment});
  }
  for (const Levels::Upstream& each : levels.upstreams) {
    out.add(Metric::UpstreamInFlight, static_cast<double>(each.in_flight), {each.name});
    out.add(Metric::UpstreamLimit, static_cast<double>(each.limit), {each.name});
    out.add(Metric::QueueWaiting, static_cast<double>(each.waiting), {each.name});
  }
}

void add_process(Readings& out, const MetricsOptions& options) {
  const ProcessFigures process = read_process_figures();
  out.add(Metric::BuildInfo, 1, {options.version});
  out.add(Metric::ProcessCpu, process.cpu_seconds);
  out.add(Metric::ProcessMemory, static_cast<double>(process.resident_bytes));
  out.add(Metric::ProcessFiles, static_cast<double>(process.open_files));
  out.add(Metric::ProcessStart, seconds(options.started.time_since_epoch()));
}

}  // namespace

struct Metrics::Impl {
  explicit Impl(MetricsOptions from) : options(std::move(from)) {}

  Meter meter(std::string_view operation, std::string_view model, std::string_view upstream) {
    return meters.at({operation, model, upstream}, [&](bool& keep, std::size_t kept) {
      keep = kept < bounds.series;
      return make_meter(operation_word(operation), model, upstream);
    });
  }
  Meter make_meter(std::string_view operation, std::string_view model, std::string_view upstream) {
    return {.duration = &duration.at({operation, model, upstream}),
            .first_token = &first_token.at({operation, model, upstream}),
            .per_token = &per_token.at({operation, model, upstream}),
            .input = &token_usage.at({operation, model, upstream, "input"}),
            .output = &token_usage.at({operation, model, upstream, "output"}),
            .input_tokens = &tokens.at({model, upstream, "input"}),
            .cache_read_tokens = &tokens.at({model, upstream, "cache_read"}),
            .cache_write_tokens = &tokens.at({model, upstream, "cache_write"}),
            .output_tokens = &tokens.at({model, upstream, "output"})};
  }

  const MetricsOptions options;
  const SeriesBounds bounds{options.most_values, options.most_series};
  prometheus::Registry registry;
  Series<Histogram> duration{registry, Metric::OperationDuration, bounds};
  Series<Histogram> token_usage{registry, Metric::TokenUsage, bounds};
  Series<Histogram> first_token{registry, Metric::TimeToFirstToken, bounds};
  Series<Histogram> per_token{registry, Metric::TimePerOutputToken, bounds};
  Series<Counter> tokens{registry, Metric::Tokens, bounds};
  Series<Counter> exchanges{registry, Metric::Exchanges, bounds};
  Series<Counter> attempts{registry, Metric::Attempts, bounds};
  Series<Counter> refused{registry, Metric::Refused, bounds};
  Series<Counter> limited{registry, Metric::Limited, bounds};
  Series<Counter> losses{registry, Metric::Losses, bounds};
  Series<Counter> forgone{registry, Metric::RetriesForgone, bounds};
  Series<Counter> opened{registry, Metric::BreakersOpened, bounds};
  Series<Counter> hedges{registry, Metric::Hedges, bounds};
  Series<Histogram> queue_wait{registry, Metric::QueueWait, bounds};
  Series<Counter> restarts{registry, Metric::EngineRestarts, bounds};
  Keyed<Meter> meters;
  std::atomic<std::int64_t> in_flight{0};
  mutable std::mutex watch_mutex;
  std::vector<std::function<void(Levels&)>> watches;
};

Metrics::Metrics(MetricsOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Metrics::~Metrics() = default;

Metrics::InFlight::InFlight(Metrics& metrics) : metrics_(&metrics) {
  metrics.impl_->in_flight.fetch_add(1, std::memory_order_relaxed);
}
Metrics::InFlight::InFlight(InFlight&& from) noexcept
    : metrics_(std::exchange(from.metrics_, nullptr)) {}
Metrics::InFlight::~InFlight() {
  if (metrics_ != nullptr) metrics_->impl_->in_flight.fetch_sub(1, std::memory_order_relaxed);
}

void Metrics::exchange_ended(const ExchangeFigures& figures) {
  // A model that does not exist is a client's free choice of words, so it is no label.
  const bool exists = figures.outcome != row(FaultKind::ModelNotFound).word;
  const std::string_view model = exists ? figures.model : std::string_view();
  impl_->exchanges.at({figures.dialect, model, figures.outcome}).Increment();
  if (figures.upstream.empty()) return;
  impl_->meter(figures.operation, model, figures.upstream).count(figures);
}

void Metrics::attempt(std::string_view upstream, std::string_view outcome) {
  impl_->attempts.at({upstream, outcome}).Increment();
}

void Metrics::refused(std::string_view reason) { impl_->refused.at({reason}).Increment(); }

void Metrics::limited(std::string_view limit) { impl_->limited.at({limit}).Increment(); }

void Metrics::losses(std::string_view model, std::size_t count) {
  impl_->losses.at({model}).Increment(static_cast<double>(count));
}

void Metrics::retry_forgone(std::string_view upstream) {
  impl_->forgone.at({upstream}).Increment();
}

void Metrics::breaker_opened(std::string_view upstream) {
  impl_->opened.at({upstream}).Increment();
}

void Metrics::hedged(std::string_view upstream, bool won) {
  impl_->hedges.at({upstream, won ? "won" : "lost"}).Increment();
}

void Metrics::queued(std::string_view outcome, std::chrono::nanoseconds waited) {
  impl_->queue_wait.at({outcome}).Observe(seconds(waited));
}

void Metrics::engine_restarted(std::string_view deployment) {
  impl_->restarts.at({deployment}).Increment();
}

void Metrics::watch(std::function<void(Levels&)> fill) {
  const std::lock_guard lock(impl_->watch_mutex);
  impl_->watches.push_back(std::move(fill));
}

std::int64_t Metrics::in_flight() const { return impl_->in_flight.load(std::memory_order_relaxed); }

std::string Metrics::text() const {
  Levels levels;
  {
    const std::lock_guard lock(impl_->watch_mutex);
    for (const auto& fill : impl_->watches) fill(levels);
  }
  Readings readings;
  readings.add(Metric::InFlight, static_cast<double>(in_flight()));
  add_levels(readings, levels);
  add_process(readings, impl_->options);
  std::vector<MetricFamily> families = impl_->registry.Collect();
  readings.append_to(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace naru::telemetry
