#include "telemetry/metrics.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/check_names.h>

#include <set>
#include <thread>

#include "base/text.h"
#include "telemetry/metric_table.h"
#include "telemetry/process_figures.h"

namespace naru::telemetry {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::HasSubstr;
using testing::Not;

MetricsOptions options(std::size_t most_values = 200, std::size_t most_series = 2'000) {
  return {.version = "1.2.3",
          .started = WallTime(1'800'000'000s),
          .most_values = most_values,
          .most_series = most_series};
}

constexpr ExchangeFigures kAnswer = {.model = "small",
                                     .upstream = "engine",
                                     .dialect = "openai_chat",
                                     .operation = "chat",
                                     .outcome = "ok",
                                     .total = 3s,
                                     .first_token = 1s,
                                     .input_tokens = 10,
                                     .cache_read_tokens = 5,
                                     .cache_write_tokens = 2,
                                     .output_tokens = 21};

ExchangeFigures answer(std::string_view model, std::string_view outcome = "ok") {
  ExchangeFigures figures = kAnswer;
  figures.model = model;
  figures.outcome = outcome;
  return figures;
}

/// Whether the exposition has exactly this line.
testing::AssertionResult shows(const Metrics& metrics, std::string_view line) {
  const std::string text = metrics.text();
  for (const std::string_view each : split(text, '\n'))
    if (each == line) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no line " << line << " in\n" << text;
}

std::size_t lines_with(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (const std::string_view line : split(text, '\n'))
    if (!line.starts_with('#') && line.find(part) != line.npos) ++count;
  return count;
}

TEST(Metrics, count_an_exchange_under_genai_names) {
  Metrics metrics(options());
  metrics.exchange_ended(kAnswer);
  const std::string_view call =
      R"({gen_ai_operation_name="chat",gen_ai_request_model="small",naru_upstream="engine"} )";
  EXPECT_TRUE(shows(metrics, fmt::format("gen_ai_client_operation_duration_seconds_sum{}3", call)));
  EXPECT_TRUE(
      shows(metrics, fmt::format("gen_ai_server_time_to_first_token_seconds_sum{}1", call)));
  EXPECT_TRUE(
      shows(metrics, fmt::format("gen_ai_server_time_per_output_token_seconds_sum{}0.1", call)));
  EXPECT_TRUE(shows(metrics,
                    R"(naru_exchanges_total{dialect="openai_chat",model="small",outcome="ok"} 1)"));
}

TEST(Metrics, put_a_figure_into_the_bucket_its_bound_belongs_to) {
  Metrics metrics(options());
  metrics.exchange_ended(kAnswer);
  const auto bucket = [](std::string_view bound, int count) {
    return fmt::format(
        "gen_ai_server_time_to_first_token_seconds_bucket{{gen_ai_operation_name=\"chat\","
        "gen_ai_request_model=\"small\",naru_upstream=\"engine\",le=\"{}\"}} {}",
        bound, count);
  };
  EXPECT_TRUE(shows(metrics, bucket("0.75", 0)));
  EXPECT_TRUE(shows(metrics, bucket("1", 1)));
  EXPECT_TRUE(shows(metrics, bucket("+Inf", 1)));
}

TEST(Metrics, count_tokens_by_what_they_cost_and_in_all) {
  Metrics metrics(options());
  metrics.exchange_ended(kAnswer);
  metrics.exchange_ended(kAnswer);
  for (const auto& [type, count] : std::map<std::string, int>{
           {"input", 20}, {"cache_read", 10}, {"cache_write", 4}, {"output", 42}})
    EXPECT_TRUE(shows(metrics, fmt::format(R"(naru_tokens_total{{model="small",type="{}",)"
                                           R"(upstream="engine"}} {})",
                                           type, count)));
  EXPECT_THAT(metrics.text(), HasSubstr(R"(gen_ai_token_type="input",naru_upstream="engine"} 34)"));
}

TEST(Metrics, time_no_stream_where_there_was_none) {
  Metrics metrics(options());
  ExchangeFigures plain = kAnswer;
  plain.first_token.reset();
  metrics.exchange_ended(plain);
  EXPECT_THAT(metrics.text(), HasSubstr("gen_ai_server_time_to_first_token_seconds_count{"
                                        "gen_ai_operation_name=\"chat\","
                                        "gen_ai_request_model=\"small\","
                                        "naru_upstream=\"engine\"} 0"));
}

TEST(Metrics, count_what_never_reached_an_upstream_without_its_duration) {
  Metrics metrics(options());
  ExchangeFigures refused = answer("small", "rate_limited");
  refused.upstream = "";
  metrics.exchange_ended(refused);
  EXPECT_THAT(metrics.text(), Not(HasSubstr("operation_duration")));
  EXPECT_TRUE(shows(
      metrics,
      R"(naru_exchanges_total{dialect="openai_chat",model="small",outcome="rate_limited"} 1)"));
}

TEST(Metrics, never_make_a_label_of_a_model_that_does_not_exist) {
  Metrics metrics(options());
  for (int i = 0; i < 3; ++i) {
    const std::string name = fmt::format("made-up-{}", i);
    ExchangeFigures unknown = answer(name, "model_not_found");
    unknown.upstream = "";
    metrics.exchange_ended(unknown);
  }
  EXPECT_TRUE(shows(
      metrics,
      R"(naru_exchanges_total{dialect="openai_chat",model="none",outcome="model_not_found"} 3)"));
}

TEST(Metrics, bound_the_values_of_a_label) {
  Metrics metrics(options(3));
  for (int i = 0; i < 10; ++i) metrics.exchange_ended(answer(fmt::format("m{}", i)));
  metrics.exchange_ended(answer("m1"));
  EXPECT_TRUE(
      shows(metrics, R"(naru_exchanges_total{dialect="openai_chat",model="m1",outcome="ok"} 2)"));
  EXPECT_TRUE(shows(metrics,
                    R"(naru_exchanges_total{dialect="openai_chat",model="other",outcome="ok"} 7)"));
  EXPECT_EQ(lines_with(metrics.text(), "naru_exchanges_total"), 4U);
}

TEST(Metrics, bound_the_series_of_a_metric) {
  Metrics metrics(options(100, 5));
  for (int i = 0; i < 10; ++i)
    for (int j = 0; j < 10; ++j) metrics.attempt(fmt::format("u{}", i), fmt::format("o{}", j));
  EXPECT_EQ(lines_with(metrics.text(), "naru_attempts_total"), 6U);
  EXPECT_TRUE(shows(metrics, R"(naru_attempts_total{outcome="other",upstream="other"} 95)"));
}

TEST(Metrics, escape_and_cut_label_values) {
  Metrics metrics(options());
  metrics.losses("a\"b\\c\nd", 2);
  EXPECT_TRUE(shows(metrics, R"(naru_losses_total{model="a\"b\\c\nd"} 2)"));
  std::string hangul;
  for (int i = 0; i < 100; ++i) hangul += "나";
  metrics.losses(hangul, 1);
  metrics.losses("broken\xFF", 1);
  const std::string text = metrics.text();
  EXPECT_TRUE(is_utf8(text));
  EXPECT_THAT(text, HasSubstr(fmt::format("\"{}\"", hangul.substr(0, 126))));
}

TEST(Metrics, count_refusals_losses_and_restarts) {
  Metrics metrics(options());
  metrics.refused("unknown_key");
  metrics.refused("unknown_key");
  metrics.limited("tokens");
  metrics.losses("small", 3);
  metrics.engine_restarted("smollm2");
  EXPECT_TRUE(shows(metrics, R"(naru_refused_total{reason="unknown_key"} 2)"));
  EXPECT_TRUE(shows(metrics, R"(naru_limited_total{reason="tokens"} 1)"));
  EXPECT_TRUE(shows(metrics, R"(naru_losses_total{model="small"} 3)"));
  EXPECT_TRUE(shows(metrics, R"(naru_engine_restarts_total{deployment="smollm2"} 1)"));
}

TEST(Metrics, show_exchanges_in_flight_while_their_leases_live) {
  Metrics metrics(options());
  {
    Metrics::InFlight first = metrics.enter();
    const Metrics::InFlight moved = std::move(first);
    const Metrics::InFlight second = metrics.enter();
    EXPECT_TRUE(shows(metrics, "naru_in_flight 2"));
  }
  EXPECT_TRUE(shows(metrics, "naru_in_flight 0"));
}

TEST(Metrics, read_levels_when_asked_and_forget_what_is_gone) {
  Metrics metrics(options());
  std::string state = "starting";
  metrics.watch([&](Levels& out) { out.engines.push_back({"smollm2", state, 4}); });
  metrics.watch([](Levels& out) {
    out.ledger_queue = 12;
    out.connections.push_back({"data", 7});
  });
  EXPECT_TRUE(shows(metrics, R"(naru_engine_state{deployment="smollm2",state="starting"} 1)"));
  state = "ready";
  EXPECT_TRUE(shows(metrics, R"(naru_engine_state{deployment="smollm2",state="ready"} 1)"));
  EXPECT_THAT(metrics.text(), Not(HasSubstr("starting")));
  EXPECT_TRUE(shows(metrics, R"(naru_engine_in_flight{deployment="smollm2"} 4)"));
  EXPECT_TRUE(shows(metrics, "naru_ledger_queue 12"));
  EXPECT_TRUE(shows(metrics, R"(naru_connections{listener="data"} 7)"));
}

TEST(Metrics, show_the_process_and_the_build) {
  const Metrics metrics(options());
  EXPECT_TRUE(shows(metrics, R"(naru_build_info{version="1.2.3"} 1)"));
  EXPECT_TRUE(shows(metrics, "process_start_time_seconds 1800000000"));
  const ProcessFigures process = read_process_figures();
  EXPECT_GT(process.cpu_seconds, 0);
  EXPECT_GT(process.resident_bytes, 1 << 20);
  EXPECT_GT(process.open_files, 2);
}

TEST(Metrics, lose_no_count_under_many_threads) {
  Metrics metrics(options(3));
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&metrics] {
        for (int i = 0; i < 1000; ++i) {
          const Metrics::InFlight here = metrics.enter();
          metrics.exchange_ended(answer(fmt::format("m{}", i % 5)));
          if (i % 250 == 0) (void)metrics.text();
        }
      });
  }
  EXPECT_TRUE(shows(metrics, "naru_in_flight 0"));
  std::int64_t total = 0;
  const std::string text = metrics.text();
  for (const std::string_view line : split(text, '\n'))
    if (line.starts_with("naru_exchanges_total"))
      total += std::stoll(std::string(line.substr(line.rfind(' ') + 1)));
  EXPECT_EQ(total, 4000);
}

/// A process in which every figure of the table has a value.
void use_everything(Metrics& metrics) {
  metrics.exchange_ended(kAnswer);
  metrics.attempt("u", "ok");
  metrics.refused("r");
  metrics.limited("l");
  metrics.losses("m", 1);
  metrics.retry_forgone("u");
  metrics.breaker_opened("u");
  metrics.hedged("u", true);
  metrics.queued("served", std::chrono::seconds(1));
  metrics.engine_restarted("d");
  metrics.watch([](Levels& out) {
    out.connections.push_back({"data", 1});
    out.engines.push_back({"d", "ready", 0});
    out.upstreams.push_back({"u", 1, 4, 0});
  });
}

TEST(MetricTable, names_every_figure_that_is_shown_with_its_help) {
  Metrics metrics(options());
  use_everything(metrics);
  const std::string text = metrics.text();
  for (const MetricRow& each : metric_rows())
    EXPECT_THAT(text, HasSubstr(fmt::format("# HELP {} {}\n", each.name, each.help)));
  std::size_t helps = 0;
  for (const std::string_view line : split(text, '\n')) helps += line.starts_with("# HELP") ? 1 : 0;
  EXPECT_EQ(helps, metric_rows().size());
}

TEST(MetricTable, follows_the_rules_of_names) {
  std::set<std::string_view> names;
  for (const MetricRow& each : metric_rows()) {
    EXPECT_TRUE(prometheus::CheckMetricName(std::string(each.name))) << each.name;
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
    EXPECT_EQ(each.kind == MetricKind::Counter, each.name.ends_with("_total")) << each.name;
    EXPECT_EQ(each.kind == MetricKind::Histogram, !each.buckets.empty()) << each.name;
    EXPECT_TRUE(std::ranges::is_sorted(each.buckets)) << each.name;
    EXPECT_TRUE(each.help.ends_with('.')) << each.name;
    for (const std::string_view label : each.labels) {
      EXPECT_TRUE(prometheus::CheckLabelName(std::string(label))) << label;
      EXPECT_EQ(label.find("key"), label.npos) << "no label may tell keys apart";
    }
  }
}

TEST(MetricTable, is_a_table_for_the_reference_page) {
  const std::string page = describe_metrics();
  EXPECT_THAT(page,
              HasSubstr("| `naru_attempts_total` | counter | `upstream` `outcome` | Calls to "));
  EXPECT_EQ(split(page, '\n').size(), metric_rows().size() + 3);
}

TEST(MetricTable, names_operations_as_the_conventions_do) {
  EXPECT_EQ(operation_word("complete"), "text_completion");
  EXPECT_EQ(operation_word("embed"), "embeddings");
  EXPECT_EQ(operation_word("chat"), "chat");
}

}  // namespace
}  // namespace naru::telemetry
