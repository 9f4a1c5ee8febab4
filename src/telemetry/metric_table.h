#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// Every figure naru shows, declared once: names, help, labels and buckets. The exposition and the
/// reference page are made of these rows.
namespace naru::telemetry {

enum class Metric : std::uint8_t {
  OperationDuration,
  TokenUsage,
  TimeToFirstToken,
  TimePerOutputToken,
  Tokens,
  Exchanges,
  Attempts,
  Refused,
  Limited,
  Losses,
  RetriesForgone,
  BreakersOpened,
  Hedges,
  QueueWait,
  QueueWaiting,
  UpstreamInFlight,
  UpstreamLimit,
  EngineRestarts,
  EngineState,
  EngineInFlight,
  InFlight,
  Connections,
  BodyBytes,
  LedgerQueue,
  BuildInfo,
  ProcessCpu,
  ProcessMemory,
  ProcessFiles,
  ProcessStart,
};
inline constexpr std::size_t kMetrics = static_cast<std::size_t>(Metric::ProcessStart) + 1;

enum class MetricKind : std::uint8_t { Counter, Gauge, Histogram };

struct MetricRow {
  Metric metric;
  MetricKind kind;
  std::string_view name;
  std::string_view help;
  std::span<const std::string_view> labels;
  std::span<const double> buckets = {};  ///< upper bounds, of histograms
};

std::span<const MetricRow, kMetrics> metric_rows();
const MetricRow& row(Metric metric);
/// The rows as a Markdown table, for the reference page.
std::string describe_metrics();

/// The OpenTelemetry name of an operation: `complete` is `text_completion`; others keep theirs.
std::string_view operation_word(std::string_view operation);

}  // namespace naru::telemetry
