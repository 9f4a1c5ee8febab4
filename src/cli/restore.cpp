#include "base/json_writer.h"
#include "cli/show/listing.h"
#include "cli/verbs.h"
#include "store/store.h"

namespace naru::cli {
namespace {

void restore(Globals& globals, const std::string& path) {
  if (const auto done = store::Store::restore(path, globals.data_directory); !done)
    return report(globals, done.error());
  if (!globals.json)
    return say(fmt::format("{} is in place; what was there is kept beside it in {}\n", path,
                           globals.data_directory));
  std::string answer;
  json::Writer out(answer);
  out.object().field("path", path).field("data_directory", globals.data_directory).end_object();
  say(answer + "\n");
}

}  // namespace

void add_restore(CLI::App& app, Globals& globals) {
  auto path = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("restore", "put a backup in place of the store");
  verb->add_option("path", *path, "a file that naru backup wrote")->required();
  verb->footer(
      "naru must not run meanwhile. The backup is checked first; what was there is kept.\n"
      "Example: naru restore /var/backups/naru-2026-11-23.db");
  verb->callback([path, &globals] { restore(globals, *path); });
}

}  // namespace naru::cli
