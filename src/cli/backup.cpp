#include <filesystem>

#include "base/json_writer.h"
#include "cli/show/listing.h"
#include "cli/verbs.h"

namespace naru::cli {
namespace {

std::string show_backup(json::ValueView answer) {
  return fmt::format("the store is copied to {}\n", cell(answer, "path"));
}

void back_up(Globals& globals, const std::string& path) {
  if (path.empty())
    return report(globals, {.kind = FaultKind::InvalidRequest,
                            .detail = "the path of the backup is empty; name a new file"});
  std::string body;
  json::Writer out(body);
  out.object().field("path", std::filesystem::absolute(path).string()).end_object();
  print_listing(
      globals,
      {.method = "POST", .path = "/admin/v1/backup", .body = std::move(body), .alone = Alone::Read},
      show_backup);
}

}  // namespace

void add_backup(CLI::App& app, Globals& globals) {
  auto path = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("backup", "copy keys and ledger while naru runs");
  verb->add_option("path", *path, "a new file, on the machine of naru")->required();
  verb->footer(
      "The file `pepper` of the data directory is not in it: keep a copy of that apart, keys are "
      "worth nothing without it.\n"
      "Example: naru backup /var/backups/naru-$(date +%F).db");
  verb->callback([path, &globals] { back_up(globals, *path); });
}

}  // namespace naru::cli
