#include "telemetry/metric_table.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace naru::telemetry {
namespace {

// Names, labels and buckets that begin with gen_ai are those of OpenTelemetry's semantic
// conventions for generative AI, written as Prometheus writes them.
constexpr std::array<double, 14> kDurations = {0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                               1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
constexpr std::array<double, 14> kTokenCounts = {
    1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864};
constexpr std::array<double, 16> kFirstToken = {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1,
                                                0.25,  0.5,   0.75, 1.0,  2.5,  5.0,  7.5,  10.0};
constexpr std::array<double, 13> kPerToken = {0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2,
                                              0.3,  0.4,   0.5,  0.75,  1.0, 2.5};

template <std::size_t N>
using LabelArray = std::array<std::string_view, N>;

constexpr LabelArray<3> kCall = {"gen_ai_operation_name", "gen_ai_request_model", "naru_upstream"};
constexpr LabelArray<4> kCallAndType = {"gen_ai_operation_name", "gen_ai_request_model",
                                        "naru_upstream", "gen_ai_token_type"};
constexpr LabelArray<3> kTokenLabels = {"model", "upstream", "type"};
constexpr LabelArray<3> kExchangeLabels = {"dialect", "model", "outcome"};
constexpr LabelArray<2> kAttemptLabels = {"upstream", "outcome"};
constexpr LabelArray<1> kUpstream = {"upstream"};
constexpr LabelArray<1> kOutcome = {"outcome"};
constexpr LabelArray<1> kReason = {"reason"};
constexpr LabelArray<1> kModel = {"model"};
constexpr LabelArray<1> kDeployment = {"deployment"};
constexpr LabelArray<2> kDeploymentState = {"deployment", "state"};
constexpr LabelArray<1> kListener = {"listener"};
constexpr LabelArray<1> kVersion = {"version"};

constexpr auto kRows = std::to_array<MetricRow>({
    {Metric::OperationDuration, MetricKind::Histogram, "gen_ai_client_operation_duration_seconds",
     "Exchanges from their head to their end, in seconds.", kCall, kDurations},
    {Metric::TokenUsage, MetricKind::Histogram, "gen_ai_client_token_usage",
     "Tokens of an exchange: all that were read (input) and all that were made (output).",
     kCallAndType, kTokenCounts},
    {Metric::TimeToFirstToken, MetricKind::Histogram, "gen_ai_server_time_to_first_token_seconds",
     "From an exchange's head to the first content of its stream, in seconds.", kCall, kFirstToken},
    {Metric::TimePerOutputToken, MetricKind::Histogram,
     "gen_ai_server_time_per_output_token_seconds",
     "From the first content of a stream to its end, by token after the first, in seconds.", kCall,
     kPerToken},
    {Metric::Tokens, MetricKind::Counter, "naru_tokens_total",
     "Tokens by what they cost: input, cache_read, cache_write, output (reasoning among it).",
     kTokenLabels},
    {Metric::Exchanges, MetricKind::Counter, "naru_exchanges_total",
     "Exchanges that ended, by outcome: ok or the word of a fault.", kExchangeLabels},
    {Metric::Attempts, MetricKind::Counter, "naru_attempts_total",
     "Calls to upstreams that ended, by outcome: ok or the word of a fault.", kAttemptLabels},
    {Metric::Refused, MetricKind::Counter, "naru_refused_total",
     "Calls refused for want of a valid key; they are in no ledger.", kReason},
    {Metric::Limited, MetricKind::Counter, "naru_limited_total",
     "Calls refused for a limit of their key: requests, tokens or concurrency.", kReason},
    {Metric::Losses, MetricKind::Counter, "naru_losses_total",
     "Fields of requests that a target could not carry.", kModel},
    {Metric::RetriesForgone, MetricKind::Counter, "naru_retries_forgone_total",
     "Retries that were not made since the budget for them was spent.", kUpstream},
    {Metric::BreakersOpened, MetricKind::Counter, "naru_breakers_opened_total",
     "Times an upstream failed so often that calls were kept from it.", kUpstream},
    {Metric::Hedges, MetricKind::Counter, "naru_hedges_total",
     "Second calls that were made since a first was slow, by outcome: won or lost.",
     kAttemptLabels},
    {Metric::QueueWait, MetricKind::Histogram, "naru_queue_wait_seconds",
     "How long calls stood in line for a place, of those that did, in seconds.", kOutcome,
     kDurations},
    {Metric::QueueWaiting, MetricKind::Gauge, "naru_queue_waiting",
     "Calls that stand in line for an upstream now.", kUpstream},
    {Metric::UpstreamInFlight, MetricKind::Gauge, "naru_upstream_in_flight",
     "Calls an upstream is answering.", kUpstream},
    {Metric::UpstreamLimit, MetricKind::Gauge, "naru_upstream_limit",
     "Calls an upstream is given at once, as set and as learnt.", kUpstream},
    {Metric::EngineRestarts, MetricKind::Counter, "naru_engine_restarts_total",
     "Starts of an engine after it ended by itself or was found stuck.", kDeployment},
    {Metric::EngineState, MetricKind::Gauge, "naru_engine_state",
     "1 at the state a deployment's engine is in; other states are absent.", kDeploymentState},
    {Metric::EngineInFlight, MetricKind::Gauge, "naru_engine_in_flight",
     "Calls a deployment's engine is answering.", kDeployment},
    {Metric::InFlight, MetricKind::Gauge, "naru_in_flight", "Exchanges that have not ended.", {}},
    {Metric::Connections, MetricKind::Gauge, "naru_connections",
     "Clients' connections that are open.", kListener},
    {Metric::BodyBytes,
     MetricKind::Gauge,
     "naru_body_bytes",
     "Memory that request bodies hold, of the cap on all of them.",
     {}},
    {Metric::LedgerQueue,
     MetricKind::Gauge,
     "naru_ledger_queue",
     "Ledger rows that wait to be written.",
     {}},
    {Metric::BuildInfo, MetricKind::Gauge, "naru_build_info", "1, with the version as a label.",
     kVersion},
    {Metric::ProcessCpu,
     MetricKind::Counter,
     "process_cpu_seconds_total",
     "User and system time of the process, in seconds.",
     {}},
    {Metric::ProcessMemory,
     MetricKind::Gauge,
     "process_resident_memory_bytes",
     "Memory of the process that is in RAM.",
     {}},
    {Metric::ProcessFiles, MetricKind::Gauge, "process_open_fds", "File descriptors in use.", {}},
    {Metric::ProcessStart,
     MetricKind::Gauge,
     "process_start_time_seconds",
     "When the process started, in seconds since 1970.",
     {}},
});

constexpr bool one_row_per_metric_in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (static_cast<std::size_t>(kRows[i].metric) != i) return false;
  return kRows.size() == kMetrics;
}
static_assert(one_row_per_metric_in_order());

std::string_view word_of(MetricKind kind) {
  constexpr std::array<std::string_view, 3> kWords = {"counter", "gauge", "histogram"};
  return kWords[static_cast<std::size_t>(kind)];
}

}  // namespace

std::span<const MetricRow, kMetrics> metric_rows() { return kRows; }

const MetricRow& row(Metric metric) { return kRows[static_cast<std::size_t>(metric)]; }

std::string describe_metrics() {
  std::string text = "| name | kind | labels | what it shows |\n|---|---|---|---|\n";
  for (const MetricRow& each : kRows) {
    fmt::format_to(std::back_inserter(text), "| `{}` | {} | ", each.name, word_of(each.kind));
    for (const std::string_view label : each.labels)
      fmt::format_to(std::back_inserter(text), "`{}` ", label);
    fmt::format_to(std::back_inserter(text), "| {} |\n", each.help);
  }
  return text;
}

std::string_view operation_word(std::string_view operation) {
  if (operation == "complete") return "text_completion";
  if (operation == "embed") return "embeddings";
  return operation;
}

}  // namespace naru::telemetry
