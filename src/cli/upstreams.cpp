#include "base/json_writer.h"
#include "cli/show/listing.h"
#include "cli/verbs.h"

namespace naru::cli {
namespace {

std::string state_of(json::ValueView upstream) {
  if (const std::string breaker = cell(upstream, "breaker"); breaker != "closed") return breaker;
  if (cell(upstream, "cooling") == "yes") return "cooling";
  return cell(upstream, "failures_in_a_row") == "0" ? "ok" : "failing";
}

std::string show_upstreams(json::ValueView answer) {
  Table table({{"UPSTREAM"},
               {"PROVIDER"},
               {"ADDRESS"},
               {"COUNTRY"},
               {"STATE"},
               {"IN FLIGHT", Align::Right},
               {"LIMIT", Align::Right},
               {"WAITING", Align::Right},
               {"FAILURES", Align::Right},
               {"LAST FAULT"}});
  if (const auto upstreams = answer.find("upstreams"))
    for (const json::ValueView one : *upstreams)
      table.add({cell(one, "name"), cell(one, "provider"), cell(one, "base_url"),
                 cell(one, "country"), state_of(one), cell(one, "in_flight"), cell(one, "limit"),
                 cell(one, "waiting"), cell(one, "failures_in_a_row"), cell(one, "last_fault")});
  return table.empty() ? std::string() : table.text();
}

std::string show_deployments(json::ValueView answer) {
  Table table({{"DEPLOYMENT"},
               {"PHASE"},
               {"PID", Align::Right},
               {"RESTARTS", Align::Right},
               {"IN FLIGHT", Align::Right},
               {"WAITING", Align::Right},
               {"SLOTS", Align::Right},
               {"CONTEXT", Align::Right},
               {"WEIGHTS"},
               {"REASON"}});
  if (const auto deployments = answer.find("deployments"))
    for (const json::ValueView one : *deployments)
      table.add({cell(one, "name"), cell(one, "phase"), cell(one, "pid"), cell(one, "restarts"),
                 cell(one, "in_flight"), cell(one, "waiting"), cell(one, "slots"),
                 cell(one, "context"), cell(one, "weights"), cell(one, "reason")});
  return table.empty() ? std::string() : table.text();
}

/// `{"upstreams":[…],"deployments":[…]}` out of both answers.
Result<std::string> joined(std::string_view upstreams, std::string_view deployments) {
  std::string whole;
  json::Writer out(whole);
  out.object();
  for (const auto& [name, text] : {std::pair(std::string_view("upstreams"), upstreams),
                                   std::pair(std::string_view("deployments"), deployments)}) {
    NARU_TRY(const auto tree, json::Tree::parse(text));
    const auto list = tree.root().find(name);
    if (!list) return fail(FaultKind::UpstreamInvalid, "the answer has no list of {}", name);
    out.key(name).raw(list->raw());
  }
  out.end_object();
  return whole;
}

Result<std::string> whole_answer(const Globals& globals) {
  NARU_TRY(const std::string upstreams, give(globals, {.path = "/admin/v1/upstreams"}));
  NARU_TRY(const std::string deployments, give(globals, {.path = "/admin/v1/deployments"}));
  return joined(upstreams, deployments);
}

std::string show(json::ValueView answer) {
  const std::string upstreams = show_upstreams(answer);
  const std::string deployments = show_deployments(answer);
  if (upstreams.empty() && deployments.empty())
    return "no upstreams; documents of kind Upstream or Deployment declare them\n";
  return upstreams + (upstreams.empty() || deployments.empty() ? "" : "\n") + deployments;
}

}  // namespace

void add_upstreams(CLI::App& app, Globals& globals) {
  CLI::App* verb =
      app.add_subcommand("upstreams", "provider accounts and engines, and how they do");
  verb->footer("Example: naru upstreams");
  verb->callback([&globals] {
    const auto answer = whole_answer(globals);
    if (!answer) return report(globals, answer.error());
    print_answer(globals, *answer, show);
  });
}

}  // namespace naru::cli
