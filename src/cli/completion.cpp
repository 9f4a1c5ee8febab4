#include "cli/show/completion.h"

#include <array>

#include "cli/show/listing.h"
#include "cli/verbs.h"

namespace naru::cli {
namespace {

struct Shell {
  const char* name;
  std::string (*script)(const Completable& program);
};
constexpr auto kShells = std::to_array<Shell>({
    {"bash", &bash_completion},
    {"zsh", &zsh_completion},
    {"fish", &fish_completion},
});

/// The options and verbs of `app`, as they were declared.
Completable completable(const CLI::App& app, const std::string& path) {
  Completable verb{.path = path, .name = app.get_name(), .purpose = app.get_description()};
  for (const CLI::Option* option : app.get_options({}))
    for (const std::string& name : option->get_lnames())
      verb.options.push_back({.name = "--" + name,
                              .purpose = option->get_description(),
                              .takes_value = option->get_items_expected_max() > 0});
  for (const CLI::App* inner : app.get_subcommands({}))
    verb.verbs.push_back(completable(
        *inner, fmt::format("{}{}{}", path, path.empty() ? "" : " ", inner->get_name())));
  return verb;
}

}  // namespace

void add_completion(CLI::App& app, Globals&) {
  CLI::App* verb = app.add_subcommand("completion", "print a shell's completion of this program");
  verb->require_subcommand(1);
  for (const Shell& shell : kShells)
    verb->add_subcommand(shell.name, fmt::format("for {}", shell.name))->callback([&app, &shell] {
      say(shell.script(completable(app, "")));
    });
  verb->footer("Example: source <(naru completion bash)");
}

}  // namespace naru::cli
