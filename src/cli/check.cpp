#include <cstdio>

#include "base/json_writer.h"
#include "base/settings/report.h"
#include "cli/kinds.h"
#include "cli/show/listing.h"
#include "cli/verbs.h"
#include "registry/load.h"

namespace naru::cli {
namespace {

std::string problems_as_json(const registry::Loaded& loaded) {
  std::string answer;
  json::Writer out(answer);
  out.object().key("problems").array();
  for (const Problem& problem : loaded.problems) {
    out.object().field("file", problem.file).field("line", problem.line);
    out.field("column", problem.column).field("path", problem.path);
    out.field("text", problem.text).end_object();
  }
  out.end_array().end_object();
  return answer + "\n";
}

void check(Globals& globals, const std::vector<std::string>& paths) {
  const registry::Loaded loaded = registry::load(all_kinds(), paths, {});
  const std::size_t count = loaded.problems.size();
  globals.exit_code = count == 0 ? 0 : 2;
  if (globals.json) return say(problems_as_json(loaded));
  for (const Problem& problem : loaded.problems) say(settings::write_problem(problem) + "\n");
  if (count == 0) return say("no problems\n");
  std::fprintf(stderr, "naru: %zu %s\n", count, count == 1 ? "problem" : "problems");
}

}  // namespace

void add_check(CLI::App& app, Globals& globals) {
  auto paths = std::make_shared<std::vector<std::string>>();
  auto reference = std::make_shared<bool>(false);
  CLI::App* verb = app.add_subcommand("check", "say all that is wrong with a configuration");
  auto* files = verb->add_option("file", *paths, "YAML files, or folders of them");
  verb->add_flag("--reference", *reference, "print the page of all settings instead");
  verb->footer(
      "Every problem is one line: file:line:column, the setting, its value, what to do. The exit "
      "status is 2 if there is any.\n"
      "Example: naru check /etc/naru");
  verb->callback([paths, reference, files, &globals] {
    if (*reference) return say(settings_page());
    if (paths->empty()) throw CLI::RequiredError(files->get_name());
    check(globals, *paths);
  });
}

}  // namespace naru::cli
