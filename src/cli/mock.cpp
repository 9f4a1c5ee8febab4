#include "mock/mock.h"

#include <csignal>

#include "cli/show/listing.h"
#include "cli/verbs.h"
#include "mock/page.h"
#include "sys/signals.h"

namespace naru::cli {
namespace {

constexpr std::chrono::milliseconds kIdle{60'000};

void run_mock(Globals& globals, const mock::MockOptions& options) {
  sys::Signals signals({SIGINT, SIGTERM});
  const SystemClock clock;
  const auto running = mock::Mock::start(options, clock, telemetry::null_log());
  if (!running) return report(globals, running.error());
  say(fmt::format("mock provider at {}; its journal is at {}/mock/journal\n", (*running)->url(),
                  (*running)->url()));
  while (signals.wait(kIdle) == 0) {
  }
}

}  // namespace

void add_mock(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<mock::MockOptions>();
  auto reference = std::make_shared<bool>(false);
  CLI::App* verb =
      app.add_subcommand("mock", "run a scripted provider that speaks OpenAI and Anthropic");
  verb->add_option("--host", options->host, "address to listen on")->capture_default_str();
  verb->add_option("--port", options->port, "port to listen on; 0 takes a free one")
      ->capture_default_str();
  verb->add_option("--script", options->script_file, "YAML: which requests get which answer");
  verb->add_option("--seed", options->seed, "ids in answers follow from it")->capture_default_str();
  verb->add_option("--loops", options->loops, "threads that serve")
      ->check(CLI::Range(1U, 256U))
      ->capture_default_str();
  verb->add_flag("--reference", *reference, "print the page of all rows of a script instead");
  verb->footer(
      "Without a script every answer is whole. For tests and trials; it keeps what it is sent.\n"
      "What it does for one request may stand in the model's name or in the header x-mock, as "
      "'gpt?refuse=tokens&retry_in=2s'.\n"
      "Example: naru mock --port 8090 --script answers.yaml");
  verb->callback([options, reference, &globals] {
    if (*reference) return say(mock::reference_page());
    run_mock(globals, *options);
  });
}

}  // namespace naru::cli
